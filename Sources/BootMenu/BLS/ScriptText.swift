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
  /// outside of quotes gets a backslash, and if it is so wanted what would be a variable.
  static func arguments(_ text: ByteString, quotesVariables: Bool = false) -> ByteString {
    var result = ByteString()
    var quote: UInt8?
    var isEscaped = false
    for byte in text.bytes {
      if isEscaped {
        isEscaped = false
      } else if byte == 0x5c, quote != 0x27 {
        isEscaped = true
      } else if byte == quote {
        quote = nil
      } else if quote == nil, byte == 0x22 || byte == 0x27 {
        quote = byte
      } else if quotesVariables, byte == 0x24, quote != 0x27 {
        result.append(0x5c)
      } else if quote == nil, endings.contains(byte) {
        result.append(0x5c)
      }
      result.append(byte)
    }
    // A quote that is never closed would take the next lines with it.
    if let quote { result.append(quote) }
    if isEscaped { result.append(0x5c) }
    return result
  }

  private static let endings: [UInt8] = Array(";&|<>{}#".utf8)
}
