// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A place in a menu's text.
public struct MenuPlace: Equatable, Sendable {
  /// The file, or what stands for it, such as an entry's title.
  public var file: ByteString
  /// The line, from one.
  public var line: Int
  /// The column in bytes, from one; zero where it is not known.
  public var column: Int

  /// A place in a menu's text.
  public init(file: ByteString, line: Int, column: Int = 0) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `file:line` or `file:line:column`.
  public var text: ByteString {
    column > 0 ? "\(file):\(line):\(column)" : "\(file):\(line)"
  }
}
