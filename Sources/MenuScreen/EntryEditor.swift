// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// An editor for the commands of an entry, as a state machine. Lines that are wider than the screen
/// wrap.
struct EntryEditor: Sendable {
  /// The longest text in bytes; further typing is ignored.
  static let byteCountMax = 64 << 10

  /// Columns that a line can't use: a blank, one for the cursor, and the last, which stays free.
  static let marginColumnCount = 3

  /// How it ends.
  enum Result {
    /// Start the entry with this text.
    case boot(ByteString)
    /// By Escape.
    case left
    /// By Tab; the caller answers with `complete`, and the editor goes on.
    case completion(CompletionRequest)
  }

  /// A line, one element per column.
  typealias Line = [[UInt8]]

  /// The entry's index in the menu.
  let index: Int
  /// The columns of the screen that a line may take.
  private(set) var columnCount: Int
  /// The rows of the screen.
  private(set) var rowCount: Int
  private(set) var lines: [Line]
  /// The cursor's line, and its column there, which may be just behind the end.
  private(set) var cursor = (line: 0, column: 0)
  private var cut: Line = []
  private var byteCount: Int
  private var top = 0

  /// An editor for a text; nil if it is too long.
  init?(_ text: ByteString, index: Int, columnCount: Int, rowCount: Int) {
    guard text.count <= EntryEditor.byteCountMax else { return nil }
    self.index = index
    self.columnCount = max(columnCount, 4)
    self.rowCount = max(rowCount, 1)
    lines = text.split(on: ASCII.newline).map { EntryEditor.line($0.bytes) }
    byteCount = text.count
    // A line feed at the very end does not start another line.
    if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
  }

  /// Wraps the text for a screen of another size.
  mutating func resize(columnCount: Int, rowCount: Int) {
    self.columnCount = max(columnCount, 4)
    self.rowCount = max(rowCount, 1)
    scroll()
  }

  /// The text as it is now.
  var text: ByteString {
    var result = ByteString()
    for line in lines {
      for character in line { result.bytes += character }
      result.append(ASCII.newline)
    }
    return result
  }

  private static func line(_ bytes: [UInt8]) -> Line {
    var result: Line = []
    var index = 0
    while index < bytes.count {
      let count = max(ScreenText.characterByteCount(bytes, at: index), 1)
      result.append(Array(bytes[index..<(index + count)]))
      index += count
    }
    return result
  }

  /// Reacts to a key.
  mutating func react(to key: Key) -> Result? {
    switch key {
    case .escape: return .left
    case .f10, .control(0x78): return .boot(text)
    case .text(let byte): insert(byte)
    case .enter: split()
    case .tab: return .completion(completionRequest)
    case .backspace: removeBackwards()
    case .delete, .control(0x64): removeForwards()
    case .control(0x6b): cutForwards()
    case .control(0x75): cutBackwards()
    case .control(0x79): paste()
    default: move(by: key)
    }
    scroll()
    return nil
  }
}

// MARK: Changes

extension EntryEditor {
  /// The text in front of the cursor, with the rest of its line.
  private var completionRequest: CompletionRequest {
    var before = ByteString()
    for line in lines[..<cursor.line] {
      for character in line { before.bytes += character }
      before.append(ASCII.newline)
    }
    var text = ByteString()
    for character in lines[cursor.line] { text.bytes += character }
    let front = lines[cursor.line][..<min(cursor.column, lines[cursor.line].count)]
    return CompletionRequest(
      before: before, line: text, cursor: front.reduce(0) { $0 + $1.count })
  }

  /// Inserts a completion.
  mutating func insert(_ text: ByteString) {
    for byte in text.bytes { insert(byte) }
    scroll()
  }

  private mutating func insert(_ byte: UInt8) {
    guard byteCount < EntryEditor.byteCountMax else { return }
    byteCount += 1
    let (line, column) = cursor
    // A terminal sends a character's bytes one by one.
    if byte & 0xc0 == 0x80, column > 0, EntryEditor.isIncomplete(lines[line][column - 1]) {
      lines[line][column - 1].append(byte)
    } else {
      lines[line].insert([byte], at: column)
      cursor.column += 1
    }
  }

  /// Whether the bytes are the start of a UTF-8 character.
  private static func isIncomplete(_ character: [UInt8]) -> Bool {
    guard let first = character.first, first >= 0xc2 else { return false }
    return character.count < (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2)
  }

  private mutating func split() {
    guard byteCount < EntryEditor.byteCountMax else { return }
    byteCount += 1
    let tail = Array(lines[cursor.line][cursor.column...])
    lines[cursor.line].removeLast(tail.count)
    lines.insert(tail, at: cursor.line + 1)
    cursor = (cursor.line + 1, 0)
  }

