// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Writes text so that a script has it as words of a command.
enum ScriptText {
  /// A text as one word, in quotes if it has bytes that mean something to a script.
  static func word(_ text: ByteString) -> ByteString {
    let isPlain = text.bytes.allSatisfy {
      ASCII.isLetter($0) || ASCII.isDigit($0) || plain.contains($0) || $0 >= 0x80
    }
    if isPlain, !text.isEmpty { return text }
    var result: ByteString = "'"
    for byte in text.bytes {
      // A quote can't stand inside of quotes.
      if byte == 0x27 { result += "'\\''" } else { result.append(byte) }
    }
    return result + "'"
  }

  private static let plain: [UInt8] = Array("/.,_-+=@:%()~^".utf8)

  /// Arguments in which quotes and backslashes are a script's already: what would end the command
  /// outside of quotes gets a backslash, and so does a `$` that begins no variable; every one does
  /// if that is wanted.
  static func arguments(_ text: ByteString, quotesVariables: Bool = false) -> ByteString {
    var result = ByteString()
    var quote: UInt8?
    var isEscaped = false
    // Up to here braces belong to a variable.
    var variableEnd = 0
    for (index, byte) in text.bytes.enumerated() {
      if isEscaped {
        isEscaped = false
      } else if byte == 0x5c, quote != 0x27 {
        isEscaped = true
      } else if byte == quote {
        quote = nil
      } else if quote == nil, byte == 0x22 || byte == 0x27 {
        quote = byte
      } else if byte == 0x24, quote != 0x27 {
        let end = quotesVariables ? index : Self.variableEnd(in: text.bytes, from: index)
        if end == index { result.append(0x5c) }
        variableEnd = max(variableEnd, end)
      } else if quote == nil, index >= variableEnd, endings.contains(byte) {
        result.append(0x5c)
      }
      result.append(byte)
    }
    // A quote that is never closed would take the next lines with it.
    if let quote { result.append(quote) }
    if isEscaped { result.append(0x5c) }
    return result
  }

  /// After the variable that begins with a `$`; at the `$` itself if it begins none.
  private static func variableEnd(in bytes: [UInt8], from start: Int) -> Int {
    let isBraced = start + 1 < bytes.count && bytes[start + 1] == 0x7b
    let nameStart = start + (isBraced ? 2 : 1)
    guard nameStart < bytes.count else { return start }
    var end = nameStart
    if [0x3f, 0x2a, 0x40, 0x23].contains(bytes[end]) {
      end += 1
    } else if ASCII.isDigit(bytes[end]) {
      while end < bytes.count, ASCII.isDigit(bytes[end]) { end += 1 }
    } else {
      while end < bytes.count,
        ASCII.isLetter(bytes[end]) || ASCII.isDigit(bytes[end]) || bytes[end] == 0x5f
      { end += 1 }
    }
    if end == nameStart { return start }
    guard isBraced else { return end }
    return end < bytes.count && bytes[end] == 0x7d ? end + 1 : start
  }

  private static let endings: [UInt8] = Array(";&|<>{}#".utf8)
}
