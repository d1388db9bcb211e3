// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
import Bytes

extension MenuScreen {
  /// Opens the editor on the commands of an entry of the current menu. Refuses submenus, which have
  /// none, and texts that are too long.
  public mutating func edit(index: Int) {
    stopCountdown()
    guard menu.entries.indices.contains(index) else { return }
    let entry = menu.entries[index]
    guard entry.kind == .boot else { return report("\(entry.title): a submenu has no commands") }
    guard
      let editor = EntryEditor(
        entry.source, index: index, columnCount: columnCount - EntryEditor.marginColumnCount,
        rowCount: listRowCount)
    else { return report("\(entry.title): too long to edit here") }
    messages = []
    mode = .editor(editor)
  }

  /// Handles a key in the editor. After a failed start the editor is still open.
  mutating func edit(by key: Key) -> Decision? {
    guard case .editor(var editor) = mode else { return nil }
    if key == .tab {
      tabCount += 1
    } else {
      if tabCount > 0 { messages = [] }
      tabCount = 0
    }
    let result = editor.react(to: key)
    mode = .editor(editor)
    switch result {
    case .boot(let source)?: return .boot(index: editor.index, source: source)
    case .completion(let request)?: return .complete(request)
    case .left?:
      mode = .menu
      return nil
    case nil: return nil
    }
  }

  /// Inserts a completion. A second Tab in a row lists the choices.
  public mutating func complete(_ completion: Completion) {
    guard case .editor(var editor) = mode else { return }
    if !completion.insertion.isEmpty {
      editor.insert(completion.insertion)
      mode = .editor(editor)
      tabCount = 0
      messages = []
    } else if completion.choices.count > 1, tabCount > 1 {
      let rows = MessageLines.wrap(completion.list, width: columnCount - 2)
      messages = Array(rows.prefix(messageRowCount))
      if rows.count > messages.count { messages[messages.count - 1] = "... and more" }
    }
  }
}
