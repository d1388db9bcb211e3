// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A VT100 of 24 lines of 80 columns that understands what MenuScreen sends, and nothing else:
/// anything else is an error of the test.
struct VirtualTerminal {
  static let columnCount = 80
  private(set) var cells = [[Character]](
    repeating: [Character](repeating: " ", count: VirtualTerminal.columnCount), count: 24)
  private(set) var isReversed = [Bool](repeating: false, count: 24)
  private(set) var isCursorShown = true
  private(set) var row = 0
  private(set) var column = 0
  private(set) var misunderstood: [String] = []
  private var attribute = false

  /// The lines without spaces at their ends; reversed ones in brackets.
  var lines: [String] {
    cells.indices.map { index in
      var line = String(cells[index])
      while line.last == " " { line.removeLast() }
      return isReversed[index] ? "[\(line)]" : line
    }
  }

  /// The lines up to the last that shows something.
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
        guard characters.popFirst() == "[" else {
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
    guard column < VirtualTerminal.columnCount else {
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
      column = max((numbers.dropFirst().first ?? 1) - 1, 0)
    case ("J", "2"):
      cells = cells.map { $0.map { _ in " " } }
      isReversed = isReversed.map { _ in false }
    case ("K", ""):
      for index in column..<VirtualTerminal.columnCount { cells[row][index] = " " }
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
