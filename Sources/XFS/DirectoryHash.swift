// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The hash by which directories are indexed: each byte is mixed into the hash so far, turned left
/// by seven bits.
enum DirectoryHash {
  static func hash(of name: ByteString) -> UInt32 {
    var hash: UInt32 = 0
    for byte in name.bytes { hash = UInt32(byte) ^ (hash << 7 | hash >> 25) }
    return hash
  }

  /// The hashes that `name` can have where case is folded: Linux folds Latin-1 since 6.4; before
  /// that, and in mkfs.xfs, what was folded depended on the compiler's settings.
  static func hashes(of name: ByteString, foldingCase: Bool) -> [UInt32] {
    guard foldingCase else { return [hash(of: name)] }
    let latin = hash(of: CaseFold.fold(name))
    let ascii = hash(of: name.lowercased)
    return latin == ascii ? [latin] : [latin, ascii]
  }
}

/// Comparison of names in file systems that fold case (`mkfs.xfs -n version=ci`): by ASCII and the
/// letters of Latin-1.
enum CaseFold {
  static func fold(_ name: ByteString) -> ByteString {
    ByteString(name.bytes.map { fold($0) })
  }

  private static func fold(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x41...0x5a, 0xc0...0xd6, 0xd8...0xde: byte + 0x20
    default: byte
    }
  }
}
