// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

/// pyte, a terminal that others wrote, with 24 rows of 80 columns.
enum TerminalJudge {
  /// Reads streams as lines of hexadecimal digits, and prints each screen as 24 rows without blanks
  /// at their ends, in brackets where they are reversed, and a line about the cursor.
  private static let program = """
    import sys, pyte
    for line in sys.stdin:
      screen = pyte.Screen(80, 24)
      pyte.ByteStream(screen).feed(bytes.fromhex(line))
      for y, row in enumerate(screen.display):
        text = row.rstrip()
        print(f"[{text}]" if screen.buffer[y][0].reverse else text)
      print("hidden" if screen.cursor.hidden else f"{screen.cursor.y}.{screen.cursor.x}")
    """

  /// What a terminal shows after each of some streams.
  struct Grid: Equatable {
    /// 24 rows; reversed ones in brackets.
    var rows: [String]
    /// `ROW.COLUMN` or `hidden`.
    var cursor: String

    /// The rows up to the last that shows something.
    var text: String {
      var shown = rows
      while shown.last == "" { shown.removeLast() }
      return shown.joined(separator: "\n")
    }
  }

  static func grids(_ streams: [ByteString]) throws -> [Grid] {
    let input = streams.map { stream in
      stream.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\n"
    }
    let answer = try HostTool.run(
      ["python3", "-c", program], input: Array(input.joined().utf8), keepingErrors: true)
    let lines = String(decoding: answer.output, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    try #require(answer.status == 0 && lines.count == 25 * streams.count + 1, "\(lines.suffix(3))")
    return streams.indices.map { index in
      let place = 25 * index
      return Grid(rows: Array(lines[place..<(place + 24)]), cursor: lines[place + 24])
    }
  }
}
