// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The language of a menu.
public enum MenuFormat: Equatable, Sendable {
  /// A script for GRUB 2.
  case grub2
  /// A `menu.lst` for GRUB legacy.
  case legacy

  /// The format that a path or, where the path does not tell, the text speaks for. `grub.conf` is
  /// the name of both kinds.
  public init(path: ByteString, text: ByteString) {
    if path.hasSuffix("menu.lst") {
      self = .legacy
    } else if path.hasSuffix(".cfg") {
      self = .grub2
    } else {
      self = MenuFormat.detected(in: text)
    }
  }

  private static func detected(in text: ByteString) -> MenuFormat {
    let modern: [ByteString] = ["menuentry", "submenu", "set", "if", "function", "insmod"]
    for line in text.bytes.split(separator: ASCII.newline) {
      let word = ByteString(
        line.drop { ASCII.isBlank($0) }.prefix { !ASCII.isBlank($0) && $0 != 0x3d })
      if word == "title" { return .legacy }
      if modern.contains(word) { return .grub2 }
    }
    return .legacy
  }
}
