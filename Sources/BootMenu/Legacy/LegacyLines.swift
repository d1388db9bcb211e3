// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Takes the text of a legacy menu apart into lines (GRUB legacy manual, "Configuration"): a `#`
/// first on a line is a comment, and a backslash before a line's end joins two lines.
struct LegacyLines: Sequence, IteratorProtocol {
  private let text: ArraySlice<UInt8>
  /// Where the line that comes next starts in the text.
  private(set) var offset: Int
  /// Where the line that came last starts in the text.
  private(set) var lineOffset: Int
  private var number: Int

  /// The lines of a text whose first line has a number.
  init(_ text: ArraySlice<UInt8>, firstNumber: Int = 1) {
    self.text = text
    offset = text.startIndex
    lineOffset = offset
    number = firstNumber
  }

  /// The next line that has a command.
  mutating func next() -> LegacyLine? {
    while offset < text.endIndex {
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
    var line: [UInt8] = []
    // The spaces in front, as far as they have been counted.
    var spaceCount = 0
    while offset < text.endIndex {
      let byte = text[offset]
      offset += 1
      if byte == ASCII.newline {
        number += 1
        while spaceCount < line.count, line[spaceCount] == ASCII.space { spaceCount += 1 }
        let isComment = spaceCount < line.count && line[spaceCount] == 0x23
        guard line.last == 0x5c, !isComment else { return ByteString(line) }
        line[line.count - 1] = ASCII.space
      } else if byte != ASCII.carriageReturn, line.count < MenuLimits.legacyLineByteCountMax {
        line.append(byte == ASCII.tab ? ASCII.space : byte)
      }
    }
    return ByteString(line)
  }
}
