// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The word at the end of an unfinished line, as GRUB 2 splits lines.
struct CompletionPlace {
  /// The word without quotes; of `NAME=VALUE` the value.
  private(set) var word: ByteString = ""
  /// Whether the word is the name of a command.
  private(set) var isCommand = true
  /// The quote that is open.
  private var quote: UInt8?

  /// Words after which another command's name comes.
  private static let openers: StaticString = "time ! if elif then else while until do"

  /// The place after `text`.
  init(_ text: ByteString) {
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in text.bytes {
      if isEscaped {
        bytes.append(byte)
        isEscaped = false
      } else if byte == 0x5c, quote != 0x27 {
        isEscaped = true
      } else if let open = quote {
        if byte == open { quote = nil } else { bytes.append(byte) }
      } else if byte == 0x22 || byte == 0x27 {
        quote = byte
      } else if Self.endsCommand(byte) {
        bytes = []
        isCommand = true
      } else if ASCII.isBlank(byte) {
        if !bytes.isEmpty { isCommand = isCommand && ByteString(bytes).isWord(of: Self.openers) }
        bytes = []
      } else {
        bytes.append(byte)
      }
    }
    if let equals = bytes.lastIndex(of: 0x3d) {
      bytes.removeFirst(equals + 1)
      isCommand = false
    }
    word = ByteString(bytes)
  }

  /// `;`, `{`, `}`, `|`, `&` or a line's end.
  private static func endsCommand(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x3b, 0x7b, 0x7d, 0x7c, 0x26, ASCII.newline: true
    default: false
    }
  }

  /// What ends a whole word: its quote, if one is open, and a blank.
  var end: ByteString { quote.map { ByteString([$0, ASCII.space]) } ?? " " }

  /// A part of a name, quoted as this place needs it.
  func quoted(_ part: ByteString) -> ByteString {
    if quote == 0x27 { return part }
    var result = ByteString()
    for byte in part.bytes {
      let isSpecial: Bool =
        switch byte {
        case 0x5c, 0x22, 0x24: true
        case 0x27, 0x23, 0x2a, 0x3c, 0x3e, 0x3f: quote == nil
        default: quote == nil && (ASCII.isBlank(byte) || Self.endsCommand(byte))
        }
      if isSpecial { result.append(0x5c) }
      result.append(byte)
    }
    return result
  }
}
