// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// BLAKE2b with a hash of 32 bytes and no key (RFC 7693, section 3).
struct BLAKE2b {
  private var state: [UInt64]
  private var message = [UInt64](repeating: 0, count: 16)
  private var work = [UInt64](repeating: 0, count: 16)

  private init() {
    state = Self.initial
    // Parameter block: one layer, one leaf, no key, 32 bytes of result.
    state[0] ^= 0x0101_0000 ^ 32
  }

  /// The 32 bytes of the hash of `bytes`.
  static func hash(_ bytes: ByteView) -> [UInt8] {
    var hash = BLAKE2b()
    var offset = 0
    while bytes.count - offset > 128 {
      hash.add(bytes, at: offset, end: offset + 128, isLast: false)
      offset += 128
    }
    var tail = bytes.suffix(from: offset)?.bytes ?? []
    tail += [UInt8](repeating: 0, count: 128 - tail.count)
    hash.add(ByteView(tail), at: 0, end: bytes.count, isLast: true)
    var result: [UInt8] = []
    for word in hash.state.prefix(4) {
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        result.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    return result
  }

  /// Mixes in 128 bytes at `offset`, with which `end` bytes have been seen.
  private mutating func add(
    _ bytes: ByteView, at offset: Int, end: Int, isLast: Bool
  ) {
    for index in 0..<16 {
      message[index] = bytes.u64(at: offset + 8 * index) ?? 0
    }
    for index in 0..<8 {
      work[index] = state[index]
      work[index + 8] = Self.initial[index]
    }
    work[12] ^= UInt64(end)
    if isLast { work[14] = ~work[14] }
    for round in 0..<12 {
      let row = 16 * (round % 10)
      for (index, column) in Self.columns.enumerated() {
        mix(
          column.0, column.1, column.2, column.3,
          message[Int(Self.order[row + 2 * index])],
          message[Int(Self.order[row + 2 * index + 1])])
      }
    }
    for index in 0..<8 { state[index] ^= work[index] ^ work[index + 8] }
  }

  private mutating func mix(
    _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ first: UInt64, _ second: UInt64
  ) {
    work[a] = work[a] &+ work[b] &+ first
    work[d] = rotated(work[d] ^ work[a], 32)
    work[c] = work[c] &+ work[d]
    work[b] = rotated(work[b] ^ work[c], 24)
    work[a] = work[a] &+ work[b] &+ second
    work[d] = rotated(work[d] ^ work[a], 16)
    work[c] = work[c] &+ work[d]
    work[b] = rotated(work[b] ^ work[c], 63)
  }

  private func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value >> count | value << (64 - count)
  }

  private static let initial: [UInt64] = [
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
  ]

  /// Which words a step mixes: four columns, then four diagonals.
  private static let columns: [(Int, Int, Int, Int)] = [
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
  ]

  /// Which words of the message the steps of ten rounds take.
  private static let order: [UInt8] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
    11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
    7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
    9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
    2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
    12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
    13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
    6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
    10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
  ]
}
