// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Runs a script of GRUB 2. What it finds is collected in `menu` and `loader`; it never throws:
/// a script that breaks a limit stops with a `failure`.
struct ScriptEvaluator<Environment: MenuEnvironment> {
  typealias Flow = ScriptFlow

  /// The world.
  let environment: Environment
  /// Variables and functions.
  var context: ScriptContext
  /// The entries and settings that have been found.
  var menu: Menu
  /// The kernel that has been named.
  var loader = LoaderState()
  /// What a command asked for other than a boot: a menu, or the end of the domain.
  var outcome: EntryOutcome?
  /// `$1`, `$2` and so on; nil outside of functions and entries.
  var arguments: [ByteString]?
  /// The loops that are running in this function or entry.
  var loopCount = 0
  /// `$?`: zero after success.
  var status = 0
  /// Why the script was stopped.
  var failure: MenuError?
  /// Where the present statement stands.
  var place: MenuPlace
  /// The steps that are left.
  var stepsLeft = MenuLimits.stepCountMax
  /// How deep blocks, calls and files are nested.
  var depth = 0
  /// The commands that only a person has, asked before all others; nil for a script from a disk.
  var typedCommands: ((inout ScriptEvaluator, ScriptInvocation) -> ScriptResult?)?
  /// The bytes of the entries so far.
  var entryByteCount = 0

  /// A script that starts with a context.
  init(environment: Environment, context: ScriptContext, menu: Menu) {
    self.environment = environment
    self.context = context
    self.menu = menu
    place = MenuPlace(file: menu.file.name, line: 1, column: 1)
  }

  /// The device that paths without a device are on.
  var root: ByteString { context.value("root") ?? "" }

  /// Takes steps from what is left; false, with a failure, if none are left.
  mutating func charge(byteCount: Int) -> Bool {
    stepsLeft -= 1 + byteCount / MenuLimits.bytesPerStep
    if stepsLeft > 0 { return true }
    failure = failure ?? .tooManySteps(place: place)
    return false
  }

  /// Goes one level deeper; false, with a failure, if that is too deep.
  private mutating func enter() -> Bool {
    guard depth < MenuLimits.callDepthMax else {
      failure = failure ?? .nestedTooDeeply(place: place)
      return false
    }
    depth += 1
    return true
  }

  /// Runs a text piece by piece. A piece that breaks the grammar is skipped.
  mutating func run(
    _ text: ByteString, named name: ByteString, line: Int = 1, column: Int = 1
  ) -> Flow {
    let outer = place
    defer { place = outer }
    place = MenuPlace(file: name, line: line, column: column)
    guard charge(byteCount: text.count), enter() else { return .stopped }
    defer { depth -= 1 }
    var parser = ScriptParser(text, line: line, column: column)
    while true {
      do throws(ScriptSyntaxError) {
        guard let piece = try parser.nextPiece() else { return .next }
        for statement in piece {
          let flow = execute(statement)
          if flow != .next { return flow }
        }
      } catch {
        (place.line, place.column) = (error.line, error.column)
        warn(.syntax(error.message))
        guard charge(byteCount: 0) else { return .stopped }
      }
    }
  }

  /// Notes something that was skipped.
  mutating func warn(_ kind: MenuWarning.Kind) {
    if case .unknownCommand = kind, menu.warnings.contains(where: { $0.kind == kind }) { return }
    guard menu.warnings.count < MenuLimits.warningCountMax else { return }
    menu.warnings.append(MenuWarning(place: place, kind: kind))
  }

  /// Runs statements in a row.
  mutating func execute(_ statements: [ScriptStatement]) -> Flow {
    guard enter() else { return .stopped }
    defer { depth -= 1 }
    for statement in statements {
      let flow = execute(statement)
      if flow != .next { return flow }
    }
    return .next
  }

  /// Runs one statement.
  mutating func execute(_ statement: ScriptStatement) -> Flow {
    (place.line, place.column) = (statement.line, statement.column)
    guard charge(byteCount: 0) else { return .stopped }
    switch statement.kind {
    case .command(let words): return command(words)
    case .conditional(let branches, let otherwise): return conditional(branches, otherwise)
    case .forLoop(let name, let words, let body): return forLoop(name, words, body)
    case .whileLoop(let condition, let isUntil, let body):
      return whileLoop(condition, isUntil: isUntil, body)
    case .function(let name, let body):
      let isDefined = context.define(ScriptFunction(name: name, body: body))
      status = isDefined ? 0 : 1
      return .next
    }
  }

