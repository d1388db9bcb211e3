// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A VT100 of 24 lines of 80 columns, or of another size, that understands what MenuScreen sends,
/// and nothing else: anything else is an error of the test.
struct VirtualTerminal {
  let columnCount: Int
  private(set) var cells: [[Character]]
  private(set) var isReversed: [Bool]
  private(set) var isCursorShown = true
  private(set) var row = 0
  private(set) var column = 0
  private(set) var misunderstood: [String] = []
  /// What it types by itself: answers to questions.
  private(set) var answers: [String] = []
  private var attribute = false
  private var saved = (row: 0, column: 0)

  init(columnCount: Int = 80, rowCount: Int = 24) {
    self.columnCount = columnCount
    let row = [Character](repeating: " ", count: columnCount)
    cells = [[Character]](repeating: row, count: rowCount)
    isReversed = [Bool](repeating: false, count: rowCount)
  }

  /// The lines without trailing spaces; reversed ones in brackets.
  var lines: [String] {
    cells.indices.map { index in
      var line = String(cells[index])
      while line.last == " " { line.removeLast() }
      return isReversed[index] ? "[\(line)]" : line
    }
  }

  /// The lines down to the last one with text.
  var text: String {
    var shown = lines
    while shown.last == "" { shown.removeLast() }
    return shown.joined(separator: "\n")
  }

  mutating func write(_ output: ByteString) {
    var characters = Array(output.text.unicodeScalars)[...]
    while let scalar = characters.popFirst() {
      switch scalar {
      case "\u{1b}":
        switch characters.popFirst() {
        case "[": break
        case "7":
          saved = (row, column)
          continue
        case "8":
          (row, column) = saved
          continue
        default:
          misunderstood.append("escape")
          continue
        }
        var parameters = ""
        while let next = characters.popFirst() {
          if next.value >= 0x40 {
            control(next, parameters)
            break
          }
          parameters.unicodeScalars.append(next)
        }
      case "\r": column = 0
      case "\n": row = min(row + 1, cells.count - 1)
      default: put(Character(scalar))
      }
    }
  }

  private mutating func put(_ character: Character) {
    if character.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      misunderstood.append("control character")
    }
    guard column < columnCount else {
      misunderstood.append("text beyond the last column")
      return
    }
    cells[row][column] = character
    isReversed[row] = attribute
    column += 1
  }

  private mutating func control(_ final: Unicode.Scalar, _ parameters: String) {
    let numbers = parameters.split(separator: ";").map { Int($0) ?? 0 }
    switch (final, parameters) {
    case ("H", _):
      row = min(max((numbers.first ?? 1) - 1, 0), cells.count - 1)
      column = min(max((numbers.dropFirst().first ?? 1) - 1, 0), columnCount - 1)
    case ("n", "6"): answers.append("\u{1b}[\(row + 1);\(column + 1)R")
    case ("J", "2"):
      cells = cells.map { $0.map { _ in " " } }
      isReversed = isReversed.map { _ in false }
    case ("K", ""):
      for index in column..<columnCount { cells[row][index] = " " }
      if column == 0 { isReversed[row] = false }
    case ("D", _): column = max(column - (numbers.first ?? 1), 0)
    case ("m", "7"): attribute = true
    case ("m", "0"): attribute = false
    case ("h", "?25"): isCursorShown = true
    case ("l", "?25"): isCursorShown = false
    default: misunderstood.append("\(parameters)\(final)")
    }
  }
}
