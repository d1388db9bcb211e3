// SPDX-License-Identifier: GPL-2.0-or-later
import TestSupport
import Testing

@testable import Framebuffer

/// Our terminal against pyte, an independent emulator.
@Suite struct TerminalOracleTests {
  private static let columnCount = 20
  private static let rowCount = 6
  private static let streamCount = 200

  /// Reads streams as lines of hexadecimal digits, and prints for each the rows, then the cursor's
  /// row and column and the places that are in reverse.
  private static let judge = """
    import sys, pyte
    for line in sys.stdin:
      screen = pyte.Screen(\(columnCount), \(rowCount))
      screen.set_mode(pyte.modes.LNM)
      stream = pyte.ByteStream(screen)
      stream.feed(bytes.fromhex(line))
      reverse = [f"{y}.{x}" for y in range(\(rowCount)) for x in range(\(columnCount))
                 if screen.buffer[y][x].reverse and screen.buffer[y][x].data != " "]
      print("|".join(screen.display), screen.cursor.y, min(screen.cursor.x, \(columnCount - 1)),
            ",".join(reverse), sep="/")
    """

  /// Sequences like those of our own code, with numbers in and out of range.
  private func stream(_ random: inout SplitMix) -> [UInt8] {
    var text = ""
    for _ in 0..<1 + random.below(40) {
      switch random.below(14) {
      case 0: text += "\r"
      case 1: text += "\n"
      case 2: text += "\r\n"
      case 3: text += "\u{1b}[\(random.below(9));\(random.below(25))H"
      case 4: text += "\u{1b}[H"
      // Past the last column pyte erases nothing and moves as if there were one more column; a
      // VT100 stays in the last one. So erase elsewhere, and go back before a move.
      case 5: text += "\u{1b}[\(random.below(7));5H\u{1b}[K"
      case 6: text += "\r\u{1b}[\(random.below(30))C\u{1b}[\(random.below(3))K"
      case 7: text += "\u{1b}[3;\(random.below(20))H\u{1b}[\(random.below(3))J"
      case 8: text += "\u{8}\u{1b}[\(random.below(30))\(["A", "B", "C", "D"][random.below(4)])"
      case 9: text += ["\u{1b}[7m", "\u{1b}[0m", "\u{1b}[m", "\u{1b}[27m"][random.below(4)]
      case 10: text += ["\u{1b}[?25l", "\u{1b}[?25h", "\u{1b}(B", "\u{8}"][random.below(4)]
      default:
        for _ in 0..<1 + random.below(24) {
          text += ["a", "Z", "7", " ", "ä", "€", "-", "~"][random.below(8)]
        }
      }
    }
    return Array(text.utf8)
  }

  private func description(_ screen: TerminalScreen) -> String {
    var rows: [String] = []
    var reverse: [String] = []
    for row in 0..<screen.rowCount {
      var line = ""
      for column in 0..<screen.columnCount {
        let cell = screen.cell(row: row, column: column)
        line.unicodeScalars.append(Unicode.Scalar(cell.character) ?? "?")
        if cell.style.isReverse, cell.character != 0x20 { reverse.append("\(row).\(column)") }
      }
      rows.append(line)
    }
    return rows.joined(separator: "|")
      + "/\(screen.cursorRow)/\(screen.cursorColumn)/" + reverse.joined(separator: ",")
  }

  @Test func screensAreThoseOfPyte() throws {
    var random = SplitMix(seed: 0x97e)
    let streams = (0..<Self.streamCount).map { _ in stream(&random) }
    let input = streams.map { bytes in
      bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\n"
    }
    let answer = try HostTool.run(
      ["python3", "-c", Self.judge], input: Array(input.joined().utf8), keepingErrors: true)
    let lines = String(decoding: answer.output, as: UTF8.self).split(separator: "\n")
    try #require(answer.status == 0 && lines.count == streams.count, "\(lines.suffix(3))")
    for (bytes, line) in zip(streams, lines) {
      var screen = TerminalScreen(columnCount: Self.columnCount, rowCount: Self.rowCount)
      screen.write(bytes)
      let text = String(decoding: bytes, as: UTF8.self).debugDescription
      #expect(description(screen) == line, "\(text)")
    }
  }
}
