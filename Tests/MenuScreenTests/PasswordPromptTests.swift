// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import TestSupport
import Testing

@Suite struct PasswordPromptTests {
  let script = "menuentry First { linux /a; }\nmenuentry Second { linux /b; }\n"

  private func asked(
    _ act: MenuAct = .start(index: 1), asksForUser: Bool = true, timeoutSeconds: Int? = nil
  ) throws -> Seat {
    var seat = try Seat(script, timeoutSeconds: timeoutSeconds)
    seat.screen.ask(for: act, asksForUser: asksForUser)
    _ = seat.step(.tick)
    return seat
  }

  private func lastLines(_ seat: Seat) -> [String] {
    Array(seat.terminal.text.split(separator: "\n").suffix(2).map(String.init))
  }

  private func answer(_ user: ByteString, _ password: ByteString) -> MenuScreen.Decision {
    .password(PasswordAnswer(act: .start(index: 1), user: user, password: password))
  }

  @Test func asksForUserAndPasswordAndShowsStars() throws {
    var seat = try asked()
    #expect(lastLines(seat) == [" Locked: Second", " User name: _"])
    #expect(seat.type("root") == nil)
    #expect(lastLines(seat)[1] == " User name: root_")
    #expect(seat.type("\r") == nil)
    #expect(lastLines(seat)[1] == " Password: _")
    #expect(seat.type("s\u{e9}c") == nil)
    #expect(lastLines(seat)[1] == " Password: ***_")
    #expect(!seat.terminal.text.contains("s\u{e9}c"))
    #expect(seat.type("\n") == answer("root", "s\u{e9}c"))
    #expect(seat.terminal.misunderstood == [])
  }

  @Test func withoutUsersOnlyThePasswordIsAskedFor() throws {
    var seat = try asked(.unlock, asksForUser: false)
    #expect(lastLines(seat) == [" Locked: the menu", " Password: _"])
    #expect(
      seat.type("x\r")
        == .password(PasswordAnswer(act: .unlock, user: "", password: "x")))
    seat = try asked(.commandLine)
    #expect(lastLines(seat)[0] == " Locked: the command line")
  }

  @Test func aWholeLineMayComeAtOnce() throws {
    var seat = try asked()
    #expect(seat.type("root\nsecret\n") == answer("root", "secret"))
  }

  @Test func backspaceAndControlUCorrect() throws {
    var seat = try asked()
    #expect(
      seat.type("rox\u{7f}o\u{e4}\u{8}t\ra\u{e4}\u{4e16}\u{7f}\u{7f}\u{7f}\u{7f}b\u{15}ok") == nil)
    #expect(seat.type("\r") == answer("root", "ok"))
    seat = try asked()
    #expect(seat.type("who\u{15}me\rx\r") == answer("me", "x"))
  }

  @Test func escapeLeavesAndTheMenuGoesOn() throws {
    var seat = try asked()
    #expect(seat.type("root\u{1b}") == nil)
    seat.now = second
    #expect(seat.step(.tick) == nil)
    #expect(lastLines(seat)[1].hasPrefix(" Up/Down select"))
    #expect(seat.type("\r") == .choose(index: 0))
  }

  @Test func sequencesSplitOverReadsAreNoText() throws {
    var seat = try asked()
    for byte in "\u{1b}[B\u{1b}[1~\u{1b}OC" { #expect(seat.type(String(byte)) == nil) }
    #expect(lastLines(seat)[1] == " User name: _")
    #expect(seat.type("a\rb\r") == answer("a", "b"))
  }

  @Test func theLengthIsLimited() throws {
    var seat = try asked()
    let long = String(repeating: "u", count: 300)
    #expect(seat.type("\(long)\r\(long)") == nil)
    #expect(seat.terminal.misunderstood == [])
    #expect(lastLines(seat)[1].count <= 79)
    let kept = ByteString(String(repeating: "u", count: 256))
    #expect(seat.type("\r") == answer(kept, kept))
  }

  @Test func aWrongPasswordCostsTimeAndKeysMeanwhileAreIgnored() throws {
    var seat = try asked()
    for (round, seconds) in [1, 2, 4, 8, 8].enumerated() {
      #expect(seat.type("root\rbad\r") == answer("root", "bad"))
      seat.screen.refuse(now: seat.now)
      #expect(seat.type("root\rgood\r") == nil, "\(round)")
      #expect(lastLines(seat)[1] == " Wrong; please wait.")
      let end = seat.now + UInt64(seconds) * second
      #expect(seat.screen.deadline(now: seat.now) == end)
      seat.now = end - 1
      #expect(seat.type("x") == nil)
      #expect(lastLines(seat)[1] == " Wrong; please wait.")
      seat.now = end
      #expect(seat.step(.tick) == nil)
      #expect(lastLines(seat)[1] == " User name: _")
      #expect(seat.screen.deadline(now: seat.now) == nil)
    }
    seat.screen.accept()
    _ = seat.step(.tick)
    #expect(lastLines(seat)[1].hasPrefix(" Up/Down select"))
    seat.screen.ask(for: .start(index: 1), asksForUser: false)
    #expect(seat.type("bad\r") == answer("", "bad"))
    seat.screen.refuse(now: seat.now)
    #expect(seat.screen.deadline(now: seat.now) == seat.now + second)
  }

  @Test func escapeLeavesTheWaitAsWell() throws {
    var seat = try asked()
    #expect(seat.type("a\rb\r") != nil)
    seat.screen.refuse(now: 0)
    #expect(seat.type("\u{1b}") == nil)
    seat.now = KeyDecoder.escapeNanoseconds
    #expect(seat.step(.tick) == nil)
    #expect(lastLines(seat)[1].hasPrefix(" Up/Down select"))
    // The next wrong one waits longer nevertheless.
    seat.screen.ask(for: .start(index: 1), asksForUser: false)
    #expect(seat.type("b\r") != nil)
    seat.screen.refuse(now: seat.now)
    #expect(seat.screen.deadline(now: seat.now) == seat.now + 2 * second)
  }

  @Test func nothingCountsDownBehindAPrompt() throws {
    let seat = try asked(timeoutSeconds: 3)
    #expect(seat.screen.secondsLeft(now: 0) == nil)
    #expect(seat.screen.deadline(now: 0) == nil)
  }

  @Test func titlesOfADiskSendNoCommands() throws {
    var seat = try Seat("menuentry 'a\u{1b}[2Jb' { linux /a; }\n")
    seat.screen.ask(for: .start(index: 0), asksForUser: true)
    _ = seat.type("\u{9b}")
    #expect(lastLines(seat)[0] == " Locked: a?[2Jb")
    #expect(seat.terminal.misunderstood == [])
  }

  @Test func keyPIsForLegacyMenusWithAPassword() throws {
    var seat = try Seat(script)
    #expect(seat.type("p") == nil)
    let menu = try MenuInterpreter(environment: EmptyEnvironment()).menu(
      "password x\ntitle a\nkernel /a\n", file: MenuFile(device: "", path: "/menu.lst"),
      format: .legacy)
    seat.screen.open(menu, title: "legacy")
    #expect(seat.type("p") == .unlock)
    #expect(lastLines(seat)[1].hasSuffix(", p password"))
  }
}
