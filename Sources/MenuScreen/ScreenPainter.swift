// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A line of the screen.
struct ScreenLine: Equatable {
  /// Its text, at most as wide as the screen.
  var text: ScreenText
  /// Whether it is shown in reverse.
  var isHighlighted = false

  /// A line with nothing on it.
  static let blank = ScreenLine(text: ScreenText(""))
}

/// A place on the screen, from zero.
struct ScreenPlace: Equatable {
  /// The row.
  var row: Int
  /// The column.
  var column: Int
}

/// Turns what a VT100 shows into what it should show. Each line is rewritten from its first
/// difference on, to save bytes: a console ring has 2 KiB, and a serial line may be slow.
struct ScreenPainter {
  private var shown: [ScreenLine] = []
  private var isKnown = false
  private var cursor: ScreenPlace?

  /// Forgets what is shown: the next call starts with a blank screen.
  mutating func forget() { isKnown = false }

  /// The bytes that make the screen show `lines`, with the cursor at a place or hidden.
  mutating func paint(_ lines: [ScreenLine], cursor wanted: ScreenPlace? = nil) -> ByteString {
    var output = ByteString()
    if !isKnown || shown.count != lines.count {
      output += "\u{1b}[0m\u{1b}[?25l\u{1b}[2J"
      shown = lines.map { _ in ScreenLine.blank }
      isKnown = true
      cursor = nil
    } else if cursor != nil, wanted == nil {
      output += "\u{1b}[?25l"
    }
    for row in lines.indices where lines[row] != shown[row] {
      paint(lines[row], over: shown[row], row: row, to: &output)
    }
    shown = lines
    if let wanted, wanted != cursor || !output.isEmpty {
      output += "\u{1b}[\(wanted.row + 1);\(wanted.column + 1)H"
      if cursor == nil { output += "\u{1b}[?25h" }
    }
    cursor = wanted
    return output
  }

  private func paint(
    _ line: ScreenLine, over old: ScreenLine, row: Int, to output: inout ByteString
  ) {
    var column = 0
    if line.isHighlighted == old.isHighlighted {
      column = zip(line.text.cells, old.text.cells).prefix { $0 == $1 }.count
    }
    output += "\u{1b}[\(row + 1);\(column + 1)H"
    if line.isHighlighted { output += "\u{1b}[7m" }
    for cell in line.text.cells.dropFirst(column) { output += ByteString(cell) }
    if line.isHighlighted { output += "\u{1b}[0m" }
    if line.text.count < old.text.count { output += "\u{1b}[K" }
  }
}
