// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

@testable import MenuScreen

struct MessageLinesTests {
  @Test func keepsAShortMessageAsItIs() {
    #expect(MessageLines.wrap("not found", width: 20) == ["not found"])
    #expect(MessageLines.wrap("", width: 20) == [""])
  }

  @Test func cutsAtBlanksAndLosesNothingButThem() {
    let rows = MessageLines.wrap("xvda1: ext4: /boot/vmlinuz: not found", width: 16)
    #expect(rows == ["xvda1: ext4: ", "/boot/vmlinuz: ", "not found"])
  }

  @Test func neverCutsACharacterOfSeveralBytes() {
    let text = ByteString(String(repeating: "\u{e9}", count: 40))
    for row in MessageLines.wrap(text, width: 9) {
      #expect(row.count <= 9)
      #expect(String(validating: row.bytes, as: UTF8.self) != nil)
    }
  }

  @Test func takesGarbageWithoutEnd() {
    let text = ByteString([UInt8](repeating: 0x80, count: 1000))
    #expect(MessageLines.wrap(text, width: 10).reduce(0) { $0 + $1.count } == 1000)
  }

  /// A menu's titles may have a megabyte, and are laid out again each second.
  @Test func ofALongTitleOnlyWhatIsShownIsTakenApart() {
    let title = ByteString([UInt8](repeating: 0x61, count: 1 << 20))
    let text = ScreenText(title, countMax: 80)
    #expect(text.count == 80)
    #expect(text.fitted(to: 79).cells.last == [0x3e])
    #expect(ScreenText("ab", countMax: 80).fitted(to: 79) == ScreenText("ab"))
  }

  @Test func aLongMessageIsKeptAsFarAsItIsShown() throws {
    var seat = try Seat("menuentry a { linux /a; }")
    let text = ByteString([UInt8](repeating: 0x62, count: 100_000)) + " the end"
    seat.screen.report(text)
    #expect(seat.screen.messages == [ByteString(text.bytes.suffix(MenuScreen.messageByteCountMax))])
    _ = seat.step(.tick)
    #expect(seat.terminal.text.contains("the end"))
  }
}
