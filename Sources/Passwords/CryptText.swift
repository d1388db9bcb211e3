// SPDX-License-Identifier: GPL-2.0-or-later

/// The way in which crypt(5) writes bytes: 64 characters, the lowest bits first.
enum CryptText {
  private static let characters: [UInt8] = Array(
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// Appends the lowest bits of a number as some characters.
  static func append(_ value: UInt32, characterCount: Int, to text: inout [UInt8]) {
    var rest = value
    for _ in 0..<characterCount {
      text.append(characters[Int(rest & 63)])
      rest >>= 6
    }
  }

  /// Appends three bytes, the first of them the highest.
  static func append(_ high: UInt8, _ middle: UInt8, _ low: UInt8, to text: inout [UInt8]) {
    let value = UInt32(high) << 16 | UInt32(middle) << 8 | UInt32(low)
    append(value, characterCount: 4, to: &text)
  }

  /// The first bytes of a text that is repeated without end.
  static func repeated(_ text: [UInt8], byteCount: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(byteCount)
    while result.count < byteCount { result += text.prefix(byteCount - result.count) }
    return result
  }
}
