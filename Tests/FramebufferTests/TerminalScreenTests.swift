// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import Framebuffer

extension TerminalScreen {
  /// The rows without trailing blanks, down to the last one with text.
  var text: [String] {
    var rows = (0..<rowCount).map { row in
      var line = ""
      for column in 0..<columnCount {
        line.unicodeScalars.append(
          Unicode.Scalar(cell(row: row, column: column).character) ?? "?")
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    while rows.last == "" { rows.removeLast() }
    return rows
  }

  static func showing(_ text: String, columnCount: Int = 80, rowCount: Int = 24) -> Self {
    var screen = TerminalScreen(columnCount: columnCount, rowCount: rowCount)
    screen.write(Array(text.utf8))
    return screen
  }
}

@Suite struct TerminalScreenTests {
  @Test func linesFollowEachOther() {
    #expect(TerminalScreen.showing("one\ntwo\r\nthree\rTH").text == ["one", "two", "THree"])
  }

  @Test func fullScreenMovesUp() {
    let screen = TerminalScreen.showing("1\n2\n3\n4\n5", columnCount: 4, rowCount: 3)
    #expect(screen.text == ["3", "4", "5"])
    #expect(screen.cursorRow == 2 && screen.cursorColumn == 1)
  }

  @Test func lastColumnWrapsOnlyWhenMoreComes() {
    let full = TerminalScreen.showing("abcd", columnCount: 4, rowCount: 3)
    #expect(full.cursorRow == 0 && full.cursorColumn == 3)
    #expect(TerminalScreen.showing("abcdef", columnCount: 4, rowCount: 3).text == ["abcd", "ef"])
    #expect(TerminalScreen.showing("abcd\nef", columnCount: 4, rowCount: 3).text == ["abcd", "ef"])
  }

  @Test func cursorGoesWhereItIsTold() {
    let screen = TerminalScreen.showing("\u{1b}[2;3Hx\u{1b}[Hy\u{1b}[4;1Hz\u{1b}[A!\u{1b}[2D<")
    #expect(screen.text == ["y", "  x", "<!", "z"])
  }

  @Test func cursorNeverLeavesTheScreen() {
    for sequence in ["[999;999H", "[9999999999999999999A", "[99D", "[99B", "[99C", "[0;0H", "[;H"] {
      var screen = TerminalScreen.showing("\u{1b}\(sequence)", columnCount: 10, rowCount: 4)
      #expect((0..<4).contains(screen.cursorRow) && (0..<10).contains(screen.cursorColumn))
      screen.write([0x78])
      #expect(screen.cells.contains { $0.character == 0x78 })
    }
  }

  @Test func erasingTakesWhatItSays() {
    let lines = "abc\ndef\nghi\u{1b}[2;2H"
    #expect(TerminalScreen.showing(lines + "\u{1b}[K").text == ["abc", "d", "ghi"])
    #expect(TerminalScreen.showing(lines + "\u{1b}[1K").text == ["abc", "  f", "ghi"])
    #expect(TerminalScreen.showing(lines + "\u{1b}[2K").text == ["abc", "", "ghi"])
    #expect(TerminalScreen.showing(lines + "\u{1b}[J").text == ["abc", "d"])
    #expect(TerminalScreen.showing(lines + "\u{1b}[1J").text == ["", "  f", "ghi"])
    #expect(TerminalScreen.showing(lines + "\u{1b}[2J").text == [])
  }

  @Test func attributesStayUntilTakenBack() {
    let screen = TerminalScreen.showing("\u{1b}[7ma\u{1b}[1;31;44mb\u{1b}[27;22;39;49mc\u{1b}[md")
    let styles = (0..<4).map { screen.cell(row: 0, column: $0).style }
    #expect(styles[0] == TerminalStyle(isReverse: true))
    #expect(
      styles[1] == TerminalStyle(isReverse: true, isBold: true, foreground: 1, background: 4))
    #expect(styles[2] == TerminalStyle() && styles[3] == TerminalStyle())
  }

  @Test func cursorIsHiddenAndShown() {
    #expect(!TerminalScreen.showing("\u{1b}[?25l").isCursorShown)
    #expect(TerminalScreen.showing("\u{1b}[?25l\u{1b}[?25h").isCursorShown)
  }

  @Test func unknownSequencesLeaveNoTrace() {
    for sequence in [
      "\u{1b}(B", "\u{1b}=", "\u{1b}7", "\u{1b}[?1049h", "\u{1b}[>c", "\u{1b}[3 q",
      "\u{1b}]0;title\u{7}", "\u{1b}]0;title\u{1b}\\", "\u{1b}[38;5;200m", "\u{0}\u{e}\u{f}",
    ] {
      #expect(TerminalScreen.showing("a\(sequence)b").text == ["ab"], "\(sequence.dropFirst())")
    }
  }

  @Test func longSequenceEnds() {
    let long = "\u{1b}[" + String(repeating: "1;", count: 200) + "H"
    var screen = TerminalScreen.showing(long + "\n")
    screen.write(Array("ok".utf8))
    #expect(screen.text.last == "ok")
  }

  @Test func charactersAreUTF8AndNothingElse() {
    #expect(TerminalScreen.showing("äß→€😀").text == ["äß→€😀"])
    let bad: [([UInt8], String)] = [
      ([0xc3], ""), ([0xc3, 0x41], "\u{fffd}A"), ([0x80, 0x41], "\u{fffd}A"),
      ([0xe0, 0x80, 0x80], "\u{fffd}"), ([0xed, 0xa0, 0x80], "\u{fffd}"),
      ([0xf4, 0x90, 0x80, 0x80], "\u{fffd}"), ([0xc2, 0x9b, 0x41], "\u{fffd}A"),
      ([0xff, 0xc0], "\u{fffd}\u{fffd}"),
    ]
    for (bytes, expected) in bad {
      var screen = TerminalScreen()
      screen.write(bytes)
      #expect(screen.text.joined() == expected, "\(bytes)")
    }
  }

  @Test func sequencesMayBeSplitAnywhere() {
    let text = Array("\u{1b}[2;3Häß\u{1b}[7m€\u{1b}[0m\u{1b}[K\n\u{1b}[?25lx".utf8)
    var whole = TerminalScreen()
    whole.write(text)
    for cut in text.indices {
      var screen = TerminalScreen()
      screen.write(Array(text[..<cut]))
      screen.write(Array(text[cut...]))
      #expect(screen.cells == whole.cells)
    }
  }

  @Test func anyBytesLeaveAScreen() {
    var random = SplitMix(seed: 0x5c4ee7)
    let likely = Array("\u{1b}\u{1b}\u{1b}[[[0123456789;;;HJKmABCD?hl \n\r\u{8}\tabcä€".utf8)
    for round in 0..<60 {
      let rowCount = 1 + random.below(6)
      var screen = TerminalScreen(columnCount: 1 + random.below(12), rowCount: rowCount)
      for _ in 0..<300 {
        let isLikely = round % 3 > 0
        screen.write([isLikely ? likely[random.below(likely.count)] : UInt8(random.below(256))])
        #expect(screen.cursorRow < rowCount && screen.cursorColumn < screen.columnCount)
      }
      #expect(screen.cells.count == rowCount * screen.columnCount)
      #expect(screen.cells.allSatisfy { $0.character >= 0x20 && $0.character != 0x7f })
    }
  }
}
