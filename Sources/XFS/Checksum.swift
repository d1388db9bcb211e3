// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The checksums of version 5: CRC-32C with inversion before and after, stored low byte first in a
/// file system that has all else high byte first.
enum Checksum {
  /// Checks the checksum over all of `view`, whose four bytes at `field` are the checksum itself
  /// and count as zero.
  static func verify(_ view: ByteView, field: Int, at place: XFSStructure) throws(XFSError) {
    guard let stored = view.u32(at: field), let head = view.slice(at: 0, count: field),
      let tail = view.suffix(from: field + 4)
    else { throw .badChecksum(place, stored: 0, computed: 0) }
    var state = head.withBytes { CRC32.castagnoli.update(~0, $0) }
    state = CRC32.castagnoli.update(state, [0, 0, 0, 0])
    let computed = ~tail.withBytes { CRC32.castagnoli.update(state, $0) }
    guard ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(place, stored: stored, computed: computed)
    }
  }
}
