// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Statements are run from the text that `ScriptParser` has checked. A list of them is a section of
/// it, and what is not run is jumped over.
extension ScriptEvaluator {
  /// Runs the statements of a section one level deeper.
  mutating func execute(_ code: ScriptCode, from start: ScriptPosition, to end: Int) -> Flow {
    guard enter() else { return .stopped }
    defer { depth -= 1 }
    return statements(of: code, from: start, to: end)
  }

  /// Runs statements in a row.
  mutating func statements(
    of code: ScriptCode, from start: ScriptPosition, to end: Int
  ) -> Flow {
    var lexer = ScriptLexer(code.text, from: start, to: end)
    while true {
      let before = lexer.offset
      let isMore = lexer.skipSeparators()
      // Comments in a loop's body are gone through each time.
      if lexer.offset - before >= MenuLimits.bytesPerStep,
        !charge(textByteCount: lexer.offset - before)
      {
        return .stopped
      }
      guard isMore else { return .next }
      (place.line, place.column) = (lexer.position.line, lexer.position.column)
      guard charge(byteCount: 0) else { return .stopped }
      let flow =
        switch lexer.keywordHere() {
        case nil: command(&lexer, code)
        case .function: define(&lexer, code)
        case .if: conditional(&lexer, code)
        case .for: forLoop(&lexer, code)
        case let word: whileLoop(&lexer, code, isUntil: word == .until)
        }
      if flow != .next { return flow }
    }
  }

  @inline(never)
  private mutating func define(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    let end = lexer.takeWhole(code)
    lexer.skipBlanks()
    let nameStart = lexer.offset
    lexer.skipPlainWord()
    let name = lexer.source(from: nameStart, to: lexer.offset)
    _ = lexer.skipSeparators()
    lexer.take(.openBrace)
    var start = lexer.position
    let body = start.offset..<max(start.offset, end.offset - 1)
    lexer.position = end
    guard charge(textByteCount: body.count) else { return .stopped }
    // A copy, as the text may be large and the function stay.
    let text = Array(code.text[body])
    let sections = code.sections.cut(body)
    start.lineStart -= start.offset
    start.offset = 0
    let function = ScriptFunction(
      name: name, body: ScriptCode(text: text[...], sections: sections), start: start)
    status = context.define(function) ? 0 : 1
    return .next
  }

  @inline(never)
  private mutating func conditional(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    let end = lexer.takeWhole(code)
    while true {
      let condition = lexer.takeSection(code)
      if condition.keyword == .then {
        let flow = execute(code, from: condition.start, to: condition.end)
        if flow != .next { return flow }
        let body = lexer.takeSection(code)
        if status == 0 {
          lexer.position = end
          return execute(code, from: body.start, to: body.end)
        }
        if body.keyword == .elif { continue }
        if body.keyword == .else {
          let otherwise = lexer.takeSection(code)
          lexer.position = end
          status = 0
          return execute(code, from: otherwise.start, to: otherwise.end)
        }
      }
      lexer.position = end
      status = 0
      return .next
    }
  }

  @inline(never)
  private mutating func forLoop(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    let end = lexer.takeWhole(code)
    lexer.skipBlanks()
    let nameStart = lexer.offset
    lexer.skipPlainWord()
    let name = lexer.source(from: nameStart, to: lexer.offset)
    lexer.skipBlanks()
    lexer.skipPlainWord()  // `in`
    guard let expanded = expand(&lexer, code) else { return .stopped }
    _ = lexer.skipSeparators()
    lexer.skipPlainWord()  // `do`
    let body = lexer.takeSection(code)
    lexer.position = end
    status = 0
    loopCount += 1
    defer { loopCount -= 1 }
    for value in expanded.arguments {
      guard charge(byteCount: value.count) else { return .stopped }
      _ = context.set(name, value)
      if let flow = ScriptEvaluator.afterIteration(execute(code, from: body.start, to: body.end)) {
        return flow
      }
    }
    return .next
  }

  @inline(never)
  private mutating func whileLoop(
    _ lexer: inout ScriptLexer, _ code: ScriptCode, isUntil: Bool
  ) -> Flow {
    let end = lexer.takeWhole(code)
    let condition = lexer.takeSection(code)
    let body = lexer.takeSection(code)
    lexer.position = end
    loopCount += 1
    defer { loopCount -= 1 }
    while charge(byteCount: 0) {
      if let flow = ScriptEvaluator.afterIteration(
        execute(code, from: condition.start, to: condition.end))
      {
        return flow
      }
      if (status == 0) == isUntil { return .next }
      if let flow = ScriptEvaluator.afterIteration(execute(code, from: body.start, to: body.end)) {
        return flow
      }
    }
    return .stopped
  }

  /// What follows a loop's body: nil if the loop goes on.
  static func afterIteration(_ flow: Flow) -> Flow? {
    switch flow {
    case .next, .continueLoop(1): nil
    case .breakLoops(let count): count > 1 ? .breakLoops(count - 1) : .next
    case .continueLoop(let count): .continueLoop(count - 1)
    case .returned, .stopped: flow
    }
  }

  /// Runs a command: a function or a command of that name, or else an assignment.
  @inline(never)
  private mutating func command(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    guard let expanded = expand(&lexer, code) else { return .stopped }
    var arguments = expanded.arguments
    guard let first = arguments.first else { return .next }
    let isInverted = first == "!"  // GRUB 2 has no keyword for it either.
    if isInverted { arguments.removeFirst() }
    guard let name = arguments.first else {
      status = 1
      return .next
    }
    arguments.removeFirst()
    let isKnown = isInverted && isCommand(name)
    let flow = call(name, arguments, block: expanded.block)
    if isKnown, flow == .next { status = status == 0 ? 1 : 0 }
    return flow
  }
}
