// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

extension MenuScreen {
  /// Shows the commands of an entry of the shown menu to be changed. A submenu has none, and one
  /// with very many is refused.
  public mutating func edit(index: Int) {
    stopCountdown()
    guard menu.entries.indices.contains(index) else { return }
    let entry = menu.entries[index]
    guard entry.kind == .boot else { return report("\(entry.title): a submenu has no commands") }
    guard
      let editor = EntryEditor(
        entry.source, index: index, columnCount: columnCount - 3, rowCount: listRowCount)
    else { return report("\(entry.title): too long to be changed here") }
    messages = []
    mode = .editor(editor)
  }

  /// Reacts to a key while an entry is changed. After a failed start the editor is still there.
  mutating func edit(by key: Key) -> Decision? {
    guard case .editor(var editor) = mode else { return nil }
    if key == .control(0x6c) { redraw() }
    let result = editor.react(to: key)
    mode = .editor(editor)
    switch result {
    case .boot(let source)?: return .boot(index: editor.index, source: source)
    case .left?:
      mode = .menu
      return nil
    case nil: return nil
    }
  }
}
