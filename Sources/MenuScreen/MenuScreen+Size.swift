// SPDX-License-Identifier: GPL-2.0-or-later

/// The menu on terminals that are not 80 by 24.
extension MenuScreen {
  /// Handles what the terminal sent: a key, or its size.
  mutating func take(_ key: Key) -> Decision? {
    if case .size(let size) = key {
      if terminal.take(size) { resize() }
      return nil
    }
    terminal.takeKey()
    if key == .control(0x6c) {
      painter.forget()
      terminal.askAgain()
    }
    return react(to: key)
  }

  /// Takes over what the command line has learned about the terminal.
  public mutating func adopt(_ terminal: TerminalSizing) {
    let isOther = terminal.size != self.terminal.size
    self.terminal = terminal
    if isOther { resize() }
  }

  /// Lays everything out again for the terminal's size.
  private mutating func resize() {
    painter.forget()
    for index in pages.indices { pages[index] = scrolled(pages[index]) }
    guard case .editor(var editor) = mode else { return }
    editor.resize(
      columnCount: columnCount - EntryEditor.marginColumnCount, rowCount: listRowCount)
    mode = .editor(editor)
  }
}
