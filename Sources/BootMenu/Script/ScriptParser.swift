// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Reads a script statement by statement, so that the statements before an error have run, as they
/// have in GRUB 2, and the text after the error is gone on with.
struct ScriptParser {
  private var lexer: ScriptLexer
  private var ahead: ScriptToken?

  /// A parser of a script whose first line has the number `line`.
  init(_ text: ByteString, line: Int = 1) {
    let unix =
      text.bytes.contains(ASCII.carriageReturn)
      ? ByteString(text.bytes.filter { $0 != ASCII.carriageReturn }) : text
    lexer = ScriptLexer(unix, line: line)
  }

  /// The next statement of the script; nil at its end. After an error the rest of the line is
  /// skipped, and the next call goes on behind it.
  mutating func nextStatement() throws(ScriptSyntaxError) -> ScriptStatement? {
    do throws(ScriptSyntaxError) {
      try skipSeparators()
      if try peek().kind == .end { return nil }
      let statement = try self.statement(depth: 0)
      try endStatement()
      return statement
    } catch {
      if let token = ahead, token.kind == .newline || token.kind == .end {
        ahead = nil
      } else {
        ahead = nil
        lexer.skipLine()
      }
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

  private mutating func skipSeparators() throws(ScriptSyntaxError) {
    while true {
      let kind = try peek().kind
      guard kind == .newline || kind == .semicolon else { return }
      advance()
    }
  }

  private mutating func skipNewlines() throws(ScriptSyntaxError) {
    while try peek().kind == .newline { advance() }
  }

  /// A simple statement must be followed by something that ends it.
  private mutating func endStatement() throws(ScriptSyntaxError) {
    let token = try peek()
    switch token.kind {
    case .newline, .semicolon: advance()
    case .end: return
    default: throw unexpected(token)
    }
  }

  private func unexpected(_ token: ScriptToken) -> ScriptSyntaxError {
    let text =
      token.kind == .newline ? "end of line" : lexer.source(from: token.start, to: token.end)
    let reason: ScriptSyntaxError.Reason =
      token.kind == .end ? .missing("its end") : .unexpected(text)
    return ScriptSyntaxError(reason: reason, line: token.line, column: token.column)
  }

  private mutating func keyword() throws(ScriptSyntaxError) -> ByteString? {
    guard case .word(let word) = try peek().kind else { return nil }
    return word.plainText
  }

  private mutating func expect(_ word: ByteString) throws(ScriptSyntaxError) {
    if try keyword() == word {
      advance()
      return
    }
    throw missing(word, at: try peek())
  }

  private func missing(_ word: ByteString, at token: ScriptToken) -> ScriptSyntaxError {
    if token.kind != .end { return unexpected(token) }
    return ScriptSyntaxError(reason: .missing(word), line: token.line, column: token.column)
  }

  private mutating func statement(depth: Int) throws(ScriptSyntaxError) -> ScriptStatement {
    let token = try peek()
    guard depth <= MenuLimits.syntaxDepthMax else {
      throw ScriptSyntaxError(reason: .nestedTooDeeply, line: token.line, column: token.column)
    }
    guard case .word(let word) = token.kind else { throw unexpected(token) }
    let kind: ScriptStatement.Kind
    switch ScriptKeyword(word.plainText) {
    case .if:
      advance()
      kind = try conditional(depth: depth)
    case .for:
      advance()
      kind = try forLoop(depth: depth)
    case .while, .until:
      advance()
      kind = try whileLoop(isUntil: word.plainText == "until", depth: depth)
    case .function:
      advance()
      kind = try function(depth: depth)
    case .inner: throw unexpected(token)
    case nil: kind = .command(try command(depth: depth))
    }
    return ScriptStatement(line: token.line, kind: kind)
  }

  /// Statements up to one of the words, which is left to be read, or up to `}` if there are none.
  private mutating func statements(
    until words: [ByteString], depth: Int
  ) throws(ScriptSyntaxError) -> [ScriptStatement] {
    var result: [ScriptStatement] = []
    while true {
      try skipSeparators()
      let token = try peek()
      if token.kind == .end { throw missing(words.last ?? "}", at: token) }
      if token.kind == .closeBrace, words.isEmpty { return result }
      if let word = try keyword(), words.contains(word) { return result }
      result.append(try statement(depth: depth + 1))
      switch try peek().kind {
      case .newline, .semicolon: advance()
      case .closeBrace where words.isEmpty: continue
      case .end: continue
      default: throw unexpected(try peek())
      }
    }
  }

  private mutating func command(depth: Int) throws(ScriptSyntaxError) -> [ScriptWord] {
    var words: [ScriptWord] = []
    while true {
      let token = try peek()
      switch token.kind {
      case .word(let word):
        advance()
        words.append(word)
      case .openBrace:
        let block = try self.block(depth: depth)
        words.append(.block(block.text, line: token.line))
      case .newline, .semicolon, .closeBrace, .end: return words
      case .reserved: throw unexpected(token)
      }
    }
  }

  /// A block in braces: its text and its statements.
  private mutating func block(
    depth: Int
  ) throws(ScriptSyntaxError) -> (text: ByteString, statements: [ScriptStatement]) {
    let open = try peek()
    guard open.kind == .openBrace else { throw missing("{", at: open) }
    advance()
    let body = try statements(until: [], depth: depth)
    let close = try peek()
    advance()
    return (lexer.source(from: open.end, to: close.start), body)
  }

  private mutating func conditional(
    depth: Int
  ) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    var branches: [ScriptBranch] = []
    while true {
      let condition = try statements(until: ["then"], depth: depth)
      try expect("then")
      let body = try statements(until: ["elif", "else", "fi"], depth: depth)
      branches.append(ScriptBranch(condition: condition, body: body))
      let word = try keyword()
      advance()
      if word == "fi" { return .conditional(branches, otherwise: []) }
      if word == "else" { break }
    }
    let otherwise = try statements(until: ["fi"], depth: depth)
    try expect("fi")
    return .conditional(branches, otherwise: otherwise)
  }

  private mutating func forLoop(depth: Int) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    guard let name = try keyword() else { throw missing("a name", at: try peek()) }
    advance()
    try expect("in")
    var words: [ScriptWord] = []
    while case .word(let word) = try peek().kind {
      advance()
      words.append(word)
    }
    return .forLoop(name: name, words: words, body: try loopBody(depth: depth))
  }

