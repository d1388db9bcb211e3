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

  /// Where a whole statement ends whose keyword is the present word; the lexer goes on after it.
  private func whole(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> ScriptPosition {
    let end = code.sections.end(ofSectionAt: ScriptParser.wholeStart(lexer.position))
    lexer.skipPlainWord()
    // There is one, as the text was checked.
    return end ?? ScriptPosition(offset: lexer.end, line: place.line, lineStart: lexer.end)
  }

  /// The section at the present place; the lexer goes on after the word that ends it.
  private func section(
    _ lexer: inout ScriptLexer, _ code: ScriptCode
  ) -> (start: ScriptPosition, end: Int, keyword: ScriptKeyword?) {
    let start = lexer.position
    let end = code.sections.end(ofSectionAt: start.offset)
    lexer.position = end ?? start
    let keyword = lexer.keywordHere()
    lexer.skipPlainWord()
    return (start, end?.offset ?? start.offset, keyword)
  }

  private mutating func define(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    let end = whole(&lexer, code)
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

  private mutating func conditional(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    let end = whole(&lexer, code)
    while true {
      let condition = section(&lexer, code)
      if condition.keyword == .then {
        let flow = execute(code, from: condition.start, to: condition.end)
        if flow != .next { return flow }
        let body = section(&lexer, code)
        if status == 0 {
          lexer.position = end
          return execute(code, from: body.start, to: body.end)
        }
        if body.keyword == .elif { continue }
        if body.keyword == .else {
          let otherwise = section(&lexer, code)
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

  private mutating func forLoop(_ lexer: inout ScriptLexer, _ code: ScriptCode) -> Flow {
    let end = whole(&lexer, code)
    lexer.skipBlanks()
    let nameStart = lexer.offset
    lexer.skipPlainWord()
    let name = lexer.source(from: nameStart, to: lexer.offset)
    lexer.skipBlanks()
    lexer.skipPlainWord()  // `in`
    guard let expanded = expand(&lexer, code) else { return .stopped }
    _ = lexer.skipSeparators()
    lexer.skipPlainWord()  // `do`
    let body = section(&lexer, code)
    lexer.position = end
    status = 0
    loopCount += 1
    defer { loopCount -= 1 }
    for value in expanded.arguments {
      guard charge(byteCount: value.count) else { return .stopped }
      _ = context.set(name, value)
      if let flow = afterIteration(execute(code, from: body.start, to: body.end)) { return flow }
    }
    return .next
  }

  private mutating func whileLoop(
    _ lexer: inout ScriptLexer, _ code: ScriptCode, isUntil: Bool
  ) -> Flow {
    let end = whole(&lexer, code)
    let condition = section(&lexer, code)
    let body = section(&lexer, code)
    lexer.position = end
    loopCount += 1
    defer { loopCount -= 1 }
    while charge(byteCount: 0) {
      if let flow = afterIteration(execute(code, from: condition.start, to: condition.end)) {
        return flow
      }
      if (status == 0) == isUntil { return .next }
      if let flow = afterIteration(execute(code, from: body.start, to: body.end)) { return flow }
    }
    return .stopped
  }

  /// Runs a command: a function or a command of that name, or else an assignment.
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
