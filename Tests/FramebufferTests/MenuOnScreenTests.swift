// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import MenuScreen
import Testing

@testable import Framebuffer

/// An environment with nothing in it.
private final class EmptyEnvironment: MenuEnvironment {
  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? { nil }
  func kind(of file: MenuFile) -> MenuFileKind? { nil }
  func device(having key: SearchKey) -> ByteString? { nil }
  func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool { false }
  func deviceNames() -> [ByteString] { [] }
}

@Suite struct MenuOnScreenTests {
  @Test func menuLooksAsItShouldAndFollowsTheKeyboard() throws {
    let script = "menuentry 'One' { linux /a }\nmenuentry 'Zwei ä' { linux /b }"
    let menu = try MenuInterpreter(environment: EmptyEnvironment()).menu(
      ByteString(script), file: MenuFile(device: "", path: "/grub.cfg"), format: .grub2)
    var menuScreen = MenuScreen(
      title: "title", menu: menu, timeoutSeconds: nil, now: 0,
      terminal: TerminalSizing(isAsked: false))
    var screen = TerminalScreen()
    var layout = KeyboardLayout()
    screen.write(menuScreen.step(.tick, now: 0).output.bytes)
    #expect(Array(screen.text.prefix(4)) == [" title", "", " * One", "   Zwei ä"])
    #expect(screen.cell(row: 2, column: 70).style.isReverse)
    #expect(!screen.cell(row: 3, column: 70).style.isReverse)
    #expect(!screen.isCursorShown)
    let keys = layout.bytes(forKey: 108, isPressed: true)
    screen.write(menuScreen.step(.input(keys), now: 1).output.bytes)
    #expect(Array(screen.text.prefix(4)) == [" title", "", "   One", " * Zwei ä"])
    let enter = menuScreen.step(.input(layout.bytes(forKey: 28, isPressed: true)), now: 2)
    #expect(enter.decision == .choose(index: 1))
    screen.write(menuScreen.leave().bytes)
    #expect(screen.text == [] && screen.isCursorShown)
  }

  @Test func commandLineLooksAsItShould() {
    // As the loader does when there is a framebuffer (decision 0049).
    var line = CommandLine(prompt: "pvgrub> ", terminal: TerminalSizing(isAsked: false))
    var screen = TerminalScreen()
    var rest: [UInt8] = []
    screen.write(line.shown().bytes)
    screen.write(line.step(Array("lsx\u{7f} /bo".utf8), now: 0, rest: &rest).output.bytes)
    screen.write(line.step(Array("\u{1b}[D".utf8), now: 0, rest: &rest).output.bytes)
    #expect(screen.text == ["pvgrub> ls /bo"])
    #expect(screen.cursorColumn == 13)
  }
}
