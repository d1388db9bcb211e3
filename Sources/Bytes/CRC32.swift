// SPDX-License-Identifier: GPL-2.0-or-later

/// A reflected 32-bit cyclic redundancy check, computed eight bytes at a time from tables.
public struct CRC32: Sendable {
  /// The polynomial of Ethernet, zlib and GPT: `0x04c11db7`, reflected.
  public static let ieee = CRC32(reflectedPolynomial: 0xedb8_8320)

  /// Castagnoli's polynomial of iSCSI, ext4, XFS and btrfs: `0x1edc6f41`, reflected.
  public static let castagnoli = CRC32(reflectedPolynomial: 0x82f6_3b78)

  /// 8 tables of 256 entries; table `n` is for the byte that has `n` bytes after it.
  private let table: [UInt32]

  private init(reflectedPolynomial polynomial: UInt32) {
    var table = [UInt32](repeating: 0, count: 8 * 256)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ polynomial }
      table[index] = value
    }
    for index in 256..<8 * 256 {
      let before = table[index - 256]
      table[index] = before >> 8 ^ table[Int(before & 0xff)]
    }
    self.table = table
  }

  /// The state after `bytes`, beginning with `seed`, with no inversion before or after:
  /// what ext4 calls `crc32c(seed, bytes)`.
  public func update(_ seed: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var state = seed
    var offset = 0
    table.withUnsafeBufferPointer { table in
      while bytes.count - offset >= 8 {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        let mixed = word ^ UInt64(state)
        state = 0
        for lane in 0..<8 {
          let byte = Int(truncatingIfNeeded: mixed >> (8 * UInt64(lane)) & 0xff)
          state ^= table[(7 - lane) * 256 + byte]
        }
        offset += 8
      }
      while offset < bytes.count {
        state = state >> 8 ^ table[Int((state ^ UInt32(bytes[offset])) & 0xff)]
        offset += 1
      }
    }
    return state
  }

  /// The state after `bytes`, beginning with `seed`.
  public func update(_ seed: UInt32, _ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { update(seed, $0) }
  }

  /// The state after the four bytes of `value`, low one first, beginning with `seed`.
  public func update(_ seed: UInt32, littleEndian value: UInt32) -> UInt32 {
    withUnsafeBytes(of: value.littleEndian) { update(seed, $0) }
  }

  /// The state after `count` zeros, beginning with `seed`.
  public func update(_ seed: UInt32, zerosCount count: Int) -> UInt32 {
    var state = seed
    for _ in 0..<count { state = state >> 8 ^ table[Int(state & 0xff)] }
    return state
  }

  /// The checksum with inversion before and after, as zlib, GPT and iSCSI have it.
  public func checksum(_ bytes: [UInt8]) -> UInt32 { ~update(~0, bytes) }
}
