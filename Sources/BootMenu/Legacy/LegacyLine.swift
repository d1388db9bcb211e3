// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A command line of a legacy menu.
struct LegacyLine: Equatable {
  /// The command, in lower case.
  var command: ByteString
  /// What follows it and the blanks or `=` after it, without blanks at the end.
  var rest: ByteString
  /// The text of the whole line.
  var text: ByteString
  /// The line that it starts on, from one.
  var number: Int
  /// Where the command starts in it, from one.
  var column: Int

  /// A line taken apart: blanks or `=` separate the command from its arguments.
  init(_ text: ByteString, number: Int = 0, column: Int = 1) {
    self.text = text
    self.number = number
    self.column = column
    let isSeparator = { (byte: UInt8) in ASCII.isBlank(byte) || byte == 0x3d }
    let name = text.bytes.prefix { !isSeparator($0) }
    command = ByteString(Array(name)).lowercased
    rest = ByteString(Array(text.bytes.dropFirst(name.count).drop(while: isSeparator))).trimmed
  }

  /// The arguments, separated by blanks.
  var arguments: [ByteString] { rest.words }
}
