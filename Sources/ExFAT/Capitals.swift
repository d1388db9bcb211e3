// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The file system's own table of capital letters, by which names are compared (section 7.2): a
/// unit of UTF-16 for each; 0xffff and a number stand for as many that are their own capitals.
struct Capitals {
  /// A capital for each unit from 0 on; those after the last one are their own.
  private let table: [UInt16]

  /// The table that `bytes` hold.
  init(_ bytes: ByteView) {
    var table: [UInt16] = []
    table.reserveCapacity(1 << 16)
    var place = 0
    // Ends: two bytes a turn, and a turn adds at most as many units as there can be.
    while table.count < 1 << 16, let unit = bytes.u16(at: place) {
      place += 2
      if unit == 0xffff, let count = bytes.u16(at: place) {
        place += 2
        for _ in 0..<min(Int(count), 1 << 16 - table.count) {
          table.append(UInt16(truncatingIfNeeded: table.count))
        }
      } else {
        table.append(unit)
      }
    }
    self.table = table
  }

  /// The table for a file system whose own one is damaged: capitals of ASCII.
  static var ascii: Capitals {
    Capitals(
      table: (0..<128).map { (97...122).contains($0) ? UInt16($0 - 32) : UInt16($0) })
  }

  private init(table: [UInt16]) { self.table = table }

  /// Whether two names are the same but for case.
  func areEqual(_ one: [UInt16], _ other: [UInt16]) -> Bool {
    guard one.count == other.count else { return false }
    for index in one.indices where capital(one[index]) != capital(other[index]) { return false }
    return true
  }

  private func capital(_ unit: UInt16) -> UInt16 {
    Int(unit) < table.count ? table[Int(unit)] : unit
  }

  /// The checksum of a table's bytes.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0
    for byte in bytes { sum = Checksum.next(sum, byte) }
    return sum
  }
}
