// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import TestSupport
import Testing

@Suite struct EntryEditorTests {
  private func seat(_ body: String = "\nlinux /k ro\ninitrd /i\n") throws -> Seat {
    var seat = try Seat("menuentry Debian {\(body)}\nsubmenu more { menuentry x { linux /x; }; }\n")
    #expect(seat.type("e") == .edit(index: 0))
    seat.screen.edit(index: 0)
    _ = seat.step(.tick)
    return seat
  }

  private func source(_ text: String) -> MenuScreen.Decision {
    .boot(index: 0, source: ByteString(text))
  }

  @Test func showsTheCommandsAndACursor() throws {
    let seat = try seat()
    #expect(seat.terminal.lines[0].hasPrefix("[ pvgrub-swift > Debian"))
    #expect(seat.terminal.lines[2...5] == ["", " linux /k ro", " initrd /i", ""])
    #expect(
      seat.terminal.text.hasSuffix(
        " ^X or F10 starts, Esc back, Tab completes, ^A ^E ^K ^Y as in a shell"))
    #expect(seat.terminal.isCursorShown)
    #expect(seat.terminal.row == 2)
    #expect(seat.terminal.column == 1)
    #expect(seat.terminal.misunderstood == [])
  }

  @Test(arguments: ["\u{18}", "\u{1b}[21~"])
  func startsWithTheChange(_ key: String) throws {
    var seat = try seat()
    #expect(seat.type("\u{1b}[B\u{1b}[F single\u{1b}[D\u{1b}[D\u{1b}[DX") == nil)
    #expect(seat.terminal.lines[3] == " linux /k ro sinXgle")
    #expect(seat.terminal.row == 3)
    #expect(seat.terminal.column == 17)
    #expect(seat.type(key) == source("\nlinux /k ro sinXgle\ninitrd /i\n"))
  }

  @Test func unchangedTextStaysAsItIs() throws {
    for body in ["\nlinux /k\n", " linux /k; ", "\n\tlinux /k 'a  b'\n\n# end\n"] {
      var seat = try seat(body)
      guard case .boot(_, let text)? = seat.type("\u{18}") else {
        Issue.record("no start")
        continue
      }
      #expect(text.text == (body.hasSuffix("\n") ? body : body + "\n"))
    }
  }

  @Test func linesAreSplitJoinedCutAndPasted() throws {
    var seat = try seat("\nabc\ndef\n")
    #expect(seat.type("\u{10}\u{1b}[B\u{6}\u{6}\r") == nil)
    #expect(seat.type("\u{18}") == source("\nab\nc\ndef\n"))
    #expect(seat.type("\u{7f}") == nil)
    #expect(seat.type("\u{18}") == source("\nabc\ndef\n"))
    #expect(seat.type("\u{5}\u{1b}[3~") == nil)
    #expect(seat.type("\u{18}") == source("\nabcdef\n"))
    #expect(seat.type("\u{b}") == nil)
    #expect(seat.type("\u{18}") == source("\nabc\n"))
    #expect(seat.type("\u{1}\u{19}-") == nil)
    #expect(seat.type("\u{18}") == source("\ndef-abc\n"))
    #expect(seat.type("\u{15}\u{4}") == nil)
    #expect(seat.type("\u{18}") == source("\nbc\n"))
    #expect(seat.type("\u{5}\u{19}") == nil)
    #expect(seat.type("\u{18}") == source("\nbcdef-\n"))
  }

  @Test func cuttingAtALinesEndBringsTheNextOneUp() throws {
    var seat = try seat("\nabc\ndef\n")
    #expect(seat.type("\u{e}\u{5}\u{b}") == nil)
    #expect(seat.type("\u{18}") == source("\nabcdef\n"))
  }

  @Test func theCursorStaysInsideTheText() throws {
    var seat = try seat("\na\n")
    let moves = ["[A", "[B", "[C", "[D", "[H", "[F", "[5~", "[6~", "[3~"].map { "\u{1b}\($0)" }
    for move in moves + moves { for _ in 0..<30 { #expect(seat.type(move) == nil) } }
    #expect(seat.terminal.misunderstood == [])
    guard case .boot? = seat.type("\u{18}") else {
      Issue.record("no start")
      return
    }
  }

  @Test func longLinesGoOnInTheNextRow() throws {
    let line = "linux /k " + String(repeating: "x", count: 100)
    var seat = try seat("\n\(line)\ninitrd /i\n")
    #expect(seat.terminal.lines[3] == " " + line.prefix(77))
    #expect(seat.terminal.lines[4] == " " + line.dropFirst(77))
    #expect(seat.terminal.lines[5] == " initrd /i")
    _ = seat.type("\u{1b}[B\u{1b}[B")
    #expect(seat.terminal.row == 4)
    _ = seat.type("\u{5}")
    #expect(seat.terminal.column == 1 + 109 - 77)
    _ = seat.type("\u{1b}[A")
    #expect(seat.terminal.row == 3)
    _ = seat.type("!")
    #expect(
      seat.type("\u{18}")
        == source("\n" + line.prefix(32) + "!" + line.dropFirst(32) + "\ninitrd /i\n"))
  }

  @Test func longTextsScroll() throws {
    let body = "\n" + (1...40).map { "echo \($0)\n" }.joined()
    var seat = try seat(body)
    #expect(seat.terminal.lines[16] == " echo 14")
    _ = seat.type("\u{1b}[6~")
    #expect(seat.terminal.lines[16] == " echo 15")
    for _ in 0..<3 { _ = seat.type("\u{1b}[6~") }
    #expect(seat.terminal.lines[16] == " echo 40")
    #expect(seat.terminal.row == 16)
    for _ in 0..<4 { _ = seat.type("\u{1b}[5~") }
    #expect(seat.terminal.lines[3] == " echo 1")
  }

  @Test func charactersOfSeveralBytesAreOne() throws {
    var seat = try seat("\necho \u{e4}\u{4e16}\n")
    #expect(seat.type("\u{e}\u{5}") == nil)
    #expect(seat.terminal.column == 8)
    #expect(seat.type("\u{e9}") == nil)
    #expect(seat.terminal.lines[3] == " echo \u{e4}\u{4e16}\u{e9}")
    #expect(seat.type("\u{7f}\u{7f}") == nil)
    #expect(seat.type("\u{18}") == source("\necho \u{e4}\n"))
  }

  @Test func bytesThatAreNoTextAreKept() throws {
    var seat = try Seat("menuentry a { true; }\n")
    let menu = try MenuInterpreter(environment: EmptyEnvironment()).menu(
      ByteString(Array("title a\nkernel /k\u{1b}[2J".utf8) + [0xff, 0x0a]),
      file: MenuFile(device: "", path: "/menu.lst"), format: .legacy)
    seat.screen.open(menu, title: "x")
    seat.screen.edit(index: 0)
    _ = seat.step(.tick)
    #expect(seat.terminal.lines[2] == " kernel /k?[2J?")
    #expect(seat.terminal.misunderstood == [])
    guard case .boot(0, let source)? = seat.type("\u{18}") else {
      Issue.record("no start")
      return
    }
    #expect(source.bytes == Array("kernel /k\u{1b}[2J".utf8) + [0xff, 0x0a])
  }

  @Test func escapeLeavesWithoutAChange() throws {
    var seat = try seat()
    #expect(seat.type("changed\u{1b}") == nil)
    seat.now = second
    #expect(seat.step(.tick) == nil)
    #expect(!seat.terminal.isCursorShown)
    #expect(seat.terminal.lines[2] == "[ * Debian]")
    #expect(seat.type("e") == .edit(index: 0))
    seat.screen.edit(index: 0)
    #expect(seat.type("\u{18}") == source("\nlinux /k ro\ninitrd /i\n"))
  }

  @Test func afterAFailureTheChangesAreStillThere() throws {
    var seat = try seat()
    #expect(seat.type("\u{1b}[Bx") == nil)
    #expect(seat.type("\u{18}") == source("\nxlinux /k ro\ninitrd /i\n"))
    seat.screen.report("Debian: it failed")
    _ = seat.step(.tick)
    #expect(seat.terminal.lines[3] == " xlinux /k ro")
    #expect(seat.terminal.text.contains("Debian: it failed"))
    #expect(seat.type("\u{7f}\u{18}") == source("\nlinux /k ro\ninitrd /i\n"))
  }

  @Test func aMenuThatAChangedEntryOpensIsShown() throws {
    var seat = try seat()
    guard case .boot? = seat.type("\u{18}") else {
      Issue.record("no start")
      return
    }
    seat.screen.open(seat.screen.menu, title: "inner")
    _ = seat.step(.tick)
    #expect(seat.terminal.lines[2] == "[ * Debian]")
    #expect(seat.type("\r") == .choose(index: 0))
    #expect(seat.type("e") == .edit(index: 0))
    seat.screen.edit(index: 0)
    seat.screen.close(menuCount: 1)
    #expect(seat.type("\r") == .choose(index: 0))
  }

  @Test func tabAsksForTheWordAtTheCursor() throws {
    var seat = try seat("\nset root=hd0\nlinux /bo ro\n")
    #expect(
      seat.type("\u{1b}[B\u{1b}[B\u{1b}[F\u{1b}[D\u{1b}[D\u{1b}[D\tot/x")
        == .complete(
          CompletionRequest(before: "\nset root=hd0\n", line: "linux /bo ro", cursor: 9)))
    seat.screen.complete(Completion(insertion: "il"))
    #expect(seat.step(.tick) == nil)
    // What was typed after the Tab comes after the completion.
    #expect(seat.terminal.lines[4] == " linux /boilot/x ro")
    #expect(seat.type("\u{18}") == source("\nset root=hd0\nlinux /boilot/x ro\n"))
  }

  @Test func aSecondTabListsWhatFits() throws {
    var seat = try seat()
    let several = Completion(insertion: "", choices: ["initrd.img", "vmlinuz"])
    for isSecond in [false, true] {
      guard case .complete? = seat.type("\t") else {
        Issue.record("no completion")
        return
      }
      seat.screen.complete(several)
      _ = seat.step(.tick)
      #expect(seat.terminal.text.contains(" initrd.img  vmlinuz\n") == isSecond)
    }
    #expect(seat.type("x") == nil)
    #expect(!seat.terminal.text.contains("initrd.img  vmlinuz"))
    let many = Completion(
      insertion: "", choices: (0..<100).map { ByteString("name-\($0)") }, furtherCount: 4)
    for _ in 0..<2 {
      _ = seat.type("\t")
      seat.screen.complete(many)
    }
    _ = seat.step(.tick)
    #expect(seat.terminal.text.contains("\n ... and more\n"))
  }

  @Test func submenusAndHugeEntriesAreNotChanged() throws {
    var seat = try Seat(
      "submenu more { menuentry x { linux /x; }; }\n"
        + "menuentry big {\ntrue # \(String(repeating: "x", count: 65_536))\n}\n")
    seat.screen.edit(index: 0)
    _ = seat.step(.tick)
    #expect(seat.terminal.text.contains("more: a submenu has no commands"))
    seat.screen.edit(index: 1)
    _ = seat.step(.tick)
    #expect(seat.terminal.text.contains("big: too long to edit here"))
    seat.screen.edit(index: 7)
    #expect(seat.type("\r") == .choose(index: 0))
  }

  @Test func theTextHasALimit() throws {
    var seat = try seat("\n\(String(repeating: "x", count: 65_530))\n")
    #expect(seat.type("abcdefgh\r\r\r") == nil)
    guard case .boot(_, let source)? = seat.type("\u{18}") else {
      Issue.record("no start")
      return
    }
    #expect(source.count <= 65_536 + 1)
  }

  @Test func anythingTypedKeepsTheScreenWhole() throws {
    var random = SplitMix(seed: 0xed17)
    var seat = try seat("\nlinux /k \u{e4}\u{4e16}\ninitrd /i\n")
    for _ in 0..<3000 {
      let byte = UInt8(random.below(256))
      seat.now += UInt64(random.below(3)) * second
      switch seat.step(.input([byte])) {
      case .edit(let index)?: seat.screen.edit(index: index)
      case .complete?: seat.screen.complete(Completion(insertion: "(hd0)/", choices: ["a", "b"]))
      case .boot?, .choose?, .commandLine?, nil: break
      case let other?: Issue.record("\(other)")
      }
    }
    #expect(seat.terminal.misunderstood == [])
    let cursor = (seat.terminal.row, seat.terminal.column)
    #expect(cursor.0 < 24 && cursor.1 < 80)
  }
}
