// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Names of eight characters and three, padded with blanks.
enum ShortName {
  /// The eleven bytes at `offset` as a name. `caseFlags` is what Windows NT keeps: 8 for a base, 16
  /// for an extension in lower case.
  static func decode(_ view: ByteView, at offset: Int, caseFlags: UInt8) -> ByteString {
    guard var bytes = view.slice(at: offset, count: 11)?.bytes else { return "" }
    // 0xe5, which marks what was deleted, is a letter in Japan.
    if bytes[0] == 0x05 { bytes[0] = 0xe5 }
    let base = text(bytes[..<8], isSmall: caseFlags & 8 != 0)
    let ending = text(bytes[8...], isSmall: caseFlags & 16 != 0)
    return ending.isEmpty ? base : "\(base).\(ending)"
  }

  /// The eleven bytes at `offset` as a label; empty for the words that stand for none.
  static func label(_ view: ByteView, at offset: Int) -> ByteString {
    text(storedLabel(view, at: offset).bytes[...], isSmall: false)
  }

  /// The same in the bytes of its maker's code page, which is how GRUB and blkid give it.
  static func storedLabel(_ view: ByteView, at offset: Int) -> ByteString {
    guard var bytes = view.slice(at: offset, count: 11)?.bytes, bytes[0] != 0 else { return "" }
    if bytes[0] == 0x05 { bytes[0] = 0xe5 }
    while bytes.last == ASCII.space { bytes.removeLast() }
    return ByteString(bytes)
  }

  /// The checksum of eleven bytes that entries of a long name carry (FAT specification, 7.2).
  static func checksum(_ view: ByteView, at offset: Int) -> UInt8 {
    var sum: UInt8 = 0
    for byte in view.slice(at: offset, count: 11)?.bytes ?? [] {
      sum = (sum << 7 | sum >> 1) &+ byte
    }
    return sum
  }

  private static func text(_ bytes: ArraySlice<UInt8>, isSmall: Bool) -> ByteString {
    var units: [UInt16] = []
    for byte in bytes { units.append(CodePage437.unit(isSmall ? ASCII.lowercased(byte) : byte)) }
    while units.last == 0x20 { units.removeLast() }
    return UTF16Text.decode(units)
  }
}
