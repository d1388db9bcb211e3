// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A long name, put together from the entries in front of the one that it belongs to: thirteen
/// UTF-16 units each, the last part first (FAT specification, section 7).
struct LongName {
  /// Parts at most: 255 units.
  private static let partCountMax = 20

  /// The units of the parts so far, in the order of the name.
  private var units: [UInt16] = []
  private var checksum: UInt8 = 0
  /// The part that comes next; 0 when all are here; nil without a beginning.
  private var nextPart: UInt8?

  /// Takes an entry with the attributes of a long name. One that does not fit begins again, or is
  /// of no use.
  mutating func take(_ entry: ByteView) {
    guard let order = entry.u8(at: 0), let sum = entry.u8(at: 13), let part = Self.units(entry)
    else { return drop() }
    let number = order & 0x3f
    if order & 0x40 != 0 {
      guard number > 0, number <= Self.partCountMax else { return drop() }
      units = part
      checksum = sum
      nextPart = number - 1
      return
    }
    guard let nextPart, number == nextPart, number > 0,
      ChecksumRule.matches(checksum, sum)
    else { return drop() }
    units = part + units
    self.nextPart = number - 1
  }

  /// The name, if it is whole and belongs to the entry that follows; nil if not.
  func text(for entry: ByteView) -> ByteString? {
    guard nextPart == 0, ChecksumRule.matches(checksum, ShortName.checksum(entry, at: 0)) else {
      return nil
    }
    let name = UTF16Text.decode(Array(units.prefix { $0 != 0 }))
    let isUsable =
      !name.isEmpty && name != "." && name != ".." && !name.bytes.contains(ASCII.slash)
    return isUsable ? name : nil
  }

  /// Forgets what there is.
  mutating func drop() {
    nextPart = nil
    units = []
  }

  private static func units(_ entry: ByteView) -> [UInt16]? {
    var result: [UInt16] = []
    for (start, count) in [(1, 5), (14, 6), (28, 2)] {
      for index in 0..<count {
        guard let unit = entry.u16(at: start + 2 * index) else { return nil }
        result.append(unit)
      }
    }
    return result
  }
}
