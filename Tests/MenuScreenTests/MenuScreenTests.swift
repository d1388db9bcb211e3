// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import TestSupport
import Testing

/// An environment with nothing in it.
final class EmptyEnvironment: MenuEnvironment {
  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? { nil }
  func kind(of file: MenuFile) -> MenuFileKind? { nil }
  func device(having key: SearchKey) -> ByteString? { nil }
  func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool { false }
  func deviceNames() -> [ByteString] { [] }
}

let second: UInt64 = 1_000_000_000

/// A screen, the terminal that it is shown on, and a clock.
struct Seat {
  var screen: MenuScreen
  var terminal = VirtualTerminal()
  var now: UInt64 = 0
  var byteCount = 0

  init(_ script: String, timeoutSeconds: Int? = nil) throws {
    let menu = try MenuInterpreter(environment: EmptyEnvironment()).menu(
      ByteString(script), file: MenuFile(device: "", path: "/boot/grub/grub.cfg"), format: .grub2)
    screen = MenuScreen(
      title: "pvgrub-swift", menu: menu, timeoutSeconds: timeoutSeconds, now: 0)
    _ = step(.tick)
  }

  mutating func step(_ event: MenuScreen.Event) -> MenuScreen.Decision? {
    let step = screen.step(event, now: now)
    terminal.write(step.output)
    byteCount = step.output.count
    return step.decision
  }

  mutating func type(_ keys: String) -> MenuScreen.Decision? { step(.input(Array(keys.utf8))) }
}

@Suite struct MenuScreenTests {
  let two = "menuentry 'First system' { linux /a; }\nmenuentry Second { linux /b; }\n"