  private mutating func removeBackwards() {
    if cursor.column > 0 {
      cursor.column -= 1
      byteCount -= lines[cursor.line].remove(at: cursor.column).count
    } else if cursor.line > 0 {
      cursor = (cursor.line - 1, lines[cursor.line - 1].count)
      joinNext()
    }
  }

  private mutating func removeForwards() {
    if cursor.column < lines[cursor.line].count {
      byteCount -= lines[cursor.line].remove(at: cursor.column).count
    } else if cursor.line + 1 < lines.count {
      joinNext()
    }
  }

  /// Joins the next line to the cursor's.
  private mutating func joinNext() {
    byteCount -= 1
    lines[cursor.line] += lines.remove(at: cursor.line + 1)
  }

  /// Cuts to the end of the line; at its end, joins the next line.
  private mutating func cutForwards() {
    guard cursor.column < lines[cursor.line].count else { return removeForwards() }
    cut = Array(lines[cursor.line][cursor.column...])
    lines[cursor.line].removeLast(cut.count)
    byteCount -= EntryEditor.byteCount(of: cut)
  }

  private mutating func cutBackwards() {
    cut = Array(lines[cursor.line][..<cursor.column])
    lines[cursor.line].removeFirst(cut.count)
    byteCount -= EntryEditor.byteCount(of: cut)
    cursor.column = 0
  }

  private mutating func paste() {
    let added = EntryEditor.byteCount(of: cut)
    guard byteCount + added <= EntryEditor.byteCountMax else { return }
    byteCount += added
    lines[cursor.line].insert(contentsOf: cut, at: cursor.column)
    cursor.column += cut.count
  }

  private static func byteCount(of line: Line) -> Int { line.reduce(0) { $0 + $1.count } }
}

// MARK: Moves

extension EntryEditor {
  private mutating func move(by key: Key) {
    let count = lines[cursor.line].count
    switch key {
    case .left, .control(0x62):
      if cursor.column > 0 {
        cursor.column -= 1
      } else if cursor.line > 0 {
        cursor = (cursor.line - 1, lines[cursor.line - 1].count)
      }
    case .right, .control(0x66):
      if cursor.column < count {
        cursor.column += 1
      } else if cursor.line + 1 < lines.count {
        cursor = (cursor.line + 1, 0)
      }
    case .home, .control(0x61): cursor.column = 0
    case .end, .control(0x65): cursor.column = count
    case .up, .control(0x70): moveUp()
    case .down, .control(0x6e): moveDown()
    case .pageUp: for _ in 0..<rowCount { moveUp() }
    case .pageDown: for _ in 0..<rowCount { moveDown() }
    default: break
    }
  }

  private mutating func moveUp() {
    if cursor.column >= columnCount {
      cursor.column -= columnCount
    } else if cursor.line > 0 {
      let count = lines[cursor.line - 1].count
      let lastRow = count / columnCount * columnCount
      cursor = (cursor.line - 1, min(lastRow + cursor.column, count))
    }
  }

  private mutating func moveDown() {
    let count = lines[cursor.line].count
    if cursor.column / columnCount < count / columnCount {
      cursor.column = min(cursor.column + columnCount, count)
    } else if cursor.line + 1 < lines.count {
      let column = cursor.column % columnCount
      cursor = (cursor.line + 1, min(column, lines[cursor.line + 1].count))
    }
  }
}

// MARK: Rows

extension EntryEditor {
  /// The rows that a line takes, with room for a cursor behind its end.
  private func rowCount(of line: Line) -> Int { line.count / columnCount + 1 }

  /// The cursor's row, counted from the first of the text.
  private var cursorRow: Int {
    var row = cursor.column / columnCount
    for line in lines[..<cursor.line] { row += rowCount(of: line) }
    return row
  }

  /// Keeps the cursor on the screen.
  fileprivate mutating func scroll() {
    let row = cursorRow
    top = min(top, row)
    if row >= top + rowCount { top = row - rowCount + 1 }
  }

  /// The cursor's place on the screen, counted from the editor's first row.
  var cursorPlace: ScreenPlace {
    ScreenPlace(row: cursorRow - top, column: cursor.column % columnCount)
  }

  /// The rows on the screen.
  var rows: [ScreenText] {
    var result: [ScreenText] = []
    var row = 0
    for line in lines {
      for part in 0..<rowCount(of: line) {
        if row >= top + rowCount { return result }
        if row >= top {
          let start = part * columnCount
          let characters = line[start..<min(start + columnCount, line.count)]
          result.append(ScreenText(characters: characters))
        }
        row += 1
      }
    }
    return result
  }
}
