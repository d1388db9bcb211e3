// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The text of a block in braces.
struct ScriptBlock: Equatable {
  /// What stands between the braces.
  var text: ByteString
  /// The line that it starts on.
  var line: Int
  /// The column that it starts in.
  var column: Int
}

/// A command with its arguments.
struct ScriptInvocation {
  /// The command.
  var name: ByteString
  /// Its arguments.
  var arguments: [ByteString]
  /// The block in braces among them.
  var block: ScriptBlock?
}