  @Test func showsTitleEntriesCountdownAndHints() throws {
    let seat = try Seat(two, timeoutSeconds: 5)
    #expect(
      seat.terminal.text == """
        [ pvgrub-swift]

        [ * First system]
           Second
        \(String(repeating: "\n", count: 18)) Starting in 5 s (any key stops): First system
         Up/Down select, Enter starts, e changes, c command line
        """)
    #expect(!seat.terminal.isCursorShown)
    #expect(seat.terminal.misunderstood == [])
  }

  @Test func countsDownAndDecides() throws {
    var seat = try Seat(two, timeoutSeconds: 2)
    #expect(seat.screen.deadline(now: 0) == second)
    seat.now = second
    #expect(seat.step(.tick) == nil)
    #expect(seat.terminal.text.contains("Starting in 1 s"))
    #expect(seat.byteCount < 70)
    #expect(seat.screen.deadline(now: second) == 2 * second)
    seat.now = 2 * second
    #expect(seat.step(.tick) == .timeout)
    #expect(seat.step(.tick) == nil)
  }

  @Test func aTimeoutOfZeroDecidesAtOnce() throws {
    var screen = try Seat(two).screen
    #expect(screen.step(.tick, now: 0).decision == nil)
    screen = MenuScreen(title: "t", menu: screen.menu, timeoutSeconds: 0, now: 7)
    #expect(screen.step(.tick, now: 7).decision == .timeout)
  }

  @Test func anyKeyStopsTheCountdown() throws {
    var seat = try Seat(two, timeoutSeconds: 5)
    #expect(seat.type("x") == nil)
    #expect(!seat.terminal.text.contains("Starting"))
    seat.now = 100 * second
    #expect(seat.step(.tick) == nil)
    #expect(seat.screen.deadline(now: seat.now) == nil)
  }

  @Test func arrowsMoveAndEnterChooses() throws {
    var seat = try Seat(two)
    #expect(seat.type("\u{1b}[B") == nil)
    #expect(seat.terminal.lines[2...3] == ["   First system", "[ * Second]"])
    #expect(seat.byteCount < 200)
    #expect(seat.type("\u{1b}OB") == nil)
    #expect(seat.type("\r\n") == .choose(index: 1))
    #expect(seat.type("k\r") == .choose(index: 0))
    #expect(seat.type("c") == .commandLine)
  }

  @Test func escapeSequencesMayBeSplit() throws {
    var seat = try Seat(two)
    #expect(seat.type("\u{1b}") == nil)
    seat.now = KeyDecoder.escapeNanoseconds - 1
    #expect(seat.screen.deadline(now: seat.now) == KeyDecoder.escapeNanoseconds)
    #expect(seat.type("[") == nil)
    #expect(seat.type("B") == nil)
    #expect(seat.type("\n") == .choose(index: 1))
  }

  @Test func someMenusAreLeftAtOnceButNotTheLast() throws {
    var seat = try Seat(two)
    for title: ByteString in ["x", "y", "z"] { seat.screen.open(seat.screen.menu, title: title) }
    #expect(seat.screen.depth == 3)
    seat.screen.close(menuCount: 0)
    #expect(seat.screen.depth == 3)
    seat.screen.close(menuCount: 2)
    #expect(seat.screen.depth == 1)
    seat.screen.close(menuCount: 9)
    #expect(seat.screen.depth == 0)
  }

  @Test func longMenusScroll() throws {
    let script = (0..<40).map { "menuentry 'entry \($0)' { true; }\n" }.joined()
    var seat = try Seat("default=20\n" + script)
    #expect(seat.terminal.lines[16] == "[ * entry 20]")
    #expect(seat.terminal.lines[17] == " entries 7 to 21 of 40")
    _ = seat.type("\u{1b}[F")
    #expect(seat.terminal.lines[16] == "[ * entry 39]")
    _ = seat.type("\u{1b}[5~")
    #expect(seat.terminal.lines[2] == "   entry 25" || seat.terminal.lines[2] == "[ * entry 24]")
    _ = seat.type("\u{1b}[1~")
    #expect(seat.terminal.lines[2] == "[ * entry 0]")
    _ = seat.type("\u{1b}[6~\u{1b}[6~\u{1b}[6~")
    #expect(seat.type("\r") == .choose(index: 39))
    #expect(seat.terminal.misunderstood == [])
  }

  @Test func submenusOpenAndClose() throws {
    var seat = try Seat(
      "menuentry a { linux /a; }\nsubmenu More { menuentry 'in here' { linux /b; } }\n")
    #expect(seat.type("\u{1b}[C") == nil)
    #expect(seat.terminal.lines[3] == "   More ->")
    #expect(seat.type("\u{1b}[B\u{1b}[C") == .choose(index: 1))
    let run = try MenuInterpreter(environment: EmptyEnvironment()).run(1, of: seat.screen.menu)
    guard case .menu(let inner) = run.outcome else {
      Issue.record("no submenu")
      return
    }
    seat.screen.open(inner, title: "More")
    #expect(seat.step(.tick) == nil)
    #expect(seat.terminal.lines[0] == "[ pvgrub-swift > More]")
    #expect(seat.terminal.lines[2] == "[ * in here]")
    #expect(seat.terminal.lines[3] == "")
    #expect(seat.screen.depth == 1)
    #expect(seat.type("\u{1b}") == nil)
    seat.now = second
    #expect(seat.step(.tick) == nil)
    #expect(seat.screen.depth == 0)
    #expect(seat.terminal.lines[3] == "[ * More ->]")
  }

  @Test func messagesAreShownAndStopTheCountdown() throws {
    var seat = try Seat(two, timeoutSeconds: 3)
    for number in 1...4 { seat.screen.report("error \(number)") }
    #expect(seat.step(.tick) == nil)
    #expect(seat.terminal.lines[18...20] == [" error 2", " error 3", " error 4"])
    #expect(!seat.terminal.text.contains("Starting"))
  }

  @Test func titlesCanNotSendCommands() throws {
    let seat = try Seat(
      "menuentry '\u{1b}[2Jevil\u{7}\u{9b}' { true; }\nmenuentry 'gr\u{fc}n \u{2713}' { true; }")
    #expect(seat.terminal.lines[2...3] == ["[ * ?[2Jevil???]", "   gr\u{fc}n \u{2713}"])
    #expect(seat.terminal.misunderstood == [])
  }

  @Test func longTitlesAreCut() throws {
    let seat = try Seat("menuentry \(String(repeating: "x", count: 200)) { true; }")
    #expect(seat.terminal.lines[2] == "[ * " + String(repeating: "x", count: 75) + ">]")
  }

  @Test func hiddenMenusAppearOnAKey() throws {
    var seat = try Seat("timeout_style=hidden\n" + two, timeoutSeconds: 5)
    #expect(!seat.terminal.text.contains("Second"))
    #expect(seat.terminal.text.contains("Press any key for the menu."))
    #expect(seat.type("\r") == nil)
    #expect(seat.terminal.text.contains("Second"))
  }

  @Test func countdownMenusShowTheSeconds() throws {
    var seat = try Seat("timeout_style=countdown\n" + two, timeoutSeconds: 2)
    #expect(seat.terminal.text.contains("Starting in 2 s"))
    seat.now = 2 * second
    #expect(seat.step(.tick) == .timeout)
    #expect(seat.terminal.text.contains("First system"))
  }

  @Test func thousandsOfEntriesAreShown() throws {
    let script = (0..<2000).map { "menuentry 'entry \($0)' { true; }\n" }.joined()
    var seat = try Seat(script)
    _ = seat.type("\u{1b}[F")
    #expect(seat.terminal.lines[16] == "[ * entry 1999]")
    #expect(seat.terminal.lines[17] == " entries 1986 to 2000 of 2000")
    _ = seat.type("\u{1b}[A")
    #expect(seat.byteCount < 250)
  }

  @Test func hiddenEntriesAreNotShown() throws {
    var seat = try Seat("hiddenentry h { true; }\n" + two)
    #expect(seat.terminal.lines[2] == "[ * First system]")
    #expect(seat.type("\r") == .choose(index: 1))
  }

  @Test func leavingShowsTheCursorAndTheNextStepDrawsAll() throws {
    var seat = try Seat(two)
    seat.terminal.write(seat.screen.leave())
    #expect(seat.terminal.text == "")
    #expect(seat.terminal.isCursorShown)
    #expect(seat.step(.tick) == nil)
    #expect(seat.terminal.text.contains("First system"))
  }

  @Test func garbageNeverTraps() throws {
    var seat = try Seat(two)
    var generator = SplitMix(seed: 7)
    for _ in 0..<2000 {
      let bytes = (0..<Int(generator.next() % 9)).map { _ in
        UInt8(truncatingIfNeeded: generator.next())
      }
      seat.now += generator.next() % second
      _ = seat.step(.input(bytes))
    }
    #expect(seat.terminal.misunderstood == [])
  }
}
