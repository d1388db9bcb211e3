// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Words separated by blanks, as in lines of menus and kernel command lines.
extension ByteString {
  /// The words.
  var words: [ByteString] { bytes.split { ASCII.isBlank($0) }.map { ByteString($0) } }

  /// The first word, and what follows it and the blanks after it.
  var firstWord: (word: ByteString, rest: ByteString) {
    let body = trimmed
    let word = ByteString(body.bytes.prefix { !ASCII.isBlank($0) })
    return (word, body.dropFirst(word.count).trimmed)
  }

  /// Two texts with a blank between them, if neither is empty.
  static func joined(_ first: ByteString, _ second: ByteString) -> ByteString {
    if first.isEmpty { return second }
    return second.isEmpty ? first : "\(first) \(second)"
  }
}
