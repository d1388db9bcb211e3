// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Comparison of names in directories that fold case (`casefold`).
///
/// Folded are the letters of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic, one for one.
/// Linux also takes different spellings of an accented letter, and letters that become two, as the
/// same; that wants Unicode's tables, and no boot file has such a name.
enum CaseFold {
  /// Whether the names are the same but for case. Names that are not UTF-8 are compared by bytes,
  /// as in Linux.
  static func isSame(_ left: ByteString, _ right: ByteString) -> Bool {
    if left == right { return true }
    guard let first = folded(left), let second = folded(right) else { return false }
    return first == second
  }

  /// The folded characters; nil if the bytes are not UTF-8.
  private static func folded(_ name: ByteString) -> [UInt32]? {
    var result: [UInt32] = []
    var bytes = name.bytes.makeIterator()
    var decoder = UTF8()
    while true {
      switch decoder.decode(&bytes) {
      case .scalarValue(let scalar): result.append(fold(scalar.value))
      case .emptyInput: return result
      case .error: return nil
      }
    }
  }

  /// The lower case of a capital letter.
  static func fold(_ scalar: UInt32) -> UInt32 {
    switch scalar {
    case 0x41...0x5a, 0xc0...0xd6, 0xd8...0xde: scalar + 0x20
    // In Latin Extended-A upper and lower case alternate.
    case 0x100...0x12f, 0x132...0x137, 0x14a...0x177: scalar | 1
    case 0x139...0x148, 0x179...0x17e: scalar + (scalar & 1)
    case 0x178: 0xff
    case 0x17f: 0x73  // The long s.
    case 0x386: 0x3ac
    case 0x388...0x38a: scalar + 37
    case 0x38c: 0x3cc
    case 0x38e, 0x38f: scalar + 63
    case 0x391...0x3a1, 0x3a3...0x3ab: scalar + 0x20
    case 0x3c2: 0x3c3  // The sigma at a word's end.
    case 0x400...0x40f: scalar + 0x50
    case 0x410...0x42f: scalar + 0x20
    default: scalar
    }
  }
}
