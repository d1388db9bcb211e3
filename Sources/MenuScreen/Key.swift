// SPDX-License-Identifier: GPL-2.0-or-later

/// A key of a terminal.
public enum Key: Equatable, Sendable {
  /// Enter.
  case enter
  /// Escape by itself.
  case escape
  /// An arrow key.
  case up, down, left, right
  /// Home or End.
  case home, end
  /// Page Up or Page Down.
  case pageUp, pageDown
  /// Backspace; terminals send 0x08 or 0x7f.
  case backspace
  /// Delete.
  case delete
  /// Tab.
  case tab
  /// The key F10.
  case f10
  /// Control and a letter, as lower case.
  case control(UInt8)
  /// A byte of text: ASCII, or part of a UTF-8 sequence.
  case text(UInt8)
  /// Not a key: the terminal's answer to `TerminalSizing.question`.
  case size(TerminalSize)
  /// An unknown key.
  case unknown
}
