// SPDX-License-Identifier: GPL-2.0-or-later
import MenuScreen
import Testing

@testable import Framebuffer

@Suite struct KeyboardLayoutTests {
  /// What MenuScreen makes of a key.
  private func keys(_ codes: [(UInt16, Bool)]) -> [Key] {
    var layout = KeyboardLayout()
    var decoder = KeyDecoder()
    var keys: [Key] = []
    for (code, isPressed) in codes {
      for byte in layout.bytes(forKey: code, isPressed: isPressed) {
        if let key = decoder.decode(byte, now: 0) { keys.append(key) }
      }
    }
    if let key = decoder.expire(now: 1_000_000_000) { keys.append(key) }
    return keys
  }

  private func press(_ code: UInt16, with modifier: UInt16? = nil) -> [Key] {
    let down = modifier.map { [($0, true)] } ?? []
    return keys(down + [(code, true), (code, false)])
  }

  @Test func keysOfTheMenuAreUnderstood() {
    let expected: [(UInt16, Key)] = [
      (1, .escape), (14, .backspace), (15, .tab), (28, .enter), (96, .enter), (102, .home),
      (103, .up), (104, .pageUp), (105, .left), (106, .right), (107, .end), (108, .down),
      (109, .pageDown), (111, .delete),
    ]
    for (code, key) in expected { #expect(press(code) == [key], "\(code)") }
  }

  @Test func everyCharacterOfASCIICanBeTyped() {
    var typed: Set<UInt8> = []
    for code in 0..<128 as Range<UInt16> {
      for modifier in [nil, 42, 54] as [UInt16?] {
        let keys = press(code, with: modifier)
        if keys.count == 1, case .text(let byte) = keys[0] { typed.insert(byte) }
      }
    }
    #expect(typed == Set(0x20...0x7e))
  }

  @Test func wordsComeOutAsTyped() {
    var layout = KeyboardLayout()
    var bytes: [UInt8] = []
    // l s space ( h d 0 ) with Shift down for the parentheses.
    for (code, isPressed) in [
      (38, true), (31, true), (57, true), (42, true), (10, true), (42, false), (35, true),
      (32, true), (11, true), (54, true), (11, true), (54, false),
    ] as [(UInt16, Bool)] {
      bytes += layout.bytes(forKey: code, isPressed: isPressed)
    }
    #expect(String(decoding: bytes, as: UTF8.self) == "ls (hd0)")
  }

  @Test func controlMakesControlCharacters() {
    for (code, letter) in [(30, 0x61), (18, 0x65), (37, 0x6b), (45, 0x78)] as [(UInt16, UInt8)] {
      #expect(press(code, with: 29) == [.control(letter)])
      #expect(press(code, with: 97) == [.control(letter)])
    }
    #expect(press(2, with: 29) == [])
  }

  @Test func capsLockTurnsLettersAlone() {
    #expect(keys([(58, true), (58, false), (30, true), (2, true)]) == [.text(0x41), .text(0x31)])
    #expect(keys([(58, true), (42, true), (30, true)]) == [.text(0x61)])
    #expect(keys([(58, true), (58, true), (30, true)]) == [.text(0x61)])
  }

  @Test func heldKeyRepeats() {
    #expect(keys([(108, true), (108, true), (108, true), (108, false)]) == [.down, .down, .down])
  }

  @Test func functionKeysAreThoseOfXterm() {
    var layout = KeyboardLayout()
    let sequences = ([59...68, 87...88] as [ClosedRange<UInt16>]).joined().map {
      String(decoding: layout.bytes(forKey: $0, isPressed: true).dropFirst(), as: UTF8.self)
    }
    #expect(
      sequences == [
        "OP", "OQ", "OR", "OS", "[15~", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~",
      ])
  }

  @Test func anyCodeIsHarmless() {
    var layout = KeyboardLayout()
    for code in 0...UInt16.max {
      let bytes = layout.bytes(forKey: code, isPressed: code % 3 > 0)
      #expect(bytes.count <= 5)
    }
  }
}
