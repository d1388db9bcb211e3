// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The text of os-release inside a unified kernel image (os-release(5)): `NAME=value` lines, with
/// values in quotes where they need them.
struct OSRelease {
  private var fields: [(name: ByteString, value: ByteString)] = []
  private static let fieldCountMax = 64

  /// Reads a text.
  init(_ text: ByteString) {
    for line in LineSequence(text) {
      let line = ByteString(line).trimmed
      guard line.bytes.first != 0x23, let equals = line.bytes.firstIndex(of: 0x3d),
        fields.count < OSRelease.fieldCountMax
      else { continue }
      let value = OSRelease.unquoted(ByteString(line.bytes[(equals + 1)...]))
      fields.append((ByteString(line.bytes[..<equals]), value))
    }
  }

  /// The value of a field; nil if it is not there, or empty.
  func value(_ name: ByteString) -> ByteString? {
    let found = fields.first { $0.name == name }?.value
    return found?.isEmpty == true ? nil : found
  }

  /// The first of some fields that has a value.
  func first(_ names: [ByteString]) -> ByteString? {
    for name in names {
      if let value = value(name) { return value }
    }
    return nil
  }

  /// A value without its quotes, and without the backslashes in front of quoted bytes.
  private static func unquoted(_ text: ByteString) -> ByteString {
    guard let quote = text.bytes.first, quote == 0x22 || quote == 0x27, text.count >= 2,
      text.bytes.last == quote
    else { return text }
    var result = ByteString()
    var isEscaped = false
    for byte in text.bytes[1..<(text.count - 1)] {
      if !isEscaped, byte == 0x5c, quote == 0x22 {
        isEscaped = true
      } else {
        result.append(byte)
        isEscaped = false
      }
    }
    return result
  }
}
