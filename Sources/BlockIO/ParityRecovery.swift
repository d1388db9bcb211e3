// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Computes what a missing member of RAID 4, 5 or 6 held (H. Peter Anvin, "The mathematics of
/// RAID-6": P is the sum of the data, Q the sum of the data times powers of 2, in the field of 256
/// elements).
extension ComputedRange {
  /// The bytes. `readAgain`: from the disks themselves, past every cache.
  func bytes(readAgain: Bool) throws(BlockError) -> [UInt8] {
    let stripe = byteOffset / set.layout.chunkByteCount
    guard let special = set.layout.parityMembers(ofStripe: stripe) else {
      preconditionFailure("only members with parity are computed")
    }
    // The other data member that is missing, if there is one.
    var second: Int?
    for (index, other) in set.members.enumerated()
    where other == nil && index != member && index != special.parity && index != special.syndrome {
      second = index
    }
    if second == nil, set.members[special.parity] != nil {
      return try sum(readAgain) { $0 == special.syndrome ? nil : 0 }
    }
    guard let syndrome = special.syndrome else {
      preconditionFailure("the set has more members missing than it may")
    }
    let powers = set.layout.syndromePowers(ofStripe: stripe)
    let own = powers[member] ?? 0
    let weighted = try sum(readAgain) { index in
      index == syndrome ? 0 : powers[index]
    }
    guard let second, let other = powers[second] else {
      return GaloisField.scaled(weighted, by: GaloisField.power(-own))
    }
    // Two unknown: P gives x + y, Q gives 2^own x + 2^other y.
    let plain = try sum(readAgain) { $0 == syndrome ? nil : 0 }
    let ratio = GaloisField.power(other - own)
    let divisor = GaloisField.inverse(ratio ^ 1)
    let fromPlain = GaloisField.scaled(plain, by: GaloisField.product(ratio, divisor))
    let factor = GaloisField.product(GaloisField.power(-own), divisor)
    return GaloisField.sum(fromPlain, GaloisField.scaled(weighted, by: factor))
  }

  /// What a member costs beside its bytes: a few microseconds.
  private static var lookupsEach: Int { 16 }

  /// The sum over the members that are there of their bytes times 2 to a power; nil leaves a member
  /// out.
  private func sum(
    _ readAgain: Bool, _ power: (Int) -> Int?
  ) throws(BlockError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: byteCount)
    for (index, volume) in set.members.enumerated() {
      guard let volume, let power = power(index) else { continue }
      // A table of products is made for each member, and each byte goes through it.
      try volume.work.pay(.lookups, Self.lookupsEach)
      try volume.work.pay(.copiedBytes, 8 * byteCount)
      let bytes = try volume.bytes(at: byteOffset, count: byteCount, readAgain: readAgain)
      guard bytes.count == byteCount else {
        throw .protocolViolation("a read of another length")
      }
      let scaled = power == 0 ? bytes : GaloisField.scaled(bytes, by: GaloisField.power(power))
      result = GaloisField.sum(result, scaled)
    }
    return result
  }
}

/// The field of 256 elements with the polynomial x^8 + x^4 + x^3 + x^2 + 1.
enum GaloisField {
  /// `left` times `right`.
  static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var left = left
    var right = right
    var result: UInt8 = 0
    while right != 0 {
      if right & 1 != 0 { result ^= left }
      left = left << 1 ^ (left & 0x80 != 0 ? 0x1d : 0)
      right >>= 1
    }
    return result
  }

  /// 2 to a power, which may be negative: the powers repeat after 255.
  static func power(_ exponent: Int) -> UInt8 {
    var result: UInt8 = 1
    for _ in 0..<(exponent % 255 + 255) % 255 { result = product(result, 2) }
    return result
  }

  /// The element that gives 1 with `element`, which is not 0: its 254th power.
  static func inverse(_ element: UInt8) -> UInt8 {
    var result: UInt8 = 1
    for _ in 0..<254 { result = product(result, element) }
    return result
  }

  /// All bytes times `factor`.
  static func scaled(_ bytes: [UInt8], by factor: UInt8) -> [UInt8] {
    if factor == 1 { return bytes }
    let table = (0..<256).map { product(UInt8($0), factor) }
    var result = bytes
    for index in result.indices { result[index] = table[Int(result[index])] }
    return result
  }

  /// Byte by byte the sum of two arrays of one length.
  static func sum(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var result = left
    for index in result.indices { result[index] ^= right[index] }
    return result
  }
}