  private mutating func whileLoop(
    isUntil: Bool, depth: Int
  ) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    let condition = try statements(until: ["do"], depth: depth)
    let body = try loopBody(depth: depth)
    return .whileLoop(condition: condition, isUntil: isUntil, body: body)
  }

  private mutating func loopBody(depth: Int) throws(ScriptSyntaxError) -> [ScriptStatement] {
    try skipSeparators()
    try expect("do")
    let body = try statements(until: ["done"], depth: depth)
    try expect("done")
    return body
  }

  private mutating func function(depth: Int) throws(ScriptSyntaxError) -> ScriptStatement.Kind {
    guard let name = try keyword() else { throw missing("a name", at: try peek()) }
    advance()
    try skipNewlines()
    return .function(name: name, body: try block(depth: depth).statements)
  }
}

/// The words that are not commands when they stand first.
private enum ScriptKeyword {
  case `if`, `for`, `while`, until, function
  /// A word that only goes on with another: `then`, `else`, `elif`, `fi`, `do`, `done`, `in`.
  case inner

  init?(_ word: ByteString?) {
    guard let word, word.count <= 8 else { return nil }
    switch word {
    case "if": self = .if
    case "for": self = .for
    case "while": self = .while
    case "until": self = .until
    case "function": self = .function
    case "then", "else", "elif", "fi", "do", "done": self = .inner
    default: return nil
    }
  }
}
