// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A line of a configuration, taken apart: a keyword in lower case, and what follows it.
struct SyslinuxLine {
  /// The keyword, in lower case.
  var keyword: ByteString
  /// What follows the keyword, without blanks at both ends.
  var rest: ByteString
  /// The line, from one.
  var number: Int
  /// Where the keyword starts, from one.
  var column: Int
  /// Where the rest starts, from one.
  var restColumn: Int

  /// The line with its keyword taken off: what follows `MENU` is a line of its own.
  var inner: SyslinuxLine {
    SyslinuxLine(rest.bytes[...], number: number, column: restColumn)
  }

  /// The words of the rest.
  var words: [ByteString] { rest.words }

  /// A line of text that starts in a column.
  init(_ text: ArraySlice<UInt8>, number: Int, column: Int = 1) {
    let body = text.drop { ASCII.isBlank($0) }
    let word = body.prefix { !ASCII.isBlank($0) }
    let tail = body.dropFirst(word.count).drop { ASCII.isBlank($0) }
    keyword = ByteString(word).lowercased
    rest = ByteString(tail).trimmed
    self.number = number
    self.column = column + (body.startIndex - text.startIndex)
    restColumn = column + (tail.startIndex - text.startIndex)
  }
}

/// Takes a text apart into the lines that are no comments and not empty.
struct SyslinuxLines: Sequence, IteratorProtocol {
  private let bytes: ArraySlice<UInt8>
  private var offset: Int
  private var number: Int

  /// The lines of a text whose first line has a number.
  init(_ text: ArraySlice<UInt8>, firstNumber: Int = 1) {
    bytes = text
    offset = text.startIndex
    number = firstNumber
  }

  /// The next line with a keyword.
  mutating func next() -> SyslinuxLine? {
    while offset < bytes.endIndex {
      let rest = bytes[offset...]
      let text = rest.prefix { $0 != ASCII.newline }
      offset += text.count + 1
      // What is longer is cut: no kernel takes as much.
      let line = SyslinuxLine(
        text.prefix(MenuLimits.syslinuxLineByteCountMax), number: number)
      number += 1
      if !line.keyword.isEmpty, line.keyword.bytes.first != 0x23 { return line }
    }
    return nil
  }
}
