// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import TestSupport
import Testing

/// The screens, as pyte shows them.
@Suite struct ScreenJudgeTests {
  /// A screen, everything that it sent, and how much that was at each look.
  private struct Recording {
    var screen: MenuScreen
    var now: UInt64 = 0
    var sent = ByteString()
    var looks: [ByteString] = []

    init(_ script: String, timeoutSeconds: Int? = nil) throws {
      let menu = try MenuInterpreter(environment: EmptyEnvironment()).menu(
        ByteString(script), file: MenuFile(device: "", path: "/boot/grub/grub.cfg"),
        format: .grub2)
      screen = MenuScreen(
        title: "pvgrub-swift", menu: menu, timeoutSeconds: timeoutSeconds, now: 0)
      type("")
    }

    /// Types, one byte per read if asked to.
    mutating func type(_ keys: String, byteByByte: Bool = false) {
      let bytes = Array(keys.utf8)
      for piece in byteByByte ? bytes.map({ [$0] }) : [bytes] {
        let event: MenuScreen.Event = piece.isEmpty ? .tick : .input(piece)
        let step = screen.step(event, now: now)
        sent += step.output
        if case .edit(let index)? = step.decision {
          screen.edit(index: index)
          sent += screen.step(.tick, now: now).output
        }
        if case .complete? = step.decision {
          screen.complete(Completion(insertion: "", choices: ["initrd.img", "vmlinuz"]))
          sent += screen.step(.tick, now: now).output
        }
      }
    }

    mutating func look() { looks.append(sent) }
  }

  /// Rows with blank ones in between, so that `lower` ends up in its place.
  private func grid(_ upper: [String], _ lower: [String]) -> [String] {
    upper + [String](repeating: "", count: 24 - upper.count - lower.count) + lower
  }

  private let hints = " Up/Down select, Enter starts, e changes, c command line"

  @Test func aMenuOfFiveThousandEntriesScrolls() throws {
    var script = ""
    for index in 0..<5000 { script += "menuentry 'Entry \(index) \u{e4}' { linux /k; }\n" }
    var recording = try Recording(script)
    recording.look()
    recording.type("G")
    recording.look()
    // An arrow and Page Up, split over reads.
    recording.type("\u{1b}[A\u{1b}[5~\u{1b}[5~", byteByByte: true)
    recording.look()
    let grids = try TerminalJudge.grids(recording.looks)
    let tops = [0, 4985, 4969 - 1]
    let selected = [0, 4999, 4968]
    for (index, grid) in grids.enumerated() {
      var rows = ["[ pvgrub-swift]", ""]
      for entry in tops[index]..<(tops[index] + 15) {
        let text = "Entry \(entry) \u{e4}"
        rows.append(entry == selected[index] ? "[ * \(text)]" : "   \(text)")
      }
      rows.append(" entries \(tops[index] + 1) to \(tops[index] + 15) of 5000")
      #expect(grid.rows == self.grid(rows, [hints]))
      #expect(grid.cursor == "hidden")
    }
  }

