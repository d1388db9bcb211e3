// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CExt2fs
import Testing

@testable import Ext4

struct DirectoryHashTests {
  /// Names of all lengths up to 255, in ASCII and beyond.
  static let names: [[UInt8]] = (1...255).map { length in
    (0..<length).map { UInt8(truncatingIfNeeded: ($0 * 7 + length * 13) | 1) }
  }

  func expected(_ name: [UInt8], version: Int, seed: [UInt32]) -> UInt32 {
    var hash: UInt32 = 0
    let code = name.withUnsafeBytes {
      ext2fs_dirhash(
        Int32(version), $0.bindMemory(to: CChar.self).baseAddress, Int32(name.count), seed, &hash,
        nil)
    }
    return code == 0 ? hash : 1
  }

  @Test(arguments: 0...5)
  func hashesAsLibext2fsDoes(version: Int) {
    for seed: [UInt32] in [[0, 0, 0, 0], [1, 0xffff_ffff, 0x8000_0000, 77]] {
      for name in Self.names {
        let hash = DirectoryHash.hash(
          of: ByteString(name), version: UInt8(version), isUnsigned: false, seed: seed)
        #expect(hash == expected(name, version: version, seed: seed))
      }
    }
  }

  @Test func theFlagOfTheSuperblockMakesCharactersUnsigned() {
    let name = ByteString([0xff, 0x80, 0x41])
    #expect(
      DirectoryHash.hash(of: name, version: 1, isUnsigned: true, seed: [])
        == DirectoryHash.hash(of: name, version: 4, isUnsigned: false, seed: []))
  }

  @Test func doesNotKnowSipHash() {
    #expect(DirectoryHash.hash(of: "x", version: 6, isUnsigned: false, seed: []) == nil)
  }
}
