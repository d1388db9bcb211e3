// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The hashes by which directories are indexed (Linux's Documentation/filesystems/ext4, "Hash Tree
/// Directories"; the numbers are those of `s_def_hash_version`). Arithmetic wraps: it is a hash.
enum DirectoryHash {
  /// The hash of `name`, whose lowest bit is 0; nil if the version is none that is known.
  static func hash(
    of name: ByteString, version: UInt8, isUnsigned: Bool, seed: [UInt32]
  ) -> UInt32? {
    guard version <= 5 else { return nil }
    let isUnsigned = isUnsigned || version >= 3
    var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
    if seed.count == 4 && seed.contains(where: { $0 != 0 }) { state = seed }
    let result: UInt32
    switch version % 3 {
    case 0: result = legacy(name, isUnsigned)
    case 1:
      for start in stride(from: 0, to: name.count, by: 32) {
        halfMD4(&state, words(name, from: start, count: 8, isUnsigned))
      }
      result = state[1]
    default:
      for start in stride(from: 0, to: name.count, by: 16) {
        tea(&state, words(name, from: start, count: 4, isUnsigned))
      }
      result = state[0]
    }
    // The highest value is kept for the end of the directory.
    let even = result & ~1
    return even == 0xffff_fffe ? 0xffff_fffc : even
  }

  /// A character as Linux's compiler took it on the machine that made the file system.
  private static func widen(_ byte: UInt8, _ isUnsigned: Bool) -> UInt32 {
    isUnsigned ? UInt32(byte) : UInt32(bitPattern: Int32(Int8(bitPattern: byte)))
  }

  private static func legacy(_ name: ByteString, _ isUnsigned: Bool) -> UInt32 {
    var last: UInt32 = 0x12a3_fe2d
    var lastButOne: UInt32 = 0x37ab_e8f9
    for byte in name.bytes {
      var next = lastButOne &+ (last ^ widen(byte, isUnsigned) &* 7_152_373)
      if next & 0x8000_0000 != 0 { next = next &- 0x7fff_ffff }
      lastButOne = last
      last = next
    }
    return last << 1
  }

  /// Up to four bytes a word, high ones first, filled up with the number of bytes left.
  private static func words(
    _ name: ByteString, from start: Int, count: Int, _ isUnsigned: Bool
  ) -> [UInt32] {
    let left = name.count - start
    let pad = UInt32(truncatingIfNeeded: left & 0xff) &* 0x0101_0101
    var result = [UInt32](repeating: pad, count: count)
    for index in 0..<min(left, 4 * count) {
      result[index / 4] = widen(name.bytes[start + index], isUnsigned) &+ result[index / 4] << 8
    }
    return result
  }

  /// The Tiny Encryption Algorithm, 16 cycles, over the first two words of the state.
  private static func tea(_ state: inout [UInt32], _ input: [UInt32]) {
    var sum: UInt32 = 0
    var first = state[0]
    var second = state[1]
    for _ in 0..<16 {
      sum = sum &+ 0x9e37_79b9
      first = first &+ ((second << 4 &+ input[0]) ^ (second &+ sum) ^ (second >> 5 &+ input[1]))
      second = second &+ ((first << 4 &+ input[2]) ^ (first &+ sum) ^ (first >> 5 &+ input[3]))
    }
    state[0] = state[0] &+ first
    state[1] = state[1] &+ second
  }

  /// MD4 (RFC 1320) with eight words of input and eight steps a round.
  private static func halfMD4(_ state: inout [UInt32], _ input: [UInt32]) {
    let order = [0, 1, 2, 3, 4, 5, 6, 7, 1, 3, 5, 7, 0, 2, 4, 6, 3, 7, 2, 6, 1, 5, 0, 4]
    let shifts: [UInt32] = [3, 7, 11, 19, 3, 5, 9, 13, 3, 9, 11, 15]
    let constants: [UInt32] = [0, 0x5a82_7999, 0x6ed9_eba1]
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    for step in 0..<24 {
      let round = step / 8
      let mixed: UInt32 =
        switch round {
        case 0: d ^ (b & (c ^ d))
        case 1: (b & c) &+ ((b ^ c) & d)
        default: b ^ c ^ d
        }
      let sum = a &+ mixed &+ input[order[step]] &+ constants[round]
      let shift = shifts[4 * round + step % 4]
      (a, b, c, d) = (d, sum << shift | sum >> (32 - shift), b, c)
    }
    state[0] = state[0] &+ a
    state[1] = state[1] &+ b
    state[2] = state[2] &+ c
    state[3] = state[3] &+ d
  }
}
