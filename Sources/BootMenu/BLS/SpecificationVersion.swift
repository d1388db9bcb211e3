// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The order of versions that the Version Format Specification of the UAPI group has, which
/// systemd-boot sorts entries by.
enum SpecificationVersion {
  /// How `left` stands to `right`.
  static func compare(_ left: ByteString, _ right: ByteString) -> VersionOrder {
    var one = VersionScanner(left)
    var two = VersionScanner(right)
    let tilde: UInt8 = 0x7e
    let separators: [UInt8] = [0x2d, 0x5e, 0x2e]  // - ^ . from older to newer
    while true {
      one.skip(toSeparators: true)
      two.skip(toSeparators: true)
      if one.byte == tilde || two.byte == tilde {
        if one.byte != two.byte { return .ofMarks(one.byte == tilde, two.byte == tilde) }
        one.advance()
        two.advance()
        // What follows may end here.
      }
      if one.byte == nil || two.byte == nil {
        return .ofMarks(one.byte == nil, two.byte == nil)
      }
      for separator in separators where one.byte == separator || two.byte == separator {
        if one.byte != two.byte { return .ofMarks(one.byte == separator, two.byte == separator) }
        one.advance()
        two.advance()
      }
      let order = segments(&one, &two)
      if order != .same { return order }
    }
  }

  /// Compares the numbers that come next, or else the letters. A number is newer than letters.
  private static func segments(
    _ one: inout VersionScanner, _ two: inout VersionScanner
  ) -> VersionOrder {
    let left = one.digits()
    let right = two.digits()
    if !left.isEmpty || !right.isEmpty {
      if left.isEmpty || right.isEmpty { return .ofMarks(left.isEmpty, right.isEmpty) }
      return .ofNumbers(left, right)
    }
    let leftLetters = one.letters()
    let rightLetters = two.letters()
    return .ofTexts(leftLetters, rightLetters)
  }
}
