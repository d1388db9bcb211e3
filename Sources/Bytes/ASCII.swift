// SPDX-License-Identifier: GPL-2.0-or-later

/// Names and classes of ASCII bytes.
public enum ASCII {
  /// Horizontal tab.
  public static let tab: UInt8 = 0x09
  /// Line feed, which ends a line.
  public static let newline: UInt8 = 0x0a
  /// Carriage return.
  public static let carriageReturn: UInt8 = 0x0d
  /// Escape.
  public static let escape: UInt8 = 0x1b
  /// Space.
  public static let space: UInt8 = 0x20
  /// Slash, which separates the names of a path.
  public static let slash: UInt8 = 0x2f

  /// Whether `byte` is a space, a tab, a carriage return or a line feed.
  public static func isBlank(_ byte: UInt8) -> Bool {
    byte == space || byte == tab || byte == newline || byte == carriageReturn
  }

  /// Whether `byte` is one of `0` to `9`.
  public static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Whether `byte` is a letter of ASCII.
  public static func isLetter(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return lower >= 0x61 && lower <= 0x7a
  }

  /// Whether `byte` can be shown on a terminal as it is: ASCII from space to tilde.
  public static func isPrintable(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7f }

  /// A letter in lower case; any other byte unchanged.
  public static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
  }

  /// A letter in upper case; any other byte unchanged.
  public static func uppercased(_ byte: UInt8) -> UInt8 {
    byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
  }

  /// The value of a hexadecimal digit.
  public static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch lowercased(byte) {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: lowercased(byte) - 0x61 + 10
    default: nil
    }
  }
}
