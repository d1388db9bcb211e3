// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

extension MenuScreen {
  /// How much of a message is kept, in bytes: more than its rows have columns.
  static let messageByteCountMax = 2048
  /// Rows for messages on a large enough terminal.
  static let messageRowCountMax = 3
  /// Rows that are always taken: title, one above and one below the list, a blank, countdown,
  /// hints.
  private static let otherRowCount = 6
  /// Messages give up rows, down to one, until this many entries fit.
  private static let listRowCountMin = 4
  /// Columns needed for the long hints.
  private static let wideColumnCount = 72

  var columnCount: Int { terminal.size.columnCount }
  private var freeRowCount: Int { terminal.size.rowCount - MenuScreen.otherRowCount }

  /// How many rows messages have.
  var messageRowCount: Int {
    max(1, min(MenuScreen.messageRowCountMax, freeRowCount - MenuScreen.listRowCountMin))
  }

  /// How many rows entries have.
  var listRowCount: Int { freeRowCount - messageRowCount }

  /// The last messages that there is room for.
  private var messageRows: [ByteString] {
    var rows: [ByteString] = []
    for message in messages { rows += MessageLines.wrap(message, width: columnCount - 2) }
    return Array(rows.suffix(messageRowCount))
  }

  /// What the screen should show. The last column stays blank, so that no terminal wraps.
  func lines(now: UInt64) -> [ScreenLine] {
    let width = columnCount - 1
    var lines = [titleLine(width)]
    lines.append(.blank)
    var note = scrollNote
    if case .editor(let editor) = mode {
      lines += editor.rows.map { ScreenLine(text: $0.indented) }
      note = ""
    } else if showsOnlyCountdown {
      note = ""
    } else {
      lines += listLines(width)
    }
    while lines.count < 2 + listRowCount { lines.append(.blank) }
    lines.append(plain(note, width))
    let messageRows = messageRows
    for index in 0..<messageRowCount {
      lines.append(index < messageRows.count ? plain(" " + messageRows[index], width) : .blank)
    }
    lines.append(.blank)
    if case .prompt(let prompt) = mode {
      lines.append(plain(" Locked: \(prompt.subject)", width))
      lines.append(ScreenLine(text: ScreenText(" \(prompt.line)").ending(in: width)))
    } else {
      lines.append(plain(countdown(now: now), width))
      lines.append(plain(hints, width))
    }
    return lines
  }

  /// Where the cursor is shown; only an editor has one.
  var cursor: ScreenPlace? {
    guard case .editor(let editor) = mode else { return nil }
    let place = editor.cursorPlace
    return ScreenPlace(row: place.row + 2, column: place.column + 1)
  }

  private func plain(_ text: ByteString, _ width: Int) -> ScreenLine {
    ScreenLine(text: fitted(text, width))
  }

  private func titleLine(_ width: Int) -> ScreenLine {
    var text: ByteString = " \(title)"
    for page in pages.dropFirst() { text += " > \(page.title)" }
    if case .editor(let editor) = mode, menu.entries.indices.contains(editor.index) {
      text += " > \(menu.entries[editor.index].title)"
    }
    return ScreenLine(
      text: fitted(text, width).padded(to: width), isHighlighted: true)
  }

  /// The start of a text, as long as it fits.
  private func fitted(_ text: ByteString, _ width: Int) -> ScreenText {
    ScreenText(text, countMax: width + 1).fitted(to: width)
  }

  private func listLines(_ width: Int) -> [ScreenLine] {
    guard let page = pages.last else { return [] }
    var lines: [ScreenLine] = []
    for place in page.top..<min(page.top + listRowCount, page.rows.count) {
      let entry = page.menu.entries[page.rows[place]]
      let mark: ByteString = place == page.selected ? "*" : " "
      let arrow: ByteString = entry.kind == .submenu ? " ->" : ""
      let title = fitted(" \(mark) \(entry.title)\(arrow)", width)
      if place == page.selected {
        lines.append(ScreenLine(text: title.padded(to: width), isHighlighted: true))
      } else {
        lines.append(ScreenLine(text: title))
      }
    }
    return lines
  }

  private var scrollNote: ByteString {
    guard let page = pages.last, page.rows.count > listRowCount else { return "" }
    let last = min(page.top + listRowCount, page.rows.count)
    return " entries \(page.top + 1) to \(last) of \(page.rows.count)"
  }

  private func countdown(now: UInt64) -> ByteString {
    guard let seconds = secondsLeft(now: now), let page = pages.first,
      let selection = page.menu.defaultSelection
    else { return "" }
    let title = page.menu.entries[selection.index].title
    return " Starting in \(seconds) s (any key stops): \(title)"
  }

  private var hints: ByteString {
    if showsOnlyCountdown { return " Press any key for the menu." }
    let isWide = columnCount >= MenuScreen.wideColumnCount
    if case .editor = mode {
      return isWide
        ? " ^X or F10 starts, Esc back, Tab completes, ^A ^E ^K ^Y as in a shell"
        : " ^X starts, Esc back, Tab completes"
    }
    let back: ByteString = depth == 0 ? "" : isWide ? ", Esc back" : ", Esc"
    let unlock: ByteString = hasUnlockKey ? isWide ? ", p password" : ", p" : ""
    if !isWide { return " Enter starts\(back), e changes, c\(unlock)" }
    return " Up/Down select, Enter starts\(back), e changes, c command line\(unlock)"
  }
}
