// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Walks through a version from its start, for the two orders of versions.
struct VersionScanner {
  private let bytes: [UInt8]
  private var offset = 0

  /// A scanner at the start of a version.
  init(_ version: ByteString) { bytes = version.bytes }

  /// The present byte; nil at the end.
  var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  /// Goes one byte on.
  mutating func advance() { offset += 1 }

  /// Goes on to the first byte that is a letter, a digit, `~`, `^` or, if those count, `-` or `.`.
  mutating func skip(toSeparators: Bool = false) {
    while let byte, !ASCII.isLetter(byte), !ASCII.isDigit(byte), byte != 0x7e, byte != 0x5e {
      if toSeparators, byte == 0x2d || byte == 0x2e { return }
      offset += 1
    }
  }

  /// Takes the digits that come next.
  mutating func digits() -> ArraySlice<UInt8> { run { ASCII.isDigit($0) } }

  /// Takes the letters that come next.
  mutating func letters() -> ArraySlice<UInt8> { run { ASCII.isLetter($0) } }

  private mutating func run(_ belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let start = offset
    while offset < bytes.count, belongs(bytes[offset]) { offset += 1 }
    return bytes[start..<offset]
  }
}

/// The order of two things.
enum VersionOrder: Int {
  /// The first is older.
  case older = -1
  /// They are the same.
  case same = 0
  /// The first is newer.
  case newer = 1

  /// The order the other way round.
  var reversed: VersionOrder {
    switch self {
    case .older: .newer
    case .same: .same
    case .newer: .older
    }
  }

  /// The order of two runs of digits, as numbers of any size.
  static func ofNumbers(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> VersionOrder {
    let left = left.drop { $0 == 0x30 }
    let right = right.drop { $0 == 0x30 }
    if left.count != right.count { return left.count < right.count ? .older : .newer }
    return ofTexts(left, right)
  }

  /// The order of two texts by their bytes.
  static func ofTexts(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> VersionOrder {
    if left.elementsEqual(right) { return .same }
    return left.lexicographicallyPrecedes(right) ? .older : .newer
  }

  /// The order of two flags: the one that is set is older.
  static func ofMarks(_ left: Bool, _ right: Bool) -> VersionOrder {
    if left == right { return .same }
    return left ? .older : .newer
  }
}
