// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import TestSupport
import Testing

/// Menus on terminals of other sizes; pyte shows the bytes and answers the questions.
@Suite struct TerminalSizeTests {
  /// A screen, and everything that it sent since the terminal got its present size.
  private struct Person {
    var screen: MenuScreen
    var size: (columnCount: Int, rowCount: Int)
    var sent = ByteString()
    var last = ByteString()
    var now: UInt64 = 0

    init(
      _ script: String, columnCount: Int, rowCount: Int, timeoutSeconds: Int? = nil,
      terminal: TerminalSizing = TerminalSizing()
    ) throws {
      let menu = try MenuInterpreter(environment: EmptyEnvironment()).menu(
        ByteString(script), file: MenuFile(device: "", path: "/boot/grub/grub.cfg"),
        format: .grub2)
      screen = MenuScreen(
        title: "pvgrub-swift", menu: menu, timeoutSeconds: timeoutSeconds, now: 0,
        terminal: terminal)
      size = (columnCount, rowCount)
      _ = type("")
    }

    mutating func type(_ keys: String) -> MenuScreen.Decision? {
      let step = screen.step(keys.isEmpty ? .tick : .input(Array(keys.utf8)), now: now)
      last = step.output
      sent += step.output
      if case .edit(let index)? = step.decision {
        screen.edit(index: index)
        return type("")
      }
      return step.decision
    }

    /// What pyte shows.
    func look() throws -> TerminalJudge.Grid {
      try TerminalJudge.grids([sent], columnCount: size.columnCount, rowCount: size.rowCount)[0]
    }

    /// Types pyte's answer to the last output, one byte per read.
    mutating func answer() throws {
      let grid = try TerminalJudge.grids(
        [last], columnCount: size.columnCount, rowCount: size.rowCount)[0]
      #expect(!grid.answers.isEmpty)
      var digits = grid.answers[...]
      while !digits.isEmpty {
        let byte = try #require(UInt8(digits.prefix(2), radix: 16))
        #expect(type(String(UnicodeScalar(byte))) == nil)
        // A slow link, but no slower than a sequence may be.
        now += KeyDecoder.sequenceNanoseconds - 1
        digits = digits.dropFirst(2)
      }
    }
  }

  private func entries(_ count: Int) -> String {
    (0..<count).map { "menuentry 'Entry \($0)' { linux /k; }\n" }.joined()
  }

