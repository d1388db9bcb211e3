// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A token of a script. It does not change once it is read.
final class ScriptToken {
  /// What it is.
  enum Kind: Equatable {
    /// A word.
    case word(ScriptWord)
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
  fileprivate(set) var kind = Kind.end
  /// Where it starts.
  let start: Int
  /// Where the text after it starts.
  fileprivate(set) var end: Int
  /// The line that it starts on, from one.
  let line: Int
  /// The column that it starts in, from one.
  let column: Int

  /// The end of the text, until something is found.
  fileprivate init(start: Int, line: Int, column: Int) {
    self.start = start
    end = start
    self.line = line
    self.column = column
  }
}

/// Takes the text of a script apart into words and separators, by the rules of GRUB 2 (manual,
/// "Shell-like scripting": quoting as in a shell, `#` at the start of a word is a comment).
struct ScriptLexer {
  private let text: [UInt8]
  private var offset = 0
  private var line: Int
  /// Where the present line starts; before the text if that starts inside of a line.
  private var lineStart: Int

  /// A lexer of a text without carriage returns, which starts in a line and a column.
  init(_ text: ByteString, line: Int, column: Int) {
    self.text = text.bytes
    self.line = line
    lineStart = 1 - column
  }

  /// The text between two offsets.
  func source(from start: Int, to end: Int) -> ByteString {
    guard start >= 0, start <= end, end <= text.count else { return "" }
    return ByteString(text[start..<end])
  }

  /// Goes on after the end of the present line.
  mutating func skipLine() {
    while let byte = peek(), byte != ASCII.newline { offset += 1 }
  }

  /// The next token.
  mutating func next() throws(ScriptSyntaxError) -> ScriptToken {
    skipBlanks()
    let token = ScriptToken(start: offset, line: line, column: offset - lineStart + 1)
    guard let byte = peek() else { return token }
    switch byte {
    case ASCII.newline:
      offset += 1
      startLine()
      token.kind = .newline
    case 0x3b where peek(1) != 0x3b: single(.semicolon, token)
    case 0x7b: single(.openBrace, token)
    case 0x7d: single(.closeBrace, token)
    case 0x3b, 0x7c, 0x26, 0x3c, 0x3e: single(.reserved, token)
    default:
      token.kind = .word(.argument(try word()))
      if isDoubledBracket(from: token.start) { token.kind = .reserved }
    }
    token.end = offset
    return token
  }

  /// An error at the present place.
  func error(_ reason: ScriptSyntaxError.Reason) -> ScriptSyntaxError {
    ScriptSyntaxError(reason: reason, line: line, column: offset - lineStart + 1)
  }

  private mutating func single(_ kind: ScriptToken.Kind, _ token: ScriptToken) {
    offset += 1
    token.kind = kind
  }

  private func isDoubledBracket(from start: Int) -> Bool {
    guard offset - start == 2, let first = start < text.count ? text[start] : nil else {
      return false
    }
    return (first == 0x5b || first == 0x5d) && start + 1 < text.count && text[start + 1] == first
  }

  private func peek(_ distance: Int = 0) -> UInt8? {
    offset + distance < text.count ? text[offset + distance] : nil
  }

  private mutating func startLine() {
    line += 1
    lineStart = offset
  }

  /// Skips blanks and a comment. A backslash before a line's end belongs to a word.
  private mutating func skipBlanks() {
    while let byte = peek(), byte == ASCII.space || byte == ASCII.tab { offset += 1 }
    if peek() == 0x23 { skipLine() }
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case ASCII.space, ASCII.tab, ASCII.newline, 0x3b, 0x7b, 0x7d, 0x7c, 0x26, 0x3c, 0x3e: true
    default: false
    }
  }

