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
  /// The bytes of all texts that were run.
  var textByteCount = 0
  /// What pays for it all.
  var work: MenuWork

  /// A script that starts with a context.
  init(environment: Environment, context: ScriptContext, menu: Menu) {
    self.environment = environment
    self.context = context
    self.menu = menu
    work = MenuWork(environment.work)
    place = MenuPlace(file: menu.file.name, line: 1, column: 1)
  }

  /// The device that paths without a device are on.
  var root: ByteString { context.value("root") ?? "" }

  /// Takes steps from what is left, and pays; false, with a failure, if that is not possible.
  @inline(never)
  mutating func charge(byteCount: Int) -> Bool {
    stepsLeft -= 1
    return pay(.commands) && charge(textByteCount: byteCount)
  }

  /// Pays for text that is gone through, as far as it is no command.
  @inline(never)
  mutating func charge(textByteCount count: Int) -> Bool {
    stepsLeft -= count / MenuLimits.bytesPerStep
    if count > 0, !pay(.textBytes, count) { return false }
    if stepsLeft > 0 { return true }
    failure = failure ?? .tooManySteps(place: place)
    return false
  }

  /// Pays for work; false, with a failure, if it is not to be done.
  mutating func pay(_ kind: WorkKind, _ count: Int = 1) -> Bool {
    if work.pay(kind, count) { return true }
    noteFailure()
    return false
  }

  /// Pays for going through the variables, each of which is compared with a name.
  mutating func payForLookup() -> Bool { pay(.textBytes, context.variables.count / 4) }

  /// Tells what the account has said.
  mutating func noteFailure() {
    if let error = work.failure { failure = failure ?? .work(error, place: place) }
  }

  /// Goes one level deeper; false, with a failure, if that is too deep.
  @inline(never)
  mutating func enter() -> Bool {
    guard depth < MenuLimits.callDepthMax else {
      failure = failure ?? .nestedTooDeeply(place: place)
      return false
    }
    depth += 1
    return true
  }

  /// Runs a text.
  mutating func run(
    _ text: ByteString, named name: ByteString, line: Int = 1, column: Int = 1
  ) -> Flow {
    guard work.require(textByteCount: text.count) else {
      noteFailure()
      return .stopped
    }
    return run(ScriptLexer.withoutReturns(text), named: name, line: line, column: column)
  }

  /// Runs a text without carriage returns piece by piece. A piece that breaks the grammar is
  /// skipped.
  mutating func run(
    _ text: ArraySlice<UInt8>, named name: ByteString, line: Int, column: Int
  ) -> Flow {
    let outer = place
    defer { place = outer }
    place = MenuPlace(file: name, line: line, column: column)
    guard charge(byteCount: text.count), enter() else { return .stopped }
    defer { depth -= 1 }
    textByteCount += text.count
    let start = ScriptPosition(
      offset: text.startIndex, line: line, lineStart: text.startIndex + 1 - max(column, 1))
    var parser = ScriptParser(text, from: start)
    while true {
      do throws(ScriptSyntaxError) {
        guard let piece = try parser.nextPiece() else { return .next }
        guard pay(.nodes, parser.sections.count) else { return .stopped }
        let code = ScriptCode(text: text, sections: parser.sections)
        let flow = statements(of: code, from: piece.start, to: piece.end)
        if flow != .next { return flow }
      } catch {
        guard skip(error) else { return .stopped }
      }
    }
  }

  /// Names a piece that breaks the grammar; false, with a failure, if that is not paid for.
  @inline(never)
  private mutating func skip(_ error: ScriptSyntaxError) -> Bool {
    (place.line, place.column) = (error.line, error.column)
    warn(.syntax(error.message))
    return charge(byteCount: 0)
  }

  /// Notes something that was skipped.
  @inline(never)
  mutating func warn(_ kind: MenuWarning.Kind) {
    let kind = kind.shortened
    if case .unknownCommand = kind, menu.warnings.contains(where: { $0.kind == kind }) { return }
    guard menu.warnings.count < MenuLimits.warningCountMax else { return }
    menu.warnings.append(MenuWarning(place: place, kind: kind))
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
    return assign(name)
  }

  /// Runs an assignment, or names a command that is not known.
  @inline(never)
  private mutating func assign(_ name: ByteString) -> Flow {
    if let equals = name.bytes.firstIndex(of: 0x3d), equals > 0 {
      let isSet = context.set(
        ByteString(name.bytes[..<equals]), ByteString(name.bytes[(equals + 1)...]))
      status = isSet ? 0 : 1
      return .next
    }
    status = 0  // As in GRUB 2, which prints the error and goes on, even after `!`.
    loader.lastFailure = "unknown command \(name.shortened)"
    warn(.unknownCommand(name))
    return .next
  }

  func isCommand(_ name: ByteString) -> Bool {
    ScriptCommand(name) != nil || context.function(name) != nil || name.bytes.contains(0x3d)
  }

  @inline(never)
  private mutating func finish(_ invocation: ScriptInvocation, _ result: ScriptResult) -> Flow {
    switch result {
    case .status(let value):
      status = value
      return .next
    case .failed(let reason):
      status = 1
      let reason: ByteString = "\(invocation.name): \(reason.shortened)"
      loader.lastFailure = reason
      warn(.failed(reason))
      return .next
    case .flow(let flow): return flow
    }
  }

  @inline(never)
  private mutating func call(_ function: ScriptFunction, _ arguments: [ByteString]) -> Flow {
    let outer = (self.arguments, loopCount, place)
    self.arguments = arguments
    loopCount = 0
    defer { (self.arguments, loopCount, place) = outer }
    let code = function.body
    let flow = execute(code, from: function.start, to: code.text.endIndex)
    return flow == .stopped ? .stopped : .next
  }
}
