// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

struct ByteStringTests {
  @Test func interpolatesStringsAndNumbers() {
    let name: ByteString = "xvda"
    #expect(
      "\(name): sector \(UInt64.max), \(-5) of \(hex: 0xbeef)" as ByteString
        == "xvda: sector 18446744073709551615, -5 of 0xbeef")
  }

  @Test func comparesByBytesNotByCanonicalEquivalence() {
    #expect(ByteString("\u{e9}") != ByteString("e\u{301}"))
    #expect(ByteString("a") < ByteString("b"))
  }

  @Test func splitsKeepingEmptyParts() {
    #expect(("/a//b" as ByteString).split(on: ASCII.slash) == ["", "a", "", "b"])
  }

  @Test func trimsBlanksAtBothEndsOnly() {
    #expect((" \t a b\r\n" as ByteString).trimmed == "a b")
    #expect((" " as ByteString).trimmed == "")
  }

  @Test func readsNumbersStrictly() {
    #expect(Numbers.decimal("18446744073709551615") == .max)
    #expect(Numbers.decimal("18446744073709551616") == nil)
    #expect(Numbers.decimal("1x") == nil)
    #expect(Numbers.decimal("") == nil)
    #expect(Numbers.hexadecimal("fFffFFffffffffff") == .max)
    #expect(Numbers.hexadecimal("10000000000000000") == nil)
  }
}
