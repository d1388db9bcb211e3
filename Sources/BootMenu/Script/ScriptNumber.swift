// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Numbers as the commands of a script read them.
enum ScriptNumber {
  /// The number at the start of a text, with its sign; `0x` makes it hexadecimal and a leading
  /// zero before another octal digit octal, so that `09` is nine, as in GRUB 2 (`kern/misc.c`).
  /// Zero if there is none, the nearest that fits if it is too large.
  static func value(_ text: ByteString) -> Int { parse(text.trimmed).value }

  /// The number that a text is, with no sign and nothing after it; nil if it is none.
  static func whole(_ text: ByteString) -> Int? {
    guard let first = text.bytes.first, ASCII.isDigit(first) else { return nil }
    let (value, byteCount) = parse(text)
    return byteCount == text.count && text != "0x" ? value : nil
  }

  /// The number that a text of decimal digits is; nil if it is none, or does not fit.
  static func decimal(_ text: ByteString) -> Int? {
    Numbers.decimal(text).flatMap { Int(exactly: $0) }
  }

  /// The number that a command takes as its only argument: one if there is none; nil if there are
  /// more, or if it is no decimal number.
  static func onlyOne(_ arguments: [ByteString]) -> Int? {
    if arguments.isEmpty { return 1 }
    return arguments.count == 1 ? decimal(arguments[0]) : nil
  }

  private static func parse(_ text: ByteString) -> (value: Int, byteCount: Int) {
    let isNegative = text.bytes.first == 0x2d
    var count = isNegative ? 1 : 0
    var base = 10
    let digits = text.dropFirst(count)
    if digits.hasPrefix("0x") {
      count += 2
      base = 16
    } else if digits.bytes.first == 0x30, digits.count > 1, (0x30...0x37).contains(digits.bytes[1])
    {
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

  /// Two texts from the number on that differs, as unsigned numbers: what `-pgt` and `-plt`
  /// compare, so that `vmlinuz-2` is before `vmlinuz-11`. A digit that both texts begin with is
  /// skipped, as GRUB 2 has it.
  static func afterCommonPrefix(_ left: ByteString, _ right: ByteString) -> (Int, Int) {
    var common = zip(left.bytes, right.bytes).prefix { $0 == $1 }.count
    while common > 1, ASCII.isDigit(left.bytes[common - 1]) { common -= 1 }
    return (unsigned(left.dropFirst(common)), unsigned(right.dropFirst(common)))
  }

  private static func unsigned(_ text: ByteString) -> Int {
    text.bytes.first == 0x2d ? 0 : value(text)
  }
}
