// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import MenuScreen
import Testing

struct TerminalTextTests {
  @Test func keepsWordsAndLines() {
    #expect(TerminalText.harmless("one two\nthree\n") == "one two\nthree\n")
    #expect(TerminalText.harmless(ByteString("\u{fc}ber")) == ByteString("\u{fc}ber"))
  }

  @Test func takesTheEscapeFromASequence() {
    #expect(TerminalText.harmless("\u{1b}[2Jgone") == "?[2Jgone")
    #expect(TerminalText.harmless("a\tb\rc") == "a b?c")
  }

  @Test func takesTheControlCharactersAboveASCII() {
    #expect(TerminalText.harmless(ByteString([0x9b, 0x41])) == "?A")
    #expect(TerminalText.harmless(ByteString([0xc2, 0x9b, 0x41])).hasSuffix("A"))
    #expect(!TerminalText.harmless(ByteString([0xc2, 0x9b])).bytes.contains(0x9b))
  }

  @Test(arguments: [
    [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80],
    [0xc2], [0xe4, 0xb8], [0x80], [0xff],
  ])
  func whatIsNoUTF8IsNotShown(_ bytes: [UInt8]) {
    let shown = TerminalText.harmless(ByteString(bytes))
    #expect(shown.text == String(repeating: "?", count: bytes.count))
  }
}
