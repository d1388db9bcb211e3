// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A token of a script.
struct ScriptToken {
  /// What it is.
  enum Kind: UInt8 {
    /// A word.
    case word
    /// The end of a line.
    case newline
    /// `;`.
    case semicolon
    /// `{`.
    case openBrace
    /// `}`.
    case closeBrace
    /// `|`, `||`, `&`, `&&`, `;;`, `<`, `>`, `[[` or `]]`, which the grammar has no use for, and
    /// a `$` that no name follows.
    case reserved
    /// The end of the text.
    case end
  }

  /// What it is.
  var kind: Kind
  /// Where it starts.
  var start: ScriptPosition
  /// Where the text after it starts.
  var end: Int
}

/// Takes the text of a script apart into words and separators, by the rules of GRUB 2 (manual,
/// "Shell-like scripting": quoting as in a shell, `#` at the start of a word is a comment). Nothing
/// is kept: what a word is made of are ranges of the text.
struct ScriptLexer {
  /// What the present place of a word is inside of.
  enum Quote: UInt8 {
    case none, double, translated
  }

  /// The text.
  let text: ArraySlice<UInt8>
  /// Where the text ends for this lexer.
  let end: Int
  /// The present place.
  var position: ScriptPosition
  /// The quote that is open. A part of a word ends where a variable stands, quote or not.
  var quote = Quote.none
  /// Where that quote was opened.
  var quoteStart = ScriptPosition(offset: 0, line: 0, lineStart: 0)
  /// Whether that quote has given a part.
  var hasPart = false

  /// A lexer of a text without carriage returns, from a place to an offset.
  init(_ text: ArraySlice<UInt8>, from start: ScriptPosition, to end: Int) {
    self.text = text
    self.end = min(end, text.endIndex)
    position = start
    if position.offset < text.startIndex { position.offset = text.endIndex }
  }

  /// A text without carriage returns.
  static func withoutReturns(_ text: ByteString) -> ArraySlice<UInt8> {
    text.bytes.contains(ASCII.carriageReturn)
      ? text.bytes.filter { $0 != ASCII.carriageReturn }[...] : text.bytes[...]
  }

  /// The present place in the text.
  var offset: Int { position.offset }

  /// The text between two offsets.
  func source(from start: Int, to end: Int) -> ByteString {
    guard start >= text.startIndex, start <= end, end <= text.endIndex else { return "" }
    return ByteString(text[start..<end])
  }

  /// Goes on after the end of the present line.
  mutating func skipLine() {
    while let byte = peek(), byte != ASCII.newline { position.offset += 1 }
    quote = .none
  }

  /// The next token.
  mutating func next() throws(ScriptSyntaxError) -> ScriptToken {
    skipBlanks()
    let start = position
    var kind = kindHere()
    if kind == .word {
      while try nextPart() != nil {}
      if isDoubledBracket(from: start.offset) { kind = .reserved }
    } else {
      take(kind)
    }
    return ScriptToken(kind: kind, start: start, end: offset)
  }

  /// What begins at the present place, which is not a blank.
  func kindHere() -> ScriptToken.Kind {
    switch peek() {
    case nil: .end
    case ASCII.newline?: .newline
    case 0x3b?: peek(1) == 0x3b ? .reserved : .semicolon
    case 0x7b?: .openBrace
    case 0x7d?: .closeBrace
    case 0x7c?, 0x26?, 0x3c?, 0x3e?: .reserved
    default: .word
    }
  }

  /// Goes on after a token that is no word.
  mutating func take(_ kind: ScriptToken.Kind) {
    if kind == .end { return }
    position.offset += 1
    if kind == .newline { startLine() }
  }

  /// An error at the present place.
  func error(_ reason: ScriptSyntaxError.Reason) -> ScriptSyntaxError {
    ScriptSyntaxError(reason: reason, at: position)
  }

  private func isDoubledBracket(from start: Int) -> Bool {
    guard offset - start == 2, let first = start < end ? text[start] : nil else {
      return false
    }
    return (first == 0x5b || first == 0x5d) && start + 1 < end && text[start + 1] == first
  }

  /// The byte at a distance from the present place; nil after the end.
  func peek(_ distance: Int = 0) -> UInt8? {
    position.offset + distance < end ? text[position.offset + distance] : nil
  }

  /// Counts a line that starts at the present place.
  mutating func startLine() {
    position.line += 1
    position.lineStart = position.offset
  }

  /// Skips blanks and a comment. A backslash before a line's end belongs to a word.
  mutating func skipBlanks() {
    while let byte = peek(), byte == ASCII.space || byte == ASCII.tab { position.offset += 1 }
    if peek() == 0x23 { skipLine() }
  }

  /// Skips blanks, comments, line ends and `;`; false at the end.
  mutating func skipSeparators() -> Bool {
    while true {
      skipBlanks()
      let kind = kindHere()
      guard kind == .newline || kind == .semicolon else { return kind != .end }
      take(kind)
    }
  }

  /// Whether a byte ends a word outside of quotes.
  static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case ASCII.space, ASCII.tab, ASCII.newline, 0x3b, 0x7b, 0x7d, 0x7c, 0x26, 0x3c, 0x3e: true
    default: false
    }
  }

  /// The keyword that the word at the present place is as it is written.
  func keywordHere() -> ScriptKeyword? {
    var stop = offset
    let last = min(end, offset + ScriptKeyword.byteCountMax + 1)
    while stop < last, !ScriptLexer.endsWord(text[stop]) { stop += 1 }
    return ScriptKeyword(text[offset..<max(offset, stop)])
  }

  /// Goes on after a word whose bytes all stand for themselves.
  mutating func skipPlainWord() {
    while let byte = peek(), !ScriptLexer.endsWord(byte) { position.offset += 1 }
  }
}
