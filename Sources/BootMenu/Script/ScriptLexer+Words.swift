// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A part of a word of a script: ranges of the text.
enum ScriptWordPart {
  /// Text as it is. Quoted text makes an argument even if it is empty.
  case text(Range<Int>, isQuoted: Bool)
  /// The value of a variable of this name. An unquoted one is split at blanks. A braced one was
  /// written `${x}`.
  case variable(Range<Int>, isQuoted: Bool, isBraced: Bool)
}

extension ScriptLexer {
  /// The next part of the word at the present place; nil where the word ends.
  mutating func nextPart() throws(ScriptSyntaxError) -> ScriptWordPart? {
    while true {
      if quote != .none {
        if let part = try quotedPart() { return part }
        continue
      }
      guard let byte = peek(), !ScriptLexer.endsWord(byte) else { return nil }
      switch byte {
      case 0x5c:
        if let part = try escapedPart() { return part }
      case 0x27:
        position.offset += 1
        return .text(try singleQuoted(), isQuoted: true)
      case 0x22:
        position.offset += 1
        open(.double)
      case 0x24:
        position.offset += 1
        guard peek() == 0x22 else { return try variable(isQuoted: false) }
        position.offset += 1
        open(.translated)
      default: return .text(plain(), isQuoted: false)
      }
    }
  }

  /// The bytes up to the next one that means something.
  private mutating func plain() -> Range<Int> {
    let start = offset
    var stop = start
    while stop < end {
      let byte = text[stop]
      if byte == 0x5c || byte == 0x27 || byte == 0x22 || byte == 0x24 { break }
      if ScriptLexer.endsWord(byte) { break }
      stop += 1
    }
    position.offset = stop
    return start..<stop
  }

  /// What a backslash stands for; nil if it stands for nothing, before a line's end.
  private mutating func escapedPart() throws(ScriptSyntaxError) -> ScriptWordPart? {
    let start = offset
    guard let escaped = peek(1) else {
      position.offset += 1
      return nil
    }
    position.offset += 2
    if escaped == ASCII.newline {
      startLine()
      if peek() == nil { throw error(.missing("the line that it goes on in")) }
      return nil
    }
    // `\xHH` stays as it is, as in Red Hat's GRUB.
    let isByte =
      escaped == 0x78 && LoaderCommandLine.isHexDigit(peek(0))
      && LoaderCommandLine.isHexDigit(peek(1))
    return .text((isByte ? start : start + 1)..<offset, isQuoted: true)
  }

  private mutating func singleQuoted() throws(ScriptSyntaxError) -> Range<Int> {
    let opened = position
    while let byte = peek() {
      position.offset += 1
      if byte == ASCII.newline { startLine() }
      if byte == 0x27 { return opened.offset..<(offset - 1) }
    }
    throw ScriptSyntaxError(reason: .unterminatedQuote, at: opened)
  }

  private mutating func open(_ kind: Quote) {
    quote = kind
    quoteStart = position
    hasPart = false
  }

  /// The next part inside of double quotes; nil once they are closed. A backslash stands for itself
  /// except before `$`, `"`, `\` and a line's end. In text to be translated, which is `$"text"`, a
  /// `$` may stand for itself.
  private mutating func quotedPart() throws(ScriptSyntaxError) -> ScriptWordPart? {
    var start = offset
    while let byte = peek() {
      switch byte {
      case 0x22:
        if offset > start { return quoted(start..<offset) }
        position.offset += 1
        quote = .none
        return hasPart ? nil : .text(start..<start, isQuoted: true)
      case 0x5c:
        guard let escaped = peek(1) else {
          position.offset += 1
          continue
        }
        if escaped == 0x24 || escaped == 0x22 || escaped == 0x5c || escaped == ASCII.newline {
          if offset > start { return quoted(start..<offset) }
          position.offset += 2
          start = offset - 1
          if escaped == ASCII.newline {
            startLine()
            start = offset
          }
        } else {
          position.offset += 2
        }
      case 0x24:
        if quote == .translated, !startsName(peek(1)) {
          position.offset += 1
          continue
        }
        if offset > start { return quoted(start..<offset) }
        position.offset += 1
        hasPart = true
        return try variable(isQuoted: true)
      default:
        position.offset += 1
        if byte == ASCII.newline { startLine() }
      }
    }
    quote = .none
    throw ScriptSyntaxError(reason: .unterminatedQuote, at: quoteStart)
  }

  private mutating func quoted(_ range: Range<Int>) -> ScriptWordPart {
    hasPart = true
    return .text(range, isQuoted: true)
  }

  /// The variable after a `$`, in braces or not.
  private mutating func variable(isQuoted: Bool) throws(ScriptSyntaxError) -> ScriptWordPart {
    let opened = position
    let isBraced = peek() == 0x7b
    if isBraced { position.offset += 1 }
    guard let name = bareName(), !isBraced || peek() == 0x7d else {
      quote = .none
      throw ScriptSyntaxError(reason: .badVariable, at: opened)
    }
    if isBraced { position.offset += 1 }
    return .variable(name, isQuoted: isQuoted, isBraced: isBraced)
  }

  private func startsName(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x5f || byte == 0x7b
      || byte == 0x3f || byte == 0x2a || byte == 0x40 || byte == 0x23
  }

  private mutating func bareName() -> Range<Int>? {
    guard let first = peek() else { return nil }
    let start = offset
    if ASCII.isLetter(first) || first == 0x5f {
      while let byte = peek(), ASCII.isLetter(byte) || byte == 0x5f || ASCII.isDigit(byte) {
        position.offset += 1
      }
    } else if ASCII.isDigit(first) {
      while let byte = peek(), ASCII.isDigit(byte) { position.offset += 1 }
    } else if first == 0x3f || first == 0x2a || first == 0x40 || first == 0x23 {
      position.offset += 1
    } else {
      return nil
    }
    return start..<offset
  }
}
