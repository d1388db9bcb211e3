// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The expression of `test` and `[` (GRUB manual, "test").
struct TestExpression<Environment: MenuEnvironment> {
  private let arguments: [ByteString]
  private let root: ByteString
  private let environment: Environment
  private let work: MenuWork
  private var index = 0

  /// An expression; files without a device are on `root`.
  init(_ arguments: [ByteString], root: ByteString, environment: Environment, work: MenuWork) {
    self.arguments = arguments
    self.root = root
    self.environment = environment
    self.work = work
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
      // A test costs as much as a command, if less than one with a name.
      guard work.pay(.nodes) else { return nil }
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
      return operation == "-pgt" ? first > second : first < second
    default: return age(left, operation, right)
    }
  }

  /// `-nt` and `-ot`: newer or older than, with seconds that are added to the first time after it.
  private func age(_ left: ByteString, _ operation: ByteString, _ right: ByteString) -> Bool? {
    let isNewer = operation.hasPrefix("-nt")
    guard isNewer || operation.hasPrefix("-ot") else { return nil }
    let bias = Int64(ScriptNumber.value(operation.dropFirst(3)))
    let (first, second) = (time(left), time(right))
    guard let first, let second else {
      let (isLeft, isRight) = (kind(left) != nil, kind(right) != nil)
      return isNewer ? isLeft && !isRight : !isLeft && isRight
    }
    guard let sum = Checked.sum(first, bias) else { return false }
    return isNewer ? sum > second : sum < second
  }

  private func time(_ name: ByteString) -> Int64? {
    MenuFile(name, root: root).flatMap { environment.modificationTime(of: $0) }
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
      guard case .file(let byteCount)? = kind(operand, isOpened: true) else {
        value = false
        break
      }
      value = byteCount > 0
    default: return nil
    }
    index += 2
    return value
  }

  /// What a name stands for. Of a list of blocks only `-s` knows, since it alone opens the file.
  private func kind(_ name: ByteString, isOpened: Bool = false) -> MenuFileKind? {
    guard let file = MenuFile(name, root: root), isOpened || BlockList(file.path) == nil else {
      return nil
    }
    return environment.kind(of: file)
  }
}
