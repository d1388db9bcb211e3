// SPDX-License-Identifier: GPL-2.0-or-later

/// A generator of numbers that a seed repeats (Steele, Lea and Flood's SplitMix64), and the damage
/// that tests do with it, always in the same way.
public struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// The generator that `seed` begins.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// A number below `bound`.
  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// Sets a byte to 0, its largest value, one more, one less, or anything.
  public mutating func damage(_ byte: inout UInt8) {
    switch below(5) {
    case 0: byte = 0
    case 1: byte = 0xff
    case 2: byte &+= 1
    case 3: byte &-= 1
    default: byte = UInt8(below(256))
    }
  }

  /// Damages one to four bytes of `ranges`, and tells which.
  public mutating func damage(_ bytes: inout [UInt8], in ranges: [Range<Int>]) -> [Int] {
    var places: [Int] = []
    for _ in 0..<1 + below(4) {
      let range = ranges[below(ranges.count)]
      let offset = range.lowerBound + below(range.count)
      places.append(offset)
      damage(&bytes[offset])
    }
    return places
  }

  /// A text with up to four changes: another byte, a piece taken out or repeated, one of `letters`
  /// put in.
  public mutating func damaged(_ text: [UInt8], inserting letters: String) -> [UInt8] {
    let letters = Array(letters.utf8)
    var result = text
    for _ in 0...(next() % 4) {
      guard !result.isEmpty else { return result }
      let place = below(result.count)
      let length = min(below(40), result.count - place)
      switch next() % 4 {
      case 0: result[place] = UInt8(truncatingIfNeeded: next())
      case 1: result.removeSubrange(place..<(place + length))
      case 2:
        result.insert(contentsOf: result[place..<(place + length)], at: below(result.count))
      default: result.insert(letters[below(letters.count)], at: place)
      }
    }
    return result
  }
}
