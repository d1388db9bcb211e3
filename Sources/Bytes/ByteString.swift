// SPDX-License-Identifier: GPL-2.0-or-later

/// A string of bytes, as found on a disk, in a menu or in xenstore: usually UTF-8, never checked.
///
/// Comparison is by bytes. Swift's `String` compares by canonical equivalence, which is wrong for
/// file names and would link Unicode tables into the image.
///
/// What is used all over the image is not inlined: a call is a fifth of its size (decision 0052).
public struct ByteString: Equatable, Hashable, Sendable {
  /// The bytes, without a terminator.
  public var bytes: [UInt8]

  /// An empty string.
  public init() { bytes = [] }

  /// A string of the given bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A string of a slice's bytes.
  @inline(never)
  public init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

  /// A string of the UTF-8 bytes of `text`.
  public init(_ text: String) { bytes = Array(text.utf8) }

  /// The number of bytes.
  public var count: Int { bytes.count }

  /// Whether there are no bytes.
  public var isEmpty: Bool { bytes.isEmpty }

  /// The bytes decoded as UTF-8, with replacement characters where they are not. For people only.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether the string starts with `prefix`.
  @inline(never) @_disfavoredOverload
  public func hasPrefix(_ prefix: ByteString) -> Bool {
    bytes.starts(with: prefix.bytes)
  }

  /// Whether the string ends with `suffix`.
  @inline(never) @_disfavoredOverload
  public func hasSuffix(_ suffix: ByteString) -> Bool {
    count >= suffix.count && bytes.suffix(suffix.count).elementsEqual(suffix.bytes)
  }

  /// The string without its first `byteCount` bytes; empty if there are fewer.
  @inline(never)
  public func dropFirst(_ byteCount: Int = 1) -> ByteString {
    ByteString(bytes.dropFirst(byteCount))
  }

  /// The parts between each `separator`, empty ones included.
  @inline(never)
  public func split(on separator: UInt8) -> [ByteString] {
    bytes.split(separator: separator, omittingEmptySubsequences: false).map { ByteString($0) }
  }

  /// The string without ASCII blanks (space, tab, CR, LF) at both ends.
  @inline(never)
  public var trimmed: ByteString {
    var start = bytes.startIndex
    var end = bytes.endIndex
    while start < end, ASCII.isBlank(bytes[start]) { start += 1 }
    while end > start, ASCII.isBlank(bytes[end - 1]) { end -= 1 }
    return ByteString(bytes[start..<end])
  }

  /// The string with ASCII letters in lower case.
  @inline(never)
  public var lowercased: ByteString {
    ByteString(bytes.map { ASCII.lowercased($0) })
  }

  /// Appends another string.
  @inline(never)
  public mutating func append(_ other: ByteString) { bytes.append(contentsOf: other.bytes) }

  /// Appends one byte.
  @inline(never)
  public mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// Two strings, one after the other.
  @inline(never)
  public static func + (left: ByteString, right: ByteString) -> ByteString {
    ByteString(left.bytes + right.bytes)
  }

  /// Replaces the string by itself and `right` after it.
  public static func += (left: inout ByteString, right: ByteString) { left.append(right) }
}

extension ByteString: Comparable {
  /// Order by byte values, as `memcmp` has it.
  @inline(never)
  public static func < (left: ByteString, right: ByteString) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension ByteString: ExpressibleByStringInterpolation {
  /// A string written in the source.
  @inline(__always)
  public init(stringLiteral value: StaticString) { self.init(Literal(value)) }

  @inline(never)
  private init(_ literal: Literal) { bytes = Array(literal.bytes) }

  /// A string written in the source with values in it: `"sector \(n): \(reason)"`.
  public init(stringInterpolation: Interpolation) { self.init(stringInterpolation.bytes) }

  /// Appends a string written in the source.
  @inline(__always)
  public mutating func append(_ literal: StaticString) { append(Literal(literal)) }

  @inline(never)
  private mutating func append(_ literal: Literal) { bytes.append(contentsOf: literal.bytes) }

  /// Collects the parts of an interpolated literal.
  public struct Interpolation: StringInterpolationProtocol {
    /// What has been collected.
    fileprivate(set) var bytes: [UInt8] = []

    /// Starts a literal. Room is made as it grows: messages are short, and rare.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds a fixed part.
    @inline(__always)
    public mutating func appendLiteral(_ literal: StaticString) { append(Literal(literal)) }

    @inline(never)
    private mutating func append(_ literal: Literal) { bytes.append(contentsOf: literal.bytes) }

    /// Adds a string.
    @inline(never)
    public mutating func appendInterpolation(_ value: ByteString) {
      bytes.append(contentsOf: value.bytes)
    }

    /// Adds a number in decimal.
    public mutating func appendInterpolation<Number: BinaryInteger>(_ value: Number) {
      Numbers.appendDecimal(value, to: &bytes)
    }

    /// Adds a number in hexadecimal, with `0x` in front.
    @inline(never)
    public mutating func appendInterpolation(hex value: UInt64) {
      bytes.append(contentsOf: [0x30, 0x78])
      Numbers.appendHexadecimal(value, digitCountMin: 1, to: &bytes)
    }
  }
}
