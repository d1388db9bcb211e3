// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A pattern of `loader.conf` (loader.conf(5), `default`): `*`, `?` and `[set]`, without regard to
/// case, as file names on the partitions that it is made for are.
struct GlobPattern {
  private let pattern: [UInt8]

  /// Bytes of a pattern at most: a set that does not end is looked for at each byte of a name.
  private static let byteCountMax = 1024

  /// A pattern; one that is too long fits nothing.
  init(_ text: ByteString) {
    pattern = text.count <= Self.byteCountMax ? text.lowercased.bytes : []
  }

  /// Whether all of a name fits. Time is at most the name's length times the pattern's squared.
  func matches(_ name: ByteString) -> Bool {
    let name = name.lowercased.bytes
    var position = 0
    var place = 0
    var star: (position: Int, place: Int)?
    while place < name.count {
      if position < pattern.count, pattern[position] == 0x2a {
        star = (position, place)
        position += 1
      } else if let length = fits(name[place], at: position) {
        position += length
        place += 1
      } else if let last = star {
        // The star takes one byte more.
        star = (last.position, last.place + 1)
        position = last.position + 1
        place = last.place + 1
      } else {
        return false
      }
    }
    return pattern[position...].allSatisfy { $0 == 0x2a }
  }

  /// How much of the pattern a byte uses up; nil if it does not fit.
  private func fits(_ byte: UInt8, at position: Int) -> Int? {
    guard position < pattern.count else { return nil }
    switch pattern[position] {
    case 0x3f: return 1
    case 0x5b:
      guard let end = pattern[position...].firstIndex(of: 0x5d) else {
        return byte == 0x5b ? 1 : nil
      }
      return isIn(pattern[(position + 1)..<end], byte) ? end + 1 - position : nil
    case 0x5c:
      guard position + 1 < pattern.count else { return nil }
      return pattern[position + 1] == byte ? 2 : nil
    case let other: return other == byte ? 1 : nil
    }
  }

  /// Whether a byte is in a set such as `a-z0`.
  private func isIn(_ set: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
    var rest = set
    while let first = rest.first {
      rest = rest.dropFirst()
      if rest.count >= 2, rest.first == 0x2d, let last = rest.dropFirst().first {
        if first <= byte, byte <= last { return true }
        rest = rest.dropFirst(2)
      } else if first == byte {
        return true
      }
    }
    return false
  }
}
