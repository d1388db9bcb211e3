// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The language of a menu.
public enum MenuFormat: Equatable, Sendable {
  /// A script for GRUB 2.
  case grub2
  /// A `menu.lst` for GRUB legacy.
  case legacy
  /// A configuration of syslinux, extlinux, isolinux or pxelinux.
  case syslinux
  /// The Boot Loader Specification: an entry's file, or `loader.conf` with the entries beside it.
  case bls

  /// The format by the path or, if that does not tell, by the text. `grub.conf` is
  /// the name of both kinds.
  public init(path: ByteString, text: ByteString) {
    if MenuFormat.isSyslinux(path) {
      self = .syslinux
    } else if path.hasSuffix(".conf"), MenuFormat.contains(path, "/loader/") {
      self = .bls
    } else if path.hasSuffix("menu.lst") {
      self = .legacy
    } else if path.hasSuffix(".cfg") {
      self = .grub2
    } else {
      self = MenuFormat.detected(in: text)
    }
  }

  /// Whether a path is one that syslinux, extlinux, isolinux or pxelinux looks for.
  private static func isSyslinux(_ path: ByteString) -> Bool {
    let start = path.bytes.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0
    let folders = ByteString.words("/syslinux/ /isolinux/ /extlinux/ /pxelinux.cfg/")
    return path.dropFirst(start).isWord(of: "syslinux.cfg isolinux.cfg extlinux.conf")
      || folders.contains { contains(path, $0) }
  }

  private static func contains(_ path: ByteString, _ part: ByteString) -> Bool {
    path.bytes.indices.contains { path.bytes[$0...].starts(with: part.bytes) }
  }

  private static func detected(in text: ByteString) -> MenuFormat {
    for line in LineSequence(text) {
      let word = ByteString(
        line.drop { ASCII.isBlank($0) }.prefix { !ASCII.isBlank($0) && $0 != 0x3d })
      if word == "title" { return .legacy }
      if word.lowercased.isWord(of: "label append ui prompt") { return .syslinux }
      if word.isWord(of: "menuentry submenu set if function insmod") { return .grub2 }
    }
    return .legacy
  }
}
