// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The checksums of metadata. With `metadata_csum` all are CRC-32C, without inversion at the end,
/// and begin with a seed made from the file system's UUID.
enum Checksum {
  /// The state after `view`, whose 2 or 4 bytes at each of `fields` count as zero. `fields` are in
  /// order and do not overlap.
  static func crc32c(
    _ seed: UInt32, _ view: ByteView, zeroing fields: [(offset: Int, count: Int)] = []
  ) -> UInt32 {
    var state = seed
    var position = 0
    for field in fields where field.offset + field.count <= view.count {
      if let part = view.slice(at: position, count: field.offset - position) {
        state = part.withBytes { CRC32.castagnoli.update(state, $0) }
      }
      state = CRC32.castagnoli.update(state, zerosCount: field.count)
      position = field.offset + field.count
    }
    if let rest = view.suffix(from: position) {
      state = rest.withBytes { CRC32.castagnoli.update(state, $0) }
    }
    return state
  }

  /// The state after the four bytes of `value`, low one first.
  static func crc32c(_ seed: UInt32, _ value: UInt32) -> UInt32 {
    CRC32.castagnoli.update(seed, littleEndian: value)
  }

  /// The state after `bytes`, with the polynomial 0x8005 reflected: what `gdt_csum` uses.
  static func crc16(_ seed: UInt16, _ bytes: [UInt8]) -> UInt16 {
    var state = seed
    for byte in bytes {
      state ^= UInt16(byte)
      for _ in 0..<8 { state = state & 1 == 0 ? state >> 1 : state >> 1 ^ 0xa001 }
    }
    return state
  }

  /// The state after `view` with the polynomial of Ethernet, the highest bit of each byte first:
  /// what version 1 of the journal's checksums uses.
  static func crc32BigEndian(_ seed: UInt32, _ view: ByteView) -> UInt32 {
    // The same as the reflected one of the bytes with their bits in reverse.
    let reversed = view.withBytes { bytes in
      [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
        for index in 0..<bytes.count { buffer[index] = reverse(bytes[index]) }
        count = bytes.count
      }
    }
    return reverse(CRC32.ieee.update(reverse(seed), reversed))
  }

  private static func reverse(_ byte: UInt8) -> UInt8 {
    var result = byte >> 4 | byte << 4
    result = (result & 0xcc) >> 2 | (result & 0x33) << 2
    return (result & 0xaa) >> 1 | (result & 0x55) << 1
  }

  private static func reverse(_ value: UInt32) -> UInt32 {
    var result: UInt32 = 0
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      result = result << 8 | UInt32(reverse(UInt8(truncatingIfNeeded: value >> shift)))
    }
    return result
  }

  /// The four bytes of `value`, low one first.
  static func littleEndian(_ value: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
