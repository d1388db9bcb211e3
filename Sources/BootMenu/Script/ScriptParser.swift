// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Reads a script by the grammar of GRUB 2, in the pieces in which GRUB 2 runs it: a line with all
/// lines that its blocks and quotes reach to. A piece that breaks the grammar does not run at all.
struct ScriptParser {
  private var lexer: ScriptLexer
  private var ahead: ScriptToken?

  /// A parser of a script that starts in a line and a column.
  init(_ text: ByteString, line: Int = 1, column: Int = 1) {
    let unix =
      text.bytes.contains(ASCII.carriageReturn)
      ? ByteString(text.bytes.filter { $0 != ASCII.carriageReturn }) : text
    lexer = ScriptLexer(unix, line: line, column: max(column, 1))
  }

  /// The statements of the next piece; nil at the script's end. After an error the rest of the line
  /// that has it is skipped, and the next call goes on after it.
  mutating func nextPiece() throws(ScriptSyntaxError) -> [ScriptStatement]? {
    do throws(ScriptSyntaxError) {
      try skipNewlines()
      if try peek().kind == .end { return nil }
      var piece: [ScriptStatement] = []
      while true {
        piece.append(try statement())
        let token = try peek()
        switch token.kind {
        case .end: return piece
        case .newline:
          advance()
          return piece
        case .semicolon:
          advance()
          // What follows a `;` may be on another line only inside a block.
          let kind = try peek().kind
          if kind == .newline || kind == .end { return piece }
        default: throw unexpected(token)
        }
      }
    } catch {
      let isAtEnd = ahead.map { $0.kind == .newline || $0.kind == .end } ?? false
      ahead = nil
      if !isAtEnd { lexer.skipLine() }
      throw error
    }
  }

  private mutating func peek() throws(ScriptSyntaxError) -> ScriptToken {
    if let ahead { return ahead }
    let token = try lexer.next()
    ahead = token
    return token
  }

  private mutating func advance() { ahead = nil }

  private mutating func skipNewlines() throws(ScriptSyntaxError) {
    while try peek().kind == .newline { advance() }
  }

  private func unexpected(_ token: ScriptToken) -> ScriptSyntaxError {
    let text =
      token.kind == .newline ? "end of line" : lexer.source(from: token.start, to: token.end)
    let reason: ScriptSyntaxError.Reason =
      token.kind == .end ? .missing("its end") : .unexpected(text)
    return ScriptSyntaxError(reason: reason, line: token.line, column: token.column)
  }

  private func missing(_ word: ByteString, at token: ScriptToken) -> ScriptSyntaxError {
    if token.kind != .end { return unexpected(token) }
    return ScriptSyntaxError(reason: .missing(word), line: token.line, column: token.column)
  }

  /// The keyword that a token is as it is written: `'if'` and `i\f` are none.
  private func keyword(_ token: ScriptToken) -> ScriptKeyword? {
    guard case .word = token.kind, token.end - token.start <= ScriptKeyword.byteCountMax else {
      return nil
    }
    return ScriptKeyword(lexer.source(from: token.start, to: token.end))
  }

  private mutating func expect(_ wanted: ScriptKeyword) throws(ScriptSyntaxError) {
    let token = try peek()
    guard keyword(token) == wanted else { throw missing(wanted.text, at: token) }
    advance()
  }

  private mutating func expect(_ kind: ScriptToken.Kind) throws(ScriptSyntaxError) -> ScriptToken {
    let token = try peek()
    guard token.kind == kind else {
      throw missing(kind == .openBrace ? "{" : "}", at: token)
    }
    advance()
    return token
  }

