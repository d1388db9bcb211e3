// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Control sequences (ECMA-48): cursor, erasing, attributes.
extension TerminalScreen {
  /// Obeys `ESC [ parameters final`.
  mutating func control(_ final: UInt8, _ parameters: [UInt8]) {
    if parameters.first == 0x3f {
      // DECTCEM, which shows or hides the cursor, is the only private mode that matters.
      let isCursor = numbers(parameters.dropFirst()).contains(25)
      if isCursor, final == 0x68 || final == 0x6c { isCursorShown = final == 0x68 }
      return
    }
    guard parameters.allSatisfy({ ASCII.isDigit($0) || $0 == 0x3b }) else { return }
    let values = numbers(parameters[...])
    let first = values.first ?? 0
    let count = max(first, 1)
    switch final {
    case 0x41: moveCursor(row: cursorRow - count, column: cursorColumn)
    case 0x42: moveCursor(row: cursorRow + count, column: cursorColumn)
    case 0x43: moveCursor(row: cursorRow, column: cursorColumn + count)
    case 0x44: moveCursor(row: cursorRow, column: cursorColumn - count)
    case 0x47: moveCursor(row: cursorRow, column: count - 1)
    case 0x48, 0x66:
      let column = values.count > 1 ? values[1] : 0
      moveCursor(row: count - 1, column: max(column, 1) - 1)
    case 0x4a: eraseScreen(first)
    case 0x4b: eraseLine(first)
    case 0x6d: for value in values.isEmpty ? [0] : values { show(value) }
    default: break
    }
  }

  /// The numbers between semicolons; a missing one is 0.
  private func numbers(_ parameters: ArraySlice<UInt8>) -> [Int] {
    guard !parameters.isEmpty else { return [] }
    var result: [Int] = []
    for text in parameters.split(separator: 0x3b, omittingEmptySubsequences: false) {
      var value = 0
      for digit in text where ASCII.isDigit(digit) {
        value = min(value * 10 + Int(digit - 0x30), TerminalScreen.numberMax)
      }
      result.append(value)
    }
    return result
  }

  /// Erases to the end, from the start, or all; the cursor stays.
  private mutating func eraseScreen(_ what: Int) {
    let cursor = cursorRow * columnCount + cursorColumn
    switch what {
    case 0: erase(cursor..<cells.count)
    case 1: erase(0..<cursor + 1)
    case 2, 3: erase(0..<cells.count)
    default: break
    }
  }

  private mutating func eraseLine(_ what: Int) {
    let start = cursorRow * columnCount
    switch what {
    case 0: erase(start + cursorColumn..<start + columnCount)
    case 1: erase(start..<start + cursorColumn + 1)
    case 2: erase(start..<start + columnCount)
    default: break
    }
  }

  private mutating func erase(_ range: Range<Int>) {
    isWrapDue = false
    for index in range { cells[index] = TerminalCell() }
  }

  /// Obeys one number of `SGR`.
  private mutating func show(_ number: Int) {
    switch number {
    case 0: style = TerminalStyle()
    case 1: style.isBold = true
    case 22: style.isBold = false
    case 7: style.isReverse = true
    case 27: style.isReverse = false
    case 30...37: style.foreground = UInt8(number - 30)
    case 39: style.foreground = nil
    case 40...47: style.background = UInt8(number - 40)
    case 49: style.background = nil
    case 90...97:
      style.foreground = UInt8(number - 90)
      style.isBold = true
    default: break
    }
  }
}