  private mutating func conditional(
    _ branches: [ScriptBranch], _ otherwise: [ScriptStatement]
  ) -> Flow {
    for branch in branches {
      let flow = execute(branch.condition)
      if flow != .next { return flow }
      if status == 0 { return execute(branch.body) }
    }
    status = 0
    return execute(otherwise)
  }

  private mutating func forLoop(
    _ name: ByteString, _ words: [ScriptWord], _ body: [ScriptStatement]
  ) -> Flow {
    guard let expanded = expand(words) else { return .stopped }
    status = 0
    loopCount += 1
    defer { loopCount -= 1 }
    for value in expanded.arguments {
      guard charge(byteCount: value.count) else { return .stopped }
      _ = context.set(name, value)
      if let flow = afterIteration(execute(body)) { return flow }
    }
    return .next
  }

  private mutating func whileLoop(
    _ condition: [ScriptStatement], isUntil: Bool, _ body: [ScriptStatement]
  ) -> Flow {
    loopCount += 1
    defer { loopCount -= 1 }
    while charge(byteCount: 0) {
      if let flow = afterIteration(execute(condition)) { return flow }
      if (status == 0) == isUntil { return .next }
      if let flow = afterIteration(execute(body)) { return flow }
    }
    return .stopped
  }

  /// What follows a loop's body: nil if the loop goes on.
  private func afterIteration(_ flow: Flow) -> Flow? {
    switch flow {
    case .next, .continueLoop(1): nil
    case .breakLoops(let count): count > 1 ? .breakLoops(count - 1) : .next
    case .continueLoop(let count): .continueLoop(count - 1)
    case .returned, .stopped: flow
    }
  }

  /// Runs a command: a function or a command of that name, or else an assignment.
  private mutating func command(_ words: [ScriptWord]) -> Flow {
    guard let expanded = expand(words) else { return .stopped }
    var arguments = expanded.arguments
    guard let first = arguments.first else { return .next }
    let isInverted = first == "!"  // GRUB 2 has no keyword for it either.
    if isInverted { arguments.removeFirst() }
    guard let name = arguments.first else {
      status = 1
      return .next
    }
    arguments.removeFirst()
    let isKnown = isCommand(name)
    let flow = call(name, arguments, block: expanded.block)
    if isInverted, isKnown, flow == .next { status = status == 0 ? 1 : 0 }
    return flow
  }

  /// Runs the command of a name. A function never hides a command of GRUB 2.
  mutating func call(_ name: ByteString, _ arguments: [ByteString], block: ScriptBlock?) -> Flow {
    if let typedCommands {
      let invocation = ScriptInvocation(name: name, arguments: arguments, block: block)
      if let result = typedCommands(&self, invocation) { return finish(invocation, result) }
    }
    let known = ScriptCommand(name)
    if known == nil || known == .usualFunction, let function = context.function(name) {
      return call(function, arguments)
    }
    if let known {
      let invocation = ScriptInvocation(name: name, arguments: arguments, block: block)
      return finish(invocation, perform(known, invocation))
    }
    if let equals = name.bytes.firstIndex(of: 0x3d), equals > 0 {
      let isSet = context.set(
        ByteString(name.bytes[..<equals]), ByteString(name.bytes[(equals + 1)...]))
      status = isSet ? 0 : 1
      return .next
    }
    status = 0  // As in GRUB 2, which prints the error and goes on, even after `!`.
    loader.lastFailure = "unknown command \(name)"
    warn(.unknownCommand(name))
    return .next
  }

  private func isCommand(_ name: ByteString) -> Bool {
    ScriptCommand(name) != nil || context.function(name) != nil || name.bytes.contains(0x3d)
  }

  private mutating func finish(_ invocation: ScriptInvocation, _ result: ScriptResult) -> Flow {
    switch result {
    case .status(let value):
      status = value
      return .next
    case .failed(let reason):
      status = 1
      loader.lastFailure = "\(invocation.name): \(reason)"
      warn(.failed("\(invocation.name): \(reason)"))
      return .next
    case .flow(let flow): return flow
    }
  }

  private mutating func call(_ function: ScriptFunction, _ arguments: [ByteString]) -> Flow {
    let outer = (self.arguments, loopCount, place)
    self.arguments = arguments
    loopCount = 0
    defer { (self.arguments, loopCount, place) = outer }
    let flow = execute(function.body)
    return flow == .stopped ? .stopped : .next
  }
}
