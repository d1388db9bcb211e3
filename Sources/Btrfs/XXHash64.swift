// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// xxHash in its variant of 64 bits with seed 0 (xxHash specification 0.1.1, "XXH64 Algorithm").
enum XXHash64 {
  private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5
  )

  /// The hash of `bytes`.
  static func hash(_ bytes: ByteView) -> UInt64 {
    let (p1, p2, p3, p4, p5) = primes
    var offset = 0
    var hash: UInt64 = p5
    if bytes.count >= 32 {
      var lane0 = p1 &+ p2
      var lane1 = p2
      var lane2: UInt64 = 0
      var lane3 = 0 &- p1
      while bytes.count - offset >= 32 {
        lane0 = round(lane0, word(bytes, offset))
        lane1 = round(lane1, word(bytes, offset + 8))
        lane2 = round(lane2, word(bytes, offset + 16))
        lane3 = round(lane3, word(bytes, offset + 24))
        offset += 32
      }
      hash = rotated(lane0, 1) &+ rotated(lane1, 7) &+ rotated(lane2, 12) &+ rotated(lane3, 18)
      hash = (hash ^ round(0, lane0)) &* p1 &+ p4
      hash = (hash ^ round(0, lane1)) &* p1 &+ p4
      hash = (hash ^ round(0, lane2)) &* p1 &+ p4
      hash = (hash ^ round(0, lane3)) &* p1 &+ p4
    }
    hash = hash &+ UInt64(bytes.count)
    while bytes.count - offset >= 8 {
      hash = rotated(hash ^ round(0, word(bytes, offset)), 27) &* p1 &+ p4
      offset += 8
    }
    if bytes.count - offset >= 4 {
      let half = UInt64(bytes.u32(at: offset) ?? 0)
      hash = rotated(hash ^ half &* p1, 23) &* p2 &+ p3
      offset += 4
    }
    while offset < bytes.count {
      hash = rotated(hash ^ UInt64(bytes.u8(at: offset) ?? 0) &* p5, 11) &* p1
      offset += 1
    }
    hash = (hash ^ hash >> 33) &* p2
    hash = (hash ^ hash >> 29) &* p3
    return hash ^ hash >> 32
  }

  private static func word(_ bytes: ByteView, _ offset: Int) -> UInt64 {
    bytes.u64(at: offset) ?? 0  // Only called inside the view.
  }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotated(lane &+ input &* primes.1, 31) &* primes.0
  }

  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }
}
