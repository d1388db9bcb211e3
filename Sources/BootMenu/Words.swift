// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Words separated by blanks, as in lines of menus and kernel command lines.
extension ByteString {
  /// The words. Each takes some fifty bytes: of a text that may be long `WordSequence` gives them.
  var words: [ByteString] { WordSequence(self).map { ByteString($0) } }

  /// The first word, and what follows it and the blanks after it.
  var firstWord: (word: ByteString, rest: ByteString) {
    let body = trimmed
    let word = ByteString(body.bytes.prefix { !ASCII.isBlank($0) })
    return (word, body.dropFirst(word.count).trimmed)
  }

  /// The text without the words in front that `isSkipped` says, but not without the last one if
  /// that is to be kept.
  func withoutWords(
    keepingLast: Bool = false, _ isSkipped: (ArraySlice<UInt8>) -> Bool
  ) -> ByteString {
    var words = WordSequence(self)
    var start = bytes.endIndex
    while let word = words.next() {
      start = word.startIndex
      if !isSkipped(word) { return ByteString(bytes[start...]).trimmed }
    }
    return keepingLast ? ByteString(bytes[start...]).trimmed : ""
  }

  /// Two texts with a blank between them, if neither is empty.
  static func joined(_ first: ByteString, _ second: ByteString) -> ByteString {
    if first.isEmpty { return second }
    return second.isEmpty ? first : "\(first) \(second)"
  }
}

/// The words of a text, one after the other, as parts of it.
struct WordSequence: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var offset = 0

  /// The words of a text.
  init(_ text: ByteString) { bytes = text.bytes }

  /// The next word.
  mutating func next() -> ArraySlice<UInt8>? {
    while offset < bytes.count, ASCII.isBlank(bytes[offset]) { offset += 1 }
    let start = offset
    while offset < bytes.count, !ASCII.isBlank(bytes[offset]) { offset += 1 }
    return start < offset ? bytes[start..<offset] : nil
  }
}

/// The lines of a text, one after the other, as parts of it; those that are empty are passed over.
struct LineSequence: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private let endsAtReturn: Bool
  private var offset = 0
  /// The number of the line that came last, from one.
  private(set) var number = 0

  /// The lines of a text; a carriage return may end one, too.
  init(_ text: ByteString, endsAtReturn: Bool = false) {
    bytes = text.bytes
    self.endsAtReturn = endsAtReturn
  }

  /// The next line that is not empty.
  mutating func next() -> ArraySlice<UInt8>? {
    while offset < bytes.count {
      let start = offset
      while offset < bytes.count, bytes[offset] != ASCII.newline,
        !endsAtReturn || bytes[offset] != ASCII.carriageReturn
      { offset += 1 }
      number += 1
      defer { offset += 1 }
      if start < offset { return bytes[start..<offset] }
    }
    return nil
  }
}
