// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Numbers as the commands of a script read them.
enum ScriptNumber {
  /// The number at the start of a text, with its sign; `0x` makes it hexadecimal and a leading
  /// zero octal. Zero if there is none, the nearest that fits if it is too large.
  static func value(_ text: ByteString) -> Int { parse(text.trimmed).value }

  /// The number that a text is, with no sign and nothing behind it; nil if it is none.
  static func whole(_ text: ByteString) -> Int? {
    guard let first = text.bytes.first, ASCII.isDigit(first) else { return nil }
    let (value, byteCount) = parse(text)
    return byteCount == text.count ? value : nil
  }

  private static func parse(_ text: ByteString) -> (value: Int, byteCount: Int) {
    let isNegative = text.bytes.first == 0x2d
    var count = isNegative ? 1 : 0
    var base = 10
    let digits = text.dropFirst(count)
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      count += 2
      base = 16
    } else if digits.bytes.first == 0x30 {
      base = 8
    }
    var magnitude = 0
    for byte in text.bytes.dropFirst(count) {
      guard let digit = ASCII.hexadecimalValue(byte), digit < base else { break }
      count += 1
      guard let shifted = Checked.product(magnitude, base),
        let sum = Checked.sum(shifted, Int(digit))
      else { return (isNegative ? .min : .max, text.count) }
      magnitude = sum
    }
    return (isNegative ? -magnitude : magnitude, count)
  }

  /// Two texts without what they begin with in common, up to the number that differs: what `-pgt`
  /// and `-plt` compare, so that `vmlinuz-2` is before `vmlinuz-11`.
  static func afterCommonPrefix(
    _ left: ByteString, _ right: ByteString
  ) -> (ByteString, ByteString) {
    var common = zip(left.bytes, right.bytes).prefix { $0 == $1 }.count
    while common > 0, ASCII.isDigit(left.bytes[common - 1]) { common -= 1 }
    return (left.dropFirst(common), right.dropFirst(common))
  }
}
