// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A command line of a legacy menu.
struct LegacyLine: Equatable {
  /// The command, in small letters.
  var command: ByteString
  /// What follows it and the blanks or `=` behind it, without blanks at the end.
  var rest: ByteString
  /// The text of the whole line.
  var text: ByteString
  /// The line that it starts on, from one.
  var number: Int

  /// A line taken apart: blanks or `=` separate the command from its arguments.
  init(_ text: ByteString, number: Int) {
    self.text = text
    self.number = number
    let isSeparator = { (byte: UInt8) in ASCII.isBlank(byte) || byte == 0x3d }
    let name = text.bytes.prefix { !isSeparator($0) }
    command = ByteString(Array(name)).lowercased
    rest = ByteString(Array(text.bytes.dropFirst(name.count).drop(while: isSeparator))).trimmed
  }

  /// The arguments, separated by blanks.
  var arguments: [ByteString] {
    rest.bytes.split { ASCII.isBlank($0) }.map { ByteString($0) }
  }
}

/// Takes the text of a legacy menu apart into lines (GRUB legacy manual, "Configuration"): a `#`
/// first on a line is a comment, and a backslash before a line's end joins two lines.
struct LegacyLines: Sequence, IteratorProtocol {
  private let text: [UInt8]
  private var offset = 0
  private var number: Int

  /// The lines of a text whose first line has a number.
  init(_ text: ByteString, firstNumber: Int = 1) {
    self.text = text.bytes
    number = firstNumber
  }

  /// The next line that has a command.
  mutating func next() -> LegacyLine? {
    while offset < text.count {
      let start = number
      let line = joinedLine().trimmed
      if line.isEmpty || line.bytes.first == 0x23 { continue }
      return LegacyLine(line, number: start)
    }
    return nil
  }

  private mutating func joinedLine() -> ByteString {
    var line = ByteString()
    while offset < text.count {
      let byte = text[offset]
      offset += 1
      if byte == ASCII.newline {
        number += 1
        guard line.bytes.last == 0x5c, !isComment(line) else { return line }
        line.bytes.removeLast()
        line.append(ASCII.space)
      } else if byte != ASCII.carriageReturn, line.count < MenuLimits.legacyLineByteCountMax {
        line.append(byte == ASCII.tab ? ASCII.space : byte)
      }
    }
    return line
  }

  private func isComment(_ line: ByteString) -> Bool {
    line.bytes.first { $0 != ASCII.space } == 0x23
  }
}
