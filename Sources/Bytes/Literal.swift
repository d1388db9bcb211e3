// SPDX-License-Identifier: GPL-2.0-or-later

/// A text that is written in the source, by its address alone: one word for each call that takes
/// one (decision 0052). The compiler puts a zero byte behind the text, which has none in it.
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

  /// The number of bytes.
  var count: Int {
    var length = 0
    while start[length] != 0 { length += 1 }
    return length
  }

  /// The bytes, without the zero byte.
  var bytes: UnsafeBufferPointer<UInt8> {
    // SAFETY: the program's own text is never freed, and `count` ends at the zero byte behind it.
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
  private func isEqual(_ literal: Literal) -> Bool { bytes.elementsEqual(literal.bytes) }

  @inline(never)
  private func starts(with literal: Literal) -> Bool { bytes.starts(with: literal.bytes) }

  @inline(never)
  private func ends(with literal: Literal) -> Bool {
    let text = literal.bytes
    return count >= text.count && bytes.suffix(text.count).elementsEqual(text)
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
