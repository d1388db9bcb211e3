// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Takes the text of a legacy menu apart into lines (GRUB legacy manual, "Configuration"): a `#`
/// first on a line is a comment, and a backslash before a line's end joins two lines.
struct LegacyLines: Sequence, IteratorProtocol {
  private let text: [UInt8]
  /// Where the line that comes next starts in the text.
  private(set) var offset = 0
  /// Where the line that came last starts in the text.
  private(set) var lineOffset = 0
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
      lineOffset = offset
      let whole = joinedLine()
      let line = whole.trimmed
      if line.isEmpty || line.bytes.first == 0x23 { continue }
      let blankCount = whole.bytes.prefix { ASCII.isBlank($0) }.count
      return LegacyLine(line, number: start, column: blankCount + 1)
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
