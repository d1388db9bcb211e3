// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Wraps a message to the rows of a screen. Its end holds the reason and must not be cut off.
enum MessageLines {
  /// The rows of `message`, each of at most `width` bytes, broken at blanks where possible.
  static func wrap(_ message: ByteString, width: Int) -> [ByteString] {
    precondition(width > 4, "a screen is wider than one character")
    var rows: [ByteString] = []
    var rest = message.bytes[...]
    while rest.count > width {
      let cut = place(in: rest, width: width)
      rows.append(ByteString(rest[..<cut]))
      rest = rest[cut...].drop { $0 == ASCII.space }
    }
    if !rest.isEmpty || rows.isEmpty { rows.append(ByteString(rest)) }
    return rows
  }

  /// Where to break: after the last blank, or else slash, of the first `width` bytes, or else
  /// between two characters.
  private static func place(in bytes: ArraySlice<UInt8>, width: Int) -> Int {
    let start = bytes.startIndex
    for separator in [ASCII.space, ASCII.slash] {
      for index in stride(from: start + width, to: start + width / 2, by: -1)
      where bytes[index - 1] == separator { return index }
    }
    // A UTF-8 character has at most three bytes after its first.
    for index in stride(from: start + width, to: start + width - 4, by: -1)
    where bytes[index] & 0xc0 != 0x80 { return index }
    return start + width
  }
}