  private mutating func word() throws(ScriptSyntaxError) -> [ScriptWordPart] {
    var parts: [ScriptWordPart] = []
    var plain = ByteString()
    while let byte = peek(), !ScriptLexer.endsWord(byte) {
      offset += 1
      switch byte {
      case 0x5c:
        guard let escaped = peek() else { break }
        offset += 1
        if escaped == ASCII.newline {
          startLine()
          if peek() == nil { throw error(.missing("the line that it goes on in")) }
        } else {
          ScriptLexer.flush(&plain, to: &parts, isQuoted: false)
          // `\xHH` stays as it is, as in Red Hat's GRUB.
          let isByte =
            escaped == 0x78 && LoaderCommandLine.isHexDigit(peek(0))
            && LoaderCommandLine.isHexDigit(peek(1))
          parts.append(.text(ByteString(isByte ? [byte, escaped] : [escaped]), isQuoted: true))
        }
      case 0x27:
        ScriptLexer.flush(&plain, to: &parts, isQuoted: false)
        parts.append(.text(try singleQuoted(), isQuoted: true))
      case 0x22:
        ScriptLexer.flush(&plain, to: &parts, isQuoted: false)
        try doubleQuoted(&parts, isTranslated: false)
      case 0x24:
        ScriptLexer.flush(&plain, to: &parts, isQuoted: false)
        if peek() == 0x22 {
          offset += 1
          try doubleQuoted(&parts, isTranslated: true)
        } else {
          parts.append(try variable(isQuoted: false))
        }
      default: plain.append(byte)
      }
    }
    ScriptLexer.flush(&plain, to: &parts, isQuoted: false)
    return parts
  }

  private static func flush(
    _ plain: inout ByteString, to parts: inout [ScriptWordPart], isQuoted: Bool
  ) {
    if plain.isEmpty { return }
    parts.append(.text(plain, isQuoted: isQuoted))
    plain = ByteString()
  }

  private mutating func singleQuoted() throws(ScriptSyntaxError) -> ByteString {
    let opened = error(.unterminatedQuote)
    let start = offset
    while let byte = peek() {
      offset += 1
      if byte == ASCII.newline { startLine() }
      if byte == 0x27 { return source(from: start, to: offset - 1) }
    }
    throw opened
  }

  /// Reads up to the closing quote. A backslash stands for itself except before `$`, `"`, `\` and
  /// a line's end. In text to be translated, which is `$"text"`, a `$` may stand for itself.
  private mutating func doubleQuoted(
    _ parts: inout [ScriptWordPart], isTranslated: Bool
  ) throws(ScriptSyntaxError) {
    let opened = error(.unterminatedQuote)
    let countBefore = parts.count
    var plain = ByteString()
    while let byte = peek() {
      offset += 1
      switch byte {
      case 0x22:
        if plain.isEmpty, parts.count > countBefore { return }
        parts.append(.text(plain, isQuoted: true))
        return
      case 0x5c:
        guard let escaped = peek() else { throw opened }
        offset += 1
        if escaped == ASCII.newline {
          startLine()
        } else {
          if escaped != 0x24, escaped != 0x22, escaped != 0x5c { plain.append(byte) }
          plain.append(escaped)
        }
      case 0x24:
        if isTranslated, !startsName() {
          plain.append(byte)
          continue
        }
        ScriptLexer.flush(&plain, to: &parts, isQuoted: true)
        parts.append(try variable(isQuoted: true))
      default:
        if byte == ASCII.newline { startLine() }
        plain.append(byte)
      }
    }
    throw opened
  }

  /// The variable after a `$`, in braces or not.
  private mutating func variable(isQuoted: Bool) throws(ScriptSyntaxError) -> ScriptWordPart {
    let opened = error(.badVariable)
    let isBraced = peek() == 0x7b
    if isBraced { offset += 1 }
    guard let name = bareName() else { throw opened }
    if isBraced {
      guard peek() == 0x7d else { throw opened }
      offset += 1
    }
    return .variable(name, isQuoted: isQuoted, isBraced: isBraced)
  }

  private func startsName() -> Bool {
    guard let byte = peek() else { return false }
    return ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x5f || byte == 0x7b
      || byte == 0x3f || byte == 0x2a || byte == 0x40 || byte == 0x23
  }

  private mutating func bareName() -> ByteString? {
    guard let first = peek() else { return nil }
    let start = offset
    if ASCII.isLetter(first) || first == 0x5f {
      while let byte = peek(), ASCII.isLetter(byte) || byte == 0x5f || ASCII.isDigit(byte) {
        offset += 1
      }
    } else if ASCII.isDigit(first) {
      while let byte = peek(), ASCII.isDigit(byte) { offset += 1 }
    } else if first == 0x3f || first == 0x2a || first == 0x40 || first == 0x23 {
      offset += 1
    } else {
      return nil
    }
    return source(from: start, to: offset)
  }
}