  @Test func aSubmenuIsEnteredAndLeft() throws {
    var recording = try Recording(
      "menuentry Plain { linux /a; }\nsubmenu 'More of it' { menuentry In { linux /b; }; }\n",
      timeoutSeconds: 5)
    recording.look()
    recording.type("\u{1b}[B")
    recording.screen.open(
      try Recording("menuentry In { linux /b; }").screen.menu, title: "More of it")
    recording.type("")
    recording.look()
    recording.type("\u{1b}")
    recording.now += second
    recording.type("")
    recording.look()
    let grids = try TerminalJudge.grids(recording.looks)
    #expect(
      grids.map { $0.rows } == [
        grid(
          ["[ pvgrub-swift]", "", "[ * Plain]", "   More of it ->"],
          [" Starting in 5 s (any key stops): Plain", hints]),
        grid(
          ["[ pvgrub-swift > More of it]", "", "[ * In]"],
          [" Up/Down select, Enter starts, Esc back, e changes, c command line"]),
        grid(["[ pvgrub-swift]", "", "   Plain", "[ * More of it ->]"], [hints]),
      ])
  }

  @Test func anEntryIsChangedWithTab() throws {
    var recording = try Recording("menuentry Debian {\nlinux /boot/\n}\n")
    recording.type("e\u{1b}[B\u{5}x\u{7f}", byteByByte: true)
    recording.look()
    recording.type("\t\t", byteByByte: true)
    recording.look()
    let grids = try TerminalJudge.grids(recording.looks)
    let hints = " ^X or F10 starts, Esc back, Tab completes, ^A ^E ^K ^Y as in a shell"
    let top = ["[ pvgrub-swift > Debian]", "", "", " linux /boot/"]
    #expect(
      grids.map { $0.rows } == [
        grid(top, [hints]), grid(top, [" initrd.img  vmlinuz", "", "", "", "", hints]),
      ])
    #expect(grids.map { $0.cursor } == ["3.13", "3.13"])
  }

  @Test func aPasswordIsNeverShown() throws {
    var recording = try Recording(
      "set superusers=root\npassword root secret\nmenuentry Debian { linux /k; }\n")
    recording.screen.ask(for: .commandLine, asksForUser: true)
    recording.type("")
    recording.look()
    recording.type("root\rsecr")
    recording.look()
    let grids = try TerminalJudge.grids(recording.looks)
    #expect(grids[0].text.contains(" Locked: the command line\n"))
    #expect(!grids[1].text.contains("secr"))
    #expect(grids[1].text.contains("assword:"))
  }

  @Test func theCommandLineCompletesAndLists() throws {
    var editor = CommandLine(prompt: "pvgrub> ")
    var rest: [UInt8] = []
    var sent = editor.shown()
    func type(_ keys: String) {
      for byte in Array(keys.utf8) {
        let step = editor.step([byte], now: 0, rest: &rest)
        sent += step.output
        if let request = step.completion {
          let isDirectory = request.line.hasSuffix("/bo")
          sent += editor.complete(
            isDirectory
              ? Completion(insertion: "ot/")
              : Completion(insertion: "", choices: ["initrd.img", "vmlinuz"]))
        }
      }
    }
    type("ls /bo\t\t\tx\u{1b}[D\u{1b}[Cy")
    let grids = try TerminalJudge.grids([sent])
    #expect(
      grids[0].text
        == "pvgrub> ls /boot/\ninitrd.img  vmlinuz\npvgrub> ls /boot/xy")
    #expect(grids[0].cursor == "2.19")
  }

  @Test func pyteAndOurTerminalAgreeWhateverIsTyped() throws {
    var random = SplitMix(seed: 0x9e7e)
    var script = ""
    for index in 0..<40 { script += "menuentry 'Entry \(index)' { linux /k \(index)\n}\n" }
    let keys = [
      "\u{1b}[A", "\u{1b}[B", "\u{1b}[5~", "\u{1b}[6~", "e", "\u{1b}", "a", "\t", "\r", "G", "g",
      "\u{b}", "\u{19}", "\u{7f}", "\u{c}", "long words to be typed ",
    ]
    var streams: [ByteString] = []
    var shown: [[String]] = []
    for _ in 0..<30 {
      var recording = try Recording(script)
      for _ in 0..<60 {
        recording.now += UInt64(random.below(2)) * second
        recording.type(keys[random.below(keys.count)], byteByByte: random.below(2) == 0)
      }
      var terminal = VirtualTerminal()
      terminal.write(recording.sent)
      streams.append(recording.sent)
      shown.append(terminal.lines)
    }
    for (grid, lines) in zip(try TerminalJudge.grids(streams), shown) {
      #expect(grid.rows == lines)
    }
  }
}
