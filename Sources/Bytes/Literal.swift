// SPDX-License-Identifier: GPL-2.0-or-later

/// A text that is written in the source, by its address alone: one word for each call that takes
/// one (decision 0052). The compiler puts a zero byte after the text, which has none in it.
@usableFromInline
struct Literal {
  private let start: UnsafePointer<UInt8>

  /// A text that is written in the source.
  @inline(__always)
  @usableFromInline
  init(_ text: StaticString) {
    start = text.utf8Start
    assert(count == text.utf8CodeUnitCount, "a literal with a zero byte in it")
  }

  /// The byte at `index`; nil if the text ends there. None before it may be nil.
  func byte(at index: Int) -> UInt8? {
    // SAFETY: the caller has not met the end so far.
    start[index] == 0 ? nil : start[index]
  }

  /// The number of bytes.
  var count: Int {
    var length = 0
    while byte(at: length) != nil { length += 1 }
    return length
  }

  /// The bytes, without the zero byte.
  var bytes: UnsafeBufferPointer<UInt8> {
    // SAFETY: the program's own text is never freed, and `count` ends at the zero byte after it.
    UnsafeBufferPointer(start: start, count: count)
  }
}

// Comparing with a text in the source makes no string of it.
extension ByteString {
  /// Whether the bytes are those of `right`.
  @inline(__always)
  public static func == (left: ByteString, right: StaticString) -> Bool {
    left.isEqual(Literal(right))
  }

  /// Whether the bytes are other than those of `right`.
  @inline(__always)
  public static func != (left: ByteString, right: StaticString) -> Bool {
    !left.isEqual(Literal(right))
  }

  /// Whether a case of a `switch` is this string.
  @inline(__always)
  public static func ~= (pattern: StaticString, value: ByteString) -> Bool {
    value.isEqual(Literal(pattern))
  }

  /// Whether the string starts with `prefix`.
  @inline(__always)
  public func hasPrefix(_ prefix: StaticString) -> Bool { starts(with: Literal(prefix)) }

  /// Whether the string ends with `suffix`.
  @inline(__always)
  public func hasSuffix(_ suffix: StaticString) -> Bool { ends(with: Literal(suffix)) }

  @inline(never)
  private func isEqual(_ literal: Literal) -> Bool {
    for index in bytes.indices {
      guard let byte = literal.byte(at: index), byte == bytes[index] else { return false }
    }
    return literal.byte(at: count) == nil
  }

  @inline(never)
  private func starts(with literal: Literal) -> Bool { bytes.starts(with: literal.bytes) }

  @inline(never)
  private func ends(with literal: Literal) -> Bool {
    let text = literal.bytes
    return count >= text.count && bytes.suffix(text.count).elementsEqual(text)
  }
}

// Lists of words are one text in the source, with a blank or a line's end between two of them.
extension ByteString {
  /// The words of a text in the source.
  @inline(never)
  public static func words(_ text: StaticString) -> [ByteString] {
    Literal(text).bytes.split { ASCII.isBlank($0) }.map { ByteString(Array($0)) }
  }

  /// Whether the string is one of the words of `text`.
  @inline(__always)
  public func isWord(of text: StaticString) -> Bool { wordIndex(in: Literal(text)) != nil }

  /// The string's place among the words of `text`, from zero; nil if it is none of them.
  @inline(__always)
  public func wordIndex(in text: StaticString) -> Int? { wordIndex(in: Literal(text)) }

  @inline(never)
  private func wordIndex(in literal: Literal) -> Int? {
    guard !isEmpty else { return nil }
    var index = 0
    var place = 0
    // Each turn goes on behind the next blank of the source's own text.
    while true {
      var matchCount = 0
      while matchCount < count, let byte = literal.byte(at: place), byte == bytes[matchCount],
        !ASCII.isBlank(byte)
      {
        matchCount += 1
        place += 1
      }
      let isWhole = matchCount == count
      while let byte = literal.byte(at: place), !ASCII.isBlank(byte) {
        place += 1
        matchCount = 0
      }
      if isWhole, matchCount == count { return index }
      if literal.byte(at: place) == nil { return nil }
      place += 1
      index += 1
    }
  }
}

/// Whether there is a string, and its bytes are those of `right`.
@inline(never)
public func == (left: ByteString?, right: StaticString) -> Bool {
  guard let left else { return false }
  return left == right
}

/// Whether there is no string, or its bytes are other than those of `right`.
@inline(never)
public func != (left: ByteString?, right: StaticString) -> Bool { !(left == right) }