  @Test(arguments: [(132, 43, 34), (40, 12, 4), (80, 24, 15), (250, 100, 91), (40, 10, 3)])
  func aMenuFillsTheTerminal(columnCount: Int, rowCount: Int, listRowCount: Int) throws {
    var person = try Person(
      entries(5000), columnCount: columnCount, rowCount: rowCount, timeoutSeconds: 9)
    #expect(person.type("\u{1b}[B") == nil)
    try person.answer()
    let grid = try person.look()
    var rows = ["[ pvgrub-swift]", ""]
    for index in 0..<listRowCount {
      rows.append(index == 1 ? "[ * Entry 1]" : "   Entry \(index)")
    }
    rows.append(" entries 1 to \(listRowCount) of 5000")
    while rows.count < rowCount - 1 { rows.append("") }
    rows.append(
      columnCount > 72
        ? " Up/Down select, Enter starts, e changes, c command line"
        : " Enter starts, e changes, c")
    #expect(grid.rows == rows)
    #expect(grid.cursor == "hidden")
    // The last entries, with no blank rows below them.
    #expect(person.type("G") == nil)
    #expect(
      try person.look().rows[2..<(2 + listRowCount)].last == "[ * Entry 4999]")
    #expect(person.type("\u{1b}[A") == nil)
    #expect(person.last.count < 2 * columnCount + 60)
  }

  @Test func anEditorFillsTheTerminalAndFollowsItsSize() throws {
    let words = String(repeating: "word ", count: 30)
    var person = try Person(
      "menuentry Debian {\nlinux /k \(words)\n}\n", columnCount: 132, rowCount: 43)
    #expect(person.type("e") == nil)
    try person.answer()
    #expect(person.type("\u{1b}[B\u{5}X") == nil)
    let text = "linux /k " + words + "X"
    func rows(_ width: Int) -> [String] {
      stride(from: 0, to: text.count, by: width).map { start in
        var row = " " + String(text.dropFirst(start).prefix(width))
        while row.last == " " { row.removeLast() }
        return row
      }
    }
    var grid = try person.look()
    #expect(Array(grid.rows[3..<5]) == rows(129))
    #expect(grid.cursor == "4.\(text.count % 129 + 1)")
    // The window shrinks, and ^L asks again.
    person.size = (40, 12)
    #expect(person.type("\u{c}") == nil)
    person.sent = ""
    try person.answer()
    grid = try person.look()
    #expect(Array(grid.rows[2..<6]) == Array(rows(37).suffix(4)))
    #expect(grid.cursor == "5.\(text.count % 37 + 1)")
    #expect(grid.rows[11] == " ^X starts, Esc back, Tab completes")
  }

  @Test func aMenuFollowsAnotherSizeAndKeepsItsEntryOnTheScreen() throws {
    var person = try Person(entries(60), columnCount: 132, rowCount: 43)
    #expect(person.type("G") == nil)
    try person.answer()
    #expect(try person.look().rows[2] == "   Entry 26")
    person.size = (80, 24)
    #expect(person.type("\u{c}") == nil)
    person.sent = ""
    try person.answer()
    #expect(try person.look().rows[16] == "[ * Entry 59]")
    person.size = (132, 80)
    #expect(person.type("\u{c}") == nil)
    person.sent = ""
    try person.answer()
    #expect(try person.look().rows[2] == "   Entry 0")
    #expect(try person.look().rows[61] == "[ * Entry 59]")
  }

  @Test func messagesAreCutIntoRowsAnew() throws {
    var person = try Person(entries(2), columnCount: 40, rowCount: 24)
    person.screen.report(
      "Entry 0: xvda: ext4: /boot/vmlinuz-missing: not found; nothing else boots")
    #expect(person.type("j") == nil)
    try person.answer()
    #expect(
      Array(try person.look().rows[18..<21]) == [
        " Entry 0: xvda: ext4:", " /boot/vmlinuz-missing: not found;", " nothing else boots",
      ])
  }

  @Test func nobodyIsAskedBeforeAKey() throws {
    var person = try Person(entries(2), columnCount: 80, rowCount: 24, timeoutSeconds: 5)
    for _ in 0..<4 {
      person.now += second
      #expect(person.type("") == nil)
    }
    #expect(!person.sent.text.contains("\u{1b}[6n"))
    person.now += second
    #expect(person.type("") == .timeout)
    #expect(!person.sent.text.contains("\u{1b}[6n"))
  }

  @Test func aTerminalIsAskedOnceAndAfterAReset() throws {
    var person = try Person(entries(2), columnCount: 80, rowCount: 24)
    for key in ["j", "k", "j", "\u{c}", "k", "\u{1b}[B"] { #expect(person.type(key) == nil) }
    #expect(person.sent.text.ranges(of: "\u{1b}[6n").count == 2)
    #expect(person.screen.terminal.isAnswerDue)
    // The kernel that boots next must not get an answer.
    #expect(person.type("\u{c}\r") == .choose(index: 1))
    #expect(!person.last.text.contains("\u{1b}[6n"))
  }

  @Test func anAnswerIsNoKey() throws {
    var person = try Person(entries(9), columnCount: 80, rowCount: 24, timeoutSeconds: 5)
    #expect(person.type("\u{1b}[43;132R\u{1b}[24;80R") == nil)
    person.now = 5 * second
    #expect(person.type("") == .timeout)
  }

  @Test func aFramebuffersSizeStays() throws {
    var person = try Person(
      entries(99), columnCount: 80, rowCount: 24, terminal: TerminalSizing(isAsked: false))
    for key in ["j", "\u{c}", "\u{1b}[43;132R"] { #expect(person.type(key) == nil) }
    #expect(!person.sent.text.contains("\u{1b}[6n"))
    #expect(person.screen.terminal.size == .standard)
    #expect(try person.look().rows[17] == " entries 1 to 15 of 99")
  }

  @Test(
    arguments: [
      ("1;1", 80, 24), ("2;1", 40, 10), ("65535;65535", 250, 100), ("1;5", 80, 24),
      ("99999999999999999999;9", 80, 24), ("24;", 80, 24), ("24", 80, 24), (";", 80, 24),
      ("24;80;1", 80, 24), ("?24;90", 80, 24), ("30;90", 90, 30),
    ])
  func aLieIsLimitedOrIgnored(parameters: String, columnCount: Int, rowCount: Int) throws {
    var person = try Person(entries(9), columnCount: 80, rowCount: 24)
    #expect(person.type("j\u{1b}[\(parameters)R") == nil)
    #expect(
      person.screen.terminal.size == TerminalSize(columnCount: columnCount, rowCount: rowCount))
    #expect(person.type("j\r") == .choose(index: 2))
  }

  @Test func aSlowLinkGetsOnlyWhatChanged() throws {
    var person = try Person(entries(5000), columnCount: 250, rowCount: 100)
    #expect(person.type("j") == nil)
    try person.answer()
    #expect(person.type("x") == nil)
    #expect(person.last == "")
    #expect(person.type("") == nil)
    #expect(person.last == "")
    #expect(person.type("\u{1b}") == nil)
    #expect(person.type("[") == nil)
    #expect(person.last == "")
    #expect(person.type("B") == nil)
    // Two rows; one is reversed up to its end.
    #expect(person.last.count < 250 + 2 * 40)
  }

  @Test func aCommandLineFollowsTheTerminal() throws {
    var editor = CommandLine(prompt: "pvgrub> ")
    var rest: [UInt8] = []
    var terminal = VirtualTerminal(columnCount: 132, rowCount: 43)
    terminal.write(editor.shown())
    let text = String(repeating: "x", count: 110)
    terminal.write(editor.step(Array(text.utf8), now: 0, rest: &rest).output)
    #expect(terminal.answers == ["\u{1b}[43;132R"])
    #expect(editor.terminal.isAnswerDue)
    for byte in Array(terminal.answers[0].utf8) {
      terminal.write(editor.step([byte], now: 0, rest: &rest).output)
    }
    #expect(terminal.text == "pvgrub> " + text)
    // What Enter runs may boot, so no question goes with it.
    let step = editor.step([0x0c, 0x0d], now: 0, rest: &rest)
    #expect(step.line?.count == 110)
    #expect(!step.output.text.contains("\u{1b}[6n"))
    terminal.write(editor.step([0x0c], now: 0, rest: &rest).output)
    #expect(terminal.answers.count == 2)
    #expect(terminal.text == "pvgrub>")
    #expect(terminal.misunderstood == [])
  }

  @Test func garbageNeverTrapsAtAnySize() throws {
    var random = SplitMix(seed: 0x512e)
    var person = try Person(entries(50), columnCount: 80, rowCount: 24)
    for _ in 0..<1500 {
      let keys = [
        "\u{1b}[\(random.below(400));\(random.below(400))R", "e", "\u{1b}[B", "\u{1b}[6~", "G",
        "\u{c}", "text", "\u{1b}", "\r", "\u{b}", "\u{19}",
      ]
      person.now += UInt64(random.below(2)) * second
      _ = person.type(keys[random.below(keys.count)])
      if random.below(20) == 0 { person.screen.report("a message \(person.now)") }
    }
  }
}
