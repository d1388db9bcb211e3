// SPDX-License-Identifier: GPL-2.0-or-later

/// A key of a terminal.
public enum Key: Equatable, Sendable {
  /// Enter.
  case enter
  /// Escape, alone.
  case escape
  /// An arrow key.
  case up, down, left, right
  /// The first or the last place.
  case home, end
  /// A screen back or forth.
  case pageUp, pageDown
  /// Removes what is before the cursor; terminals send 0x08 or 0x7f.
  case backspace
  /// Removes what is under the cursor.
  case delete
  /// Tab.
  case tab
  /// The key F10.
  case f10
  /// Control and a letter, given as the small letter.
  case control(UInt8)
  /// A byte of text: ASCII, or a part of a UTF-8 sequence.
  case text(UInt8)
  /// No key: the terminal's answer to `TerminalSizing.question`.
  case size(TerminalSize)
  /// A key that nothing is known about.
  case unknown
}
