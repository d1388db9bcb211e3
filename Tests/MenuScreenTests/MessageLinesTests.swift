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
}
