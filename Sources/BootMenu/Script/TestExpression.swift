// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The expression of `test` and `[` (GRUB manual, "test").
struct TestExpression<Environment: MenuEnvironment> {
  private let arguments: [ByteString]
  private let root: ByteString
  private let environment: Environment
  private var index = 0

  /// An expression; files without a device are on `root`.
  init(_ arguments: [ByteString], root: ByteString, environment: Environment) {
    self.arguments = arguments
    self.root = root
    self.environment = environment
  }

  /// Whether the expression holds. Nil if it is nested too deeply.
  mutating func evaluate() -> Bool? { evaluate(depth: 0) }

  /// Evaluates up to the end or up to `)`. `-a` binds more closely than `-o`; two tests without a
  /// word between them must both hold.
  private mutating func evaluate(depth: Int) -> Bool? {
    if depth > MenuLimits.syntaxDepthMax { return nil }
    var any = false
    var all = true
    var isInverted = false
    while index < arguments.count {
      let word = arguments[index]
      if let value = binary() ?? unary() {
        all = all && (value != isInverted)
        isInverted = false
        continue
      }
      index += 1
      switch word {
      case "(":
        guard let value = evaluate(depth: depth + 1) else { return nil }
        all = all && (value != isInverted)
        isInverted = false
      case ")": return any || all
      case "!": isInverted.toggle()
      case "-a": continue
      case "-o":
        any = any || all
        all = true
      default:
        all = all && (word.isEmpty == isInverted)
        isInverted = false
      }
    }
    return any || all
  }

  private func argument(_ distance: Int) -> ByteString? {
    let place = index + distance
    return place < arguments.count ? arguments[place] : nil
  }

  private mutating func binary() -> Bool? {
    guard let left = argument(0), let operation = argument(1), let right = argument(2),
      let value = compare(left, operation, right)
    else { return nil }
    index += 3
    return value
  }

  private func compare(
    _ left: ByteString, _ operation: ByteString, _ right: ByteString
  ) -> Bool? {
    let number = { (text: ByteString) -> Int in ScriptNumber.value(text) }
    switch operation {
    case "=", "==": return left == right
    case "!=": return left != right
    case "<": return left < right
    case "<=": return left <= right
    case ">": return left > right
    case ">=": return left >= right
    case "-eq": return number(left) == number(right)
    case "-ne": return number(left) != number(right)
    case "-lt": return number(left) < number(right)
    case "-le": return number(left) <= number(right)
    case "-gt": return number(left) > number(right)
    case "-ge": return number(left) >= number(right)
    case "-pgt", "-plt":
      let (first, second) = ScriptNumber.afterCommonPrefix(left, right)
      return operation == "-pgt" ? number(first) > number(second) : number(first) < number(second)
    case "-nt", "-ot": return false
    default: return nil
    }
  }

  private mutating func unary() -> Bool? {
    guard let operation = argument(0), let operand = argument(1) else { return nil }
    let value: Bool
    switch operation {
    case "-n": value = !operand.isEmpty
    case "-z": value = operand.isEmpty
    case "-e": value = kind(operand) != nil
    case "-d": value = kind(operand) == .directory
    case "-f":
      guard case .file? = kind(operand) else {
        value = false
        break
      }
      value = true
    case "-s":
      guard case .file(let byteCount)? = kind(operand) else {
        value = false
        break
      }
      value = byteCount > 0
    default: return nil
    }
    index += 2
    return value
  }

  private func kind(_ name: ByteString) -> MenuFileKind? {
    MenuFile(name, root: root).flatMap { environment.kind(of: $0) }
  }
}

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
