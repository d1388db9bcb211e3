// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// One character of the screen.
public struct TerminalCell: Equatable, Sendable {
  /// A printable Unicode scalar.
  public var character: UInt32 = 0x20
  /// How it is shown.
  public var style = TerminalStyle()
}

/// How a character is shown: the attributes of `SGR` that matter here.
public struct TerminalStyle: Equatable, Sendable {
  /// Whether foreground and background are swapped.
  public var isReverse = false
  /// Whether it is bright.
  public var isBold = false
  /// One of the eight colours; nil is the screen's default.
  public var foreground: UInt8?
  /// The same for the background.
  public var background: UInt8?
}

/// The part of a VT100 that menu, command line and messages use: bytes go in and change a grid of
/// characters. A line feed goes to the start of the next line. Other control sequences are
/// recognised and ignored.
public struct TerminalScreen: Sendable {
  /// The longest control sequence that is recognised, in bytes.
  static let sequenceByteCountMax = 32
  /// The largest number in a control sequence.
  static let numberMax = 9999

  enum State: Equatable, Sendable {
    case ground
    case escape
    /// After `ESC (` and the like: one more byte.
    case designation
    /// After `ESC [`, with the bytes so far.
    case control([UInt8])
    /// In a string for the terminal itself (OSC and the like), up to BEL or `ESC \`.
    case text
    /// In a UTF-8 sequence that still needs bytes; `least` is its smallest legal value.
    case character(value: UInt32, missing: Int, least: UInt32)
  }

  /// The size in characters.
  public let columnCount, rowCount: Int
  /// The characters, row by row.
  public internal(set) var cells: [TerminalCell]
  /// The row of the cursor, from 0.
  public internal(set) var cursorRow = 0
  /// The column of the cursor, from 0.
  public internal(set) var cursorColumn = 0
  /// Whether the cursor is shown.
  public internal(set) var isCursorShown = true

  var style = TerminalStyle()
  var state = State.ground
  /// Set when the last column has been written: the next character starts a new line.
  var isWrapDue = false

  /// A blank screen.
  public init(columnCount: Int = 80, rowCount: Int = 24) {
    precondition(columnCount > 0 && rowCount > 0, "a screen has room for a character")
    self.columnCount = columnCount
    self.rowCount = rowCount
    cells = [TerminalCell](repeating: TerminalCell(), count: columnCount * rowCount)
  }

  /// The character in a row and a column of the screen.
  public func cell(row: Int, column: Int) -> TerminalCell { cells[row * columnCount + column] }

  /// Takes bytes of output; a sequence may be split over any number of calls.
  public mutating func write(_ bytes: [UInt8]) { for byte in bytes { take(byte) } }

  private mutating func take(_ byte: UInt8) {
    switch state {
    case .ground: ground(byte)
    case .escape: escape(byte)
    case .designation: state = .ground
    case .text: if byte == 0x07 || byte == ASCII.escape { state = byte == 0x07 ? .ground : .escape }
    case .character(let value, let missing, let least):
      guard byte & 0xc0 == 0x80 else {
        put(0xfffd)
        state = .ground
        return ground(byte)
      }
      let whole = value << 6 | UInt32(byte & 0x3f)
      guard missing > 1 else {
        state = .ground
        let isScalar = whole >= least && Unicode.Scalar(whole) != nil && whole >= 0xa0
        return put(isScalar ? whole : 0xfffd)
      }
      state = .character(value: whole, missing: missing - 1, least: least)
    case .control(var parameters):
      if byte >= 0x40, byte <= 0x7e {
        state = .ground
        return control(byte, parameters)
      }
      guard byte >= 0x20, byte < 0x7f, parameters.count < TerminalScreen.sequenceByteCountMax
      else {
        state = .ground
        if byte < 0x20 { ground(byte) }
        return
      }
      parameters.append(byte)
      state = .control(parameters)
    }
  }

  private mutating func ground(_ byte: UInt8) {
    switch byte {
    case ASCII.escape: state = .escape
    case ASCII.carriageReturn: moveCursor(row: cursorRow, column: 0)
    case ASCII.newline, 0x0b, 0x0c: feedLine()
    case 0x08: moveCursor(row: cursorRow, column: cursorColumn - 1)
    case ASCII.tab: moveCursor(row: cursorRow, column: (cursorColumn / 8 + 1) * 8)
    case 0x20...0x7e: put(UInt32(byte))
    case 0xc2...0xdf: state = .character(value: UInt32(byte & 0x1f), missing: 1, least: 0x80)
    case 0xe0...0xef: state = .character(value: UInt32(byte & 0x0f), missing: 2, least: 0x800)
    case 0xf0...0xf4: state = .character(value: UInt32(byte & 7), missing: 3, least: 0x10000)
    case 0x80...: put(0xfffd)
    default: break
    }
  }

  private mutating func escape(_ byte: UInt8) {
    state = .ground
    switch byte {
    case 0x5b: state = .control([])
    case 0x5d, 0x50, 0x58, 0x5e, 0x5f: state = .text
    case 0x20...0x2f: state = .designation
    case ASCII.escape: state = .escape
    case 0x63: self = TerminalScreen(columnCount: columnCount, rowCount: rowCount)
    default: break
    }
  }

  private mutating func put(_ character: UInt32) {
    if isWrapDue { feedLine() }
    cells[cursorRow * columnCount + cursorColumn] = TerminalCell(
      character: character, style: style)
    if cursorColumn + 1 < columnCount { cursorColumn += 1 } else { isWrapDue = true }
  }

  /// Goes to the start of the next line; scrolls at the bottom.
  private mutating func feedLine() {
    isWrapDue = false
    cursorColumn = 0
    if cursorRow + 1 < rowCount {
      cursorRow += 1
      return
    }
    cells.removeFirst(columnCount)
    cells += [TerminalCell](repeating: TerminalCell(), count: columnCount)
  }

  /// Moves the cursor, within the screen.
  mutating func moveCursor(row: Int, column: Int) {
    isWrapDue = false
    cursorRow = max(0, min(row, rowCount - 1))
    cursorColumn = max(0, min(column, columnCount - 1))
  }
}
