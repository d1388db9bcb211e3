// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

struct LiteralTests {
  private let text: ByteString = "hd0,gpt2"

  @Test func literalsAreComparedByBytes() {
    #expect(text == "hd0,gpt2")
    #expect(text != "hd0,gpt")
    #expect(text != "hd0,gpt22")
    #expect(text != "hd0,gpt3")
    #expect(text != "")
    #expect(ByteString() == "")
    #expect(ByteString() != "a")
  }

  @Test func aZeroByteEndsNoComparison() {
    #expect(ByteString([0x61, 0]) != "a")
    #expect(ByteString([0x61, 0, 0x62]) != "a")
    #expect(ByteString([0]) != "")
    #expect(!ByteString([0x61, 0]).hasSuffix("a"))
    #expect(!ByteString([0]).isWord(of: "a b"))
  }

  @Test func absentStringsAreNoLiteral() {
    let none: ByteString? = nil
    let some: ByteString? = text
    #expect(none != "")
    #expect(!(none == "hd0,gpt2"))
    #expect(some == "hd0,gpt2")
    #expect(some != "hd1")
  }

  @Test func casesOfASwitchAreLiterals() {
    switch text {
    case "hd0", "hd0,gpt2": break
    default: Issue.record("no case was taken")
    }
  }

  @Test func startsAndEndsAreFound() {
    #expect(text.hasPrefix("hd"))
    #expect(text.hasPrefix(""))
    #expect(text.hasPrefix("hd0,gpt2"))
    #expect(!text.hasPrefix("hd0,gpt2 "))
    #expect(!text.hasPrefix("xd"))
    #expect(text.hasSuffix("gpt2"))
    #expect(text.hasSuffix(""))
    #expect(!text.hasSuffix("hd0,hd0,gpt2"))
    #expect(!text.hasSuffix("gpt3"))
  }

  @Test func wordsAreTakenApart() {
    #expect(ByteString.words("") == [])
    #expect(ByteString.words("one") == ["one"])
    #expect(ByteString.words("one two\nthree") == ["one", "two", "three"])
  }

  @Test func aWordIsFoundAsAWhole() {
    let all = ByteString.words("one two\nthree")
    for (index, word) in all.enumerated() {
      #expect(word.wordIndex(in: "one two\nthree") == index)
      #expect(word.isWord(of: "one two\nthree"))
    }
    for other: ByteString in ["", " ", "on", "ones", "one two", "two\n", "hree", "three ", "tw"] {
      #expect(other.wordIndex(in: "one two\nthree") == nil)
    }
  }
}
