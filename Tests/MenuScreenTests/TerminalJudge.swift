// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

/// pyte, an independent terminal emulator, with 80 by 24 characters or another size.
enum TerminalJudge {
  /// Reads streams as lines of hexadecimal digits, and prints each screen as rows without blanks
  /// at their ends, in brackets where they are reversed, a line about the cursor, and one with what
  /// the terminal answered, in hexadecimal digits.
  private static let program = """
    import sys, pyte
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    for line in sys.stdin:
      screen = pyte.Screen(columns, rows)
      answers = []
      screen.write_process_input = answers.append
      pyte.ByteStream(screen).feed(bytes.fromhex(line))
      for y, row in enumerate(screen.display):
        text = row.rstrip()
        print(f"[{text}]" if screen.buffer[y][0].reverse else text)
      print("hidden" if screen.cursor.hidden else f"{screen.cursor.y}.{screen.cursor.x}")
      print("".join(answers).encode().hex())
    """

  /// What a terminal shows after each of some streams.
  struct Grid: Equatable {
    /// All rows; reversed ones in brackets.
    var rows: [String]
    /// `ROW.COLUMN` or `hidden`.
    var cursor: String
    /// The bytes that the terminal sent by itself, in hexadecimal.
    var answers: String

    /// The rows down to the last one with text.
    var text: String {
      var shown = rows
      while shown.last == "" { shown.removeLast() }
      return shown.joined(separator: "\n")
    }
  }

  static func grids(
    _ streams: [ByteString], columnCount: Int = 80, rowCount: Int = 24
  ) throws -> [Grid] {
    let input = streams.map { stream in
      stream.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\n"
    }
    let answer = try HostTool.run(
      ["python3", "-c", program, "\(columnCount)", "\(rowCount)"],
      input: Array(input.joined().utf8), keepingErrors: true)
    let lines = String(decoding: answer.output, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    let count = rowCount + 2
    try #require(
      answer.status == 0 && lines.count == count * streams.count + 1, "\(lines.suffix(3))")
    return streams.indices.map { index in
      let place = count * index
      return Grid(
        rows: Array(lines[place..<(place + rowCount)]), cursor: lines[place + rowCount],
        answers: lines[place + rowCount + 1])
    }
  }
}
