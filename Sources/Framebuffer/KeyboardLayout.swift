// SPDX-License-Identifier: GPL-2.0-or-later

/// A US keyboard: turns Linux's key codes (`linux/input-event-codes.h`) into the bytes that a
/// terminal sends.
public struct KeyboardLayout: Sendable {
  private enum Code {
    static let leftControl: UInt16 = 29
    static let leftShift: UInt16 = 42
    static let rightShift: UInt16 = 54
    static let capsLock: UInt16 = 58
    static let rightControl: UInt16 = 97
  }

  private static let escape: UInt8 = 0x1b
  /// The keys 2 to 13, 16 to 27, 30 to 41, 43 to 53 without and with Shift.
  private static let rows: [(first: UInt16, plain: StaticString, shifted: StaticString)] = [
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
  ]
  /// Keys 71 to 83, the numeric keypad, as with Num Lock on.
  private static let numberBlock: StaticString = "789-456+1230."

  private var isLeftShiftDown = false
  private var isRightShiftDown = false
  private var isLeftControlDown = false
  private var isRightControlDown = false
  private var isCapsLocked = false

  /// A keyboard with no key pressed.
  public init() {}

  /// The bytes that a key sends when it is pressed or released; none for modifiers and for unknown
  /// keys.
  public mutating func bytes(forKey code: UInt16, isPressed: Bool) -> [UInt8] {
    switch code {
    case Code.leftShift: isLeftShiftDown = isPressed
    case Code.rightShift: isRightShiftDown = isPressed
    case Code.leftControl: isLeftControlDown = isPressed
    case Code.rightControl: isRightControlDown = isPressed
    case Code.capsLock: if isPressed { isCapsLocked = !isCapsLocked }
    default: return isPressed ? Self.sequence(of: code) ?? text(of: code) : []
    }
    return []
  }

  /// What a key sends regardless of modifiers.
  private static func sequence(of code: UInt16) -> [UInt8]? {
    switch code {
    case 1: [escape]
    case 14: [0x7f]
    case 15: [0x09]
    case 28, 96: [0x0d]
    case 102: [escape, 0x5b, 0x48]  // Home
    case 103: [escape, 0x5b, 0x41]  // Up
    case 104: [escape, 0x5b, 0x35, 0x7e]  // Page Up
    case 105: [escape, 0x5b, 0x44]  // Left
    case 106: [escape, 0x5b, 0x43]  // Right
    case 107: [escape, 0x5b, 0x46]  // End
    case 108: [escape, 0x5b, 0x42]  // Down
    case 109: [escape, 0x5b, 0x36, 0x7e]  // Page Down
    case 110: [escape, 0x5b, 0x32, 0x7e]  // Insert
    case 111: [escape, 0x5b, 0x33, 0x7e]  // Delete
    case 59...62: [escape, 0x4f, 0x50 + UInt8(code - 59)]  // F1 to F4, as xterm has them
    case 63: [escape, 0x5b, 0x31, 0x35, 0x7e]  // F5
    case 64...66: [escape, 0x5b, 0x31, 0x37 + UInt8(code - 64), 0x7e]  // F6 to F8
    case 67...68: [escape, 0x5b, 0x32, 0x30 + UInt8(code - 67), 0x7e]  // F9, F10
    case 87...88: [escape, 0x5b, 0x32, 0x33 + UInt8(code - 87), 0x7e]  // F11, F12
    default: nil
    }
  }

  private func text(of code: UInt16) -> [UInt8] {
    let isShifted = isLeftShiftDown || isRightShiftDown
    guard let plain = Self.character(code, isShifted: false) else { return [] }
    let isLetter = plain >= 0x61 && plain <= 0x7a
    if isLeftControlDown || isRightControlDown {
      if isLetter { return [plain & 0x1f] }
      return plain == 0x5b ? [Self.escape] : []
    }
    let isUpper = isLetter && isCapsLocked ? !isShifted : isShifted
    return Self.character(code, isShifted: isUpper).map { [$0] } ?? []
  }

  private static func character(_ code: UInt16, isShifted: Bool) -> UInt8? {
    switch code {
    case 57: return 0x20
    case 55: return 0x2a
    case 98: return 0x2f
    case 71...83: return byte(Int(code - 71), of: numberBlock)
    default: break
    }
    for row in rows where code >= row.first {
      let text = isShifted ? row.shifted : row.plain
      if let byte = byte(Int(code - row.first), of: text) { return byte }
    }
    return nil
  }

  private static func byte(_ index: Int, of text: StaticString) -> UInt8? {
    // SAFETY: the index is inside the text.
    index < text.utf8CodeUnitCount ? text.utf8Start[index] : nil
  }
}