  /// A name as `for` and `function` take it: letters, digits and `_`, and no keyword.
  private mutating func name() throws(ScriptSyntaxError) -> ByteString {
    let token = try peek()
    let text = lexer.source(from: token.start, to: token.end)
    guard case .word = token.kind, keyword(token) == nil, let first = text.bytes.first,
      !ASCII.isDigit(first),
      text.bytes.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5f })
    else { throw missing("a name", at: token) }
    advance()
    return text
  }

  /// A statement outside of all blocks: only there a function may be defined.
  private mutating func statement() throws(ScriptSyntaxError) -> ScriptStatement {
    let token = try peek()
    guard keyword(token) == .function else { return try command(depth: 0) }
    advance()
    let name = try name()
    try skipNewlines()
    _ = try expect(.openBrace)
    let body = try commands(depth: 0, until: [.closeBrace])
    _ = try expect(.closeBrace)
    return ScriptStatement(
      line: token.line, column: token.column, kind: .function(name: name, body: body))
  }

  private mutating func command(depth: Int) throws(ScriptSyntaxError) -> ScriptStatement {
    let token = try peek()
    guard depth <= MenuLimits.syntaxDepthMax else {
      throw ScriptSyntaxError(reason: .nestedTooDeeply, line: token.line, column: token.column)
    }
    guard case .word = token.kind else { throw unexpected(token) }
    let kind: ScriptStatement.Kind
    switch keyword(token) {
    case .if: kind = try conditional(depth: depth)
    case .for: kind = try forLoop(depth: depth)
    case .while: kind = try whileLoop(isUntil: false, depth: depth)
    case .until: kind = try whileLoop(isUntil: true, depth: depth)
    case nil: kind = .command(try words(depth: depth))
    default: throw unexpected(token)
    }
    return ScriptStatement(line: token.line, column: token.column, kind: kind)
  }

  /// What a list of commands is ended by.
  private enum End: Equatable {
    case keyword(ScriptKeyword)
    /// `}`, after a separator.
    case closeBrace
    /// `}`, with or without one.
    case bareCloseBrace
  }

  /// At least one command, with a separator after each, up to what ends them, which is left to be
  /// read.
  private mutating func commands(
    depth: Int, until ends: [End]
  ) throws(ScriptSyntaxError) -> [ScriptStatement] {
    var result: [ScriptStatement] = []
    try skipNewlines()
    while true {
      if try peek().kind == .end { throw missing(text(ends), at: try peek()) }
      result.append(try command(depth: depth + 1))
      var token = try peek()
      let isSeparated = token.kind == .newline || token.kind == .semicolon
      if isSeparated {
        advance()
        try skipNewlines()
        token = try peek()
      }
      if isEnd(token, ends, isSeparated: isSeparated) { return result }
      guard isSeparated, token.kind != .end else { throw missing(text(ends), at: token) }
    }
  }

  private func isEnd(_ token: ScriptToken, _ ends: [End], isSeparated: Bool) -> Bool {
    if token.kind == .closeBrace {
      return ends.contains(.bareCloseBrace) || (isSeparated && ends.contains(.closeBrace))
    }
    guard isSeparated, let word = keyword(token) else { return false }
    return ends.contains(.keyword(word))
  }

  private func text(_ ends: [End]) -> ByteString {
    if case .keyword(let word)? = ends.last { return word.text }
    return "}"
  }

  /// The words of a command; a block may only be the last of them.
  private mutating func words(depth: Int) throws(ScriptSyntaxError) -> [ScriptWord] {
    var words: [ScriptWord] = []
    while true {
      let token = try peek()
      switch token.kind {
      case .word(let word):
        advance()
        words.append(word)
      case .openBrace:
        advance()
        _ = try commands(depth: depth, until: [.bareCloseBrace])
        let close = try expect(.closeBrace)
        words.append(
          .block(
            lexer.source(from: token.end, to: close.start), line: token.line,
            column: token.column + 1))
        return words
      case .newline, .semicolon, .closeBrace, .end: return words
      case .reserved: throw unexpected(token)
      }
    }
  }

  private mutating func conditional(depth: Int) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    var branches: [ScriptBranch] = []
    while true {
      advance()  // `if` or `elif`
      let condition = try commands(depth: depth, until: [.keyword(.then)])
      try expect(.then)
      let body = try commands(
        depth: depth, until: [.keyword(.elif), .keyword(.else), .keyword(.fi)])
      branches.append(ScriptBranch(condition: condition, body: body))
      let word = keyword(try peek())
      if word == .elif { continue }
      advance()
      if word == .fi { return .conditional(branches, otherwise: []) }
      let otherwise = try commands(depth: depth, until: [.keyword(.fi)])
      try expect(.fi)
      return .conditional(branches, otherwise: otherwise)
    }
  }

  private mutating func forLoop(depth: Int) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    advance()
    let name = try name()
    try expect(.in)
    var words: [ScriptWord] = []
    while case .word(let word) = try peek().kind {
      advance()
      words.append(word)
    }
    let token = try peek()
    guard token.kind == .newline || token.kind == .semicolon else { throw missing("do", at: token) }
    advance()
    try skipNewlines()
    return .forLoop(name: name, words: words, body: try loopBody(depth: depth))
  }

  private mutating func whileLoop(
    isUntil: Bool, depth: Int
  ) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    advance()
    let condition = try commands(depth: depth, until: [.keyword(.do)])
    let body = try loopBody(depth: depth)
    return .whileLoop(condition: condition, isUntil: isUntil, body: body)
  }

  private mutating func loopBody(depth: Int) throws(ScriptSyntaxError) -> [ScriptStatement] {
    try expect(.do)
    let body = try commands(depth: depth, until: [.keyword(.done)])
    try expect(.done)
    return body
  }
}
