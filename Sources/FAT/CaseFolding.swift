// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Names are the same on FAT if they differ in case only.
enum CaseFolding {
  /// `name` with ASCII, Latin-1, Greek and Cyrillic letters in lower case; other letters are
  /// compared as they are.
  static func fold(_ name: ByteString) -> ByteString {
    var result = name.bytes
    var index = 0
    while index < result.count {
      let byte = result[index]
      if byte < 0x80 {
        result[index] = ASCII.lowercased(byte)
      } else if byte & 0xe0 == 0xc0, index + 1 < result.count {
        let scalar = UInt16(byte & 0x1f) << 6 | UInt16(result[index + 1] & 0x3f)
        let folded = fold(scalar)
        result[index] = 0xc0 | UInt8(truncatingIfNeeded: folded >> 6)
        result[index + 1] = 0x80 | UInt8(truncatingIfNeeded: folded & 0x3f)
        index += 1
      }
      index += 1
    }
    return ByteString(result)
  }

  /// For scalars of two bytes in UTF-8, which what comes out is too.
  private static func fold(_ scalar: UInt16) -> UInt16 {
    switch scalar {
    case 0xc0...0xd6, 0xd8...0xde: scalar + 0x20
    case 0x391...0x3a1, 0x3a3...0x3a9: scalar + 0x20
    case 0x410...0x42f: scalar + 0x20
    case 0x400...0x40f: scalar + 0x50
    default: scalar
    }
  }
}
