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
      state = CRC32.castagnoli.update(state, [UInt8](repeating: 0, count: field.count))
      position = field.offset + field.count
    }
    if let rest = view.suffix(from: position) {
      state = rest.withBytes { CRC32.castagnoli.update(state, $0) }
    }
    return state
  }

  /// The state after the four bytes of `value`, low one first.
  static func crc32c(_ seed: UInt32, _ value: UInt32) -> UInt32 {
    CRC32.castagnoli.update(seed, littleEndian(value))
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

  /// The four bytes of `value`, low one first.
  static func littleEndian(_ value: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
