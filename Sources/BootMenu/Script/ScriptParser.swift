// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Checks a script by the grammar of GRUB 2, in the pieces in which GRUB 2 runs it: a line with all
/// lines that its blocks and quotes reach to. A piece that breaks the grammar does not run at all.
/// Of one that does not, only where its sections end is kept: it is run from its text.
struct ScriptParser {
  /// The sections of the piece that came last.
  private(set) var sections = ScriptSections()
  private var lexer: ScriptLexer
  private var ahead: ScriptToken?

  /// A parser of a text without carriage returns, which starts at a place.
  init(_ text: ArraySlice<UInt8>, from start: ScriptPosition) {
    lexer = ScriptLexer(text, from: start, to: text.endIndex)
  }

  /// Where the next piece starts and ends; nil at the script's end. After an error the rest of the
  /// line that has it is skipped, and the next call goes on after it.
  @inline(never)
  mutating func nextPiece() throws(ScriptSyntaxError) -> (start: ScriptPosition, end: Int)? {
    sections.clear()
    do throws(ScriptSyntaxError) {
      try skipNewlines()
      let first = try peek()
      if first.kind == .end { return nil }
      while true {
        try statement()
        let token = try peek()
        let piece = (start: first.start, end: token.start.offset)
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

  @inline(never)
  private mutating func peek() throws(ScriptSyntaxError) -> ScriptToken {
    if let ahead { return ahead }
    let token = try lexer.next()
    ahead = token
    return token
  }

  private mutating func advance() { ahead = nil }

  @inline(never)
  private mutating func skipNewlines() throws(ScriptSyntaxError) {
    while try peek().kind == .newline { advance() }
  }

  @inline(never)
  private func unexpected(_ token: ScriptToken) -> ScriptSyntaxError {
    let text =
      token.kind == .newline
      ? "end of line" : lexer.source(from: token.start.offset, to: token.end)
    return ScriptSyntaxError(
      reason: token.kind == .end ? .missing("its end") : .unexpected(text), at: token.start)
  }

  @inline(never)
  private func missing(_ word: ByteString, at token: ScriptToken) -> ScriptSyntaxError {
    if token.kind != .end { return unexpected(token) }
    return ScriptSyntaxError(reason: .missing(word), at: token.start)
  }

  /// The keyword that a token is as it is written: `'if'` and `i\f` are none.
  @inline(never)
  private func keyword(_ token: ScriptToken) -> ScriptKeyword? {
    guard token.kind == .word, token.end - token.start.offset <= ScriptKeyword.byteCountMax else {
      return nil
    }
    return ScriptKeyword(lexer.text[token.start.offset..<token.end])
  }

  @inline(never)
  private mutating func expect(_ wanted: ScriptKeyword) throws(ScriptSyntaxError) {
    let token = try peek()
    guard keyword(token) == wanted else { throw missing(wanted.text, at: token) }
    advance()
  }

  @inline(never)
  private mutating func expect(_ kind: ScriptToken.Kind) throws(ScriptSyntaxError) -> ScriptToken {
    let token = try peek()
    guard token.kind == kind else {
      throw missing(kind == .openBrace ? "{" : "}", at: token)
    }
    advance()
    return token
  }

  /// A name as `for` and `function` take it: letters, digits and `_`, and no keyword.
  @inline(never)
  private mutating func name() throws(ScriptSyntaxError) {
    let token = try peek()
    guard token.kind == .word, keyword(token) == nil,
      !ASCII.isDigit(lexer.text[token.start.offset]),
      lexer.text[token.start.offset..<token.end].allSatisfy({
        ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5f
      })
    else { throw missing("a name", at: token) }
    advance()
  }

  // MARK: Statements

  /// A statement outside of all blocks: only there a function may be defined.
  @inline(never)
  private mutating func statement() throws(ScriptSyntaxError) {
    let token = try peek()
    guard keyword(token) == .function else { return try command(depth: 0) }
    let whole = sections.begin(at: ScriptParser.wholeStart(token.start))
    advance()
    try name()
    try skipNewlines()
    _ = try expect(.openBrace)
    try commands(depth: 0, until: .closeBrace)
    end(whole, after: try expect(.closeBrace))
  }

  /// What the section of a whole statement is known by: no section starts inside of a keyword.
  static func wholeStart(_ keyword: ScriptPosition) -> Int { keyword.offset + 1 }

  private mutating func end(_ whole: Int, after token: ScriptToken) {
    var place = token.start
    place.offset = token.end
    sections.end(whole, at: place)
  }

  @inline(never)
  private mutating func command(depth: Int) throws(ScriptSyntaxError) {
    let token = try peek()
    guard depth <= MenuLimits.syntaxDepthMax else {
      throw ScriptSyntaxError(reason: .nestedTooDeeply, at: token.start)
    }
    guard token.kind == .word else { throw unexpected(token) }
    guard let keyword = keyword(token) else { return try words(depth: depth) }
    let whole = sections.begin(at: ScriptParser.wholeStart(token.start))
    switch keyword {
    case .if: try conditional(depth: depth)
    case .for: try forLoop(depth: depth)
    case .while, .until:
      advance()
      try commands(depth: depth, until: .do)
      try loopBody(depth: depth)
    default: throw unexpected(token)
    }
    // The word that ends it was read last, and has no line's end in it.
    sections.end(whole, at: lexer.position)
  }

  /// What a list of commands is ended by: a word or, where the name says so, `}`.
  private enum End: UInt8 {
    /// `}` after a separator, and with or without one.
    case closeBrace, bareCloseBrace
    case then, fi, `do`, done
    /// `elif`, `else` or `fi`.
    case branch

    func has(_ word: ScriptKeyword) -> Bool {
      switch self {
      case .closeBrace, .bareCloseBrace: false
      case .then: word == .then
      case .fi: word == .fi
      case .do: word == .do
      case .done: word == .done
      case .branch: word == .elif || word == .else || word == .fi
      }
    }

    var text: ByteString {
      switch self {
      case .closeBrace, .bareCloseBrace: "}"
      case .then: "then"
      case .fi, .branch: "fi"
      case .do: "do"
      case .done: "done"
      }
    }
  }

  /// At least one command, with a separator after each, up to what ends them, which is left to be
  /// read. They are a section.
  private mutating func commands(depth: Int, until end: End) throws(ScriptSyntaxError) {
    let section = sections.begin(at: lexer.offset)
    try skipNewlines()
    while true {
      if try peek().kind == .end { throw try missing(end) }
      try command(depth: depth + 1)
      if try isEnd(end, of: section) { return }
    }
  }

  /// Whether a list of commands ends after the one that was read; then its section does. Otherwise
  /// the next one follows. What is needed for one command only is not on the stack of those within.
  @inline(never)
  private mutating func isEnd(_ end: End, of section: Int) throws(ScriptSyntaxError) -> Bool {
    var token = try peek()
    let isSeparated = token.kind == .newline || token.kind == .semicolon
    if isSeparated {
      advance()
      try skipNewlines()
      token = try peek()
    }
    if isEnd(token, end, isSeparated: isSeparated) {
      sections.end(section, at: token.start)
      return true
    }
    guard isSeparated, token.kind != .end else { throw try missing(end) }
    return false
  }

  @inline(never)
  private mutating func missing(_ end: End) throws(ScriptSyntaxError) -> ScriptSyntaxError {
    missing(end.text, at: try peek())
  }

  private func isEnd(_ token: ScriptToken, _ end: End, isSeparated: Bool) -> Bool {
    if token.kind == .closeBrace {
      return end == .bareCloseBrace || (isSeparated && end == .closeBrace)
    }
    guard isSeparated, let word = keyword(token) else { return false }
    return end.has(word)
  }

  /// The words of a command; a block may only be the last of them. Sections inside of a block are
  /// forgotten: it is a text for another time.
  private mutating func words(depth: Int) throws(ScriptSyntaxError) {
    while true {
      let token = try peek()
      switch token.kind {
      case .word: advance()
      case .openBrace:
        advance()
        let count = sections.count
        try commands(depth: depth, until: .bareCloseBrace)
        sections.keep(count + 1)
        _ = try expect(.closeBrace)
        return
      case .newline, .semicolon, .closeBrace, .end: return
      case .reserved: throw unexpected(token)
      }
    }
  }

  private mutating func conditional(depth: Int) throws(ScriptSyntaxError) {
    while true {
      advance()  // `if` or `elif`
      try commands(depth: depth, until: .then)
      try expect(.then)
      try commands(depth: depth, until: .branch)
      let word = keyword(try peek())
      if word == .elif { continue }
      advance()
      if word == .fi { return }
      try commands(depth: depth, until: .fi)
      return try expect(.fi)
    }
  }

  private mutating func forLoop(depth: Int) throws(ScriptSyntaxError) {
    advance()
    try name()
    try expect(.in)
    while try peek().kind == .word { advance() }
    let token = try peek()
    guard token.kind == .newline || token.kind == .semicolon else { throw missing("do", at: token) }
    advance()
    try skipNewlines()
    try loopBody(depth: depth)
  }

  private mutating func loopBody(depth: Int) throws(ScriptSyntaxError) {
    try expect(.do)
    try commands(depth: depth, until: .done)
    try expect(.done)
  }
}
