// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension GuestDisks {
  /// Linux names every Xen disk `xvd`, whatever the guest config calls it: `sda` is `xvda`.
  static func isSimilar(_ name: ByteString, _ wanted: ByteString) -> Bool {
    guard let letters = letters(of: name) else { return false }
    return letters == Self.letters(of: wanted)
  }

  /// What follows the kind of disk in its name: `a` of `xvda`, `b2` of `sdb2`.
  private static func letters(of name: ByteString) -> ByteString? {
    for prefix in ByteString.words("xvd sd hd vd") where name.hasPrefix(prefix) {
      return name.dropFirst(prefix.count)
    }
    return nil
  }
}
