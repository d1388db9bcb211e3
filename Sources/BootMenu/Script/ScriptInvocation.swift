// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The text of a block in braces.
final class ScriptBlock {
  /// What stands between the braces: a part of the script's text, which is not copied.
  let text: ArraySlice<UInt8>
  /// The line that it starts on.
  let line: Int
  /// The column that it starts in.
  let column: Int

  /// The text of a block, and where it starts.
  init(text: ArraySlice<UInt8>, line: Int, column: Int) {
    self.text = text
    self.line = line
    self.column = column
  }
}

/// A command with its arguments.
final class ScriptInvocation {
  /// The command.
  let name: ByteString
  /// Its arguments.
  let arguments: [ByteString]
  /// The block in braces among them.
  let block: ScriptBlock?

  /// A command with its arguments.
  init(name: ByteString, arguments: [ByteString], block: ScriptBlock?) {
    self.name = name
    self.arguments = arguments
    self.block = block
  }
}
