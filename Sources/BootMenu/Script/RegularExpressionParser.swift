// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The bytes that a bracket expression stands for.
struct ByteSet {
  private var ranges: [ClosedRange<UInt8>] = []
  /// Whether it stands for all others.
  var isInverted = false

  mutating func insert(_ range: ClosedRange<UInt8>) { ranges.append(range) }

  func contains(_ byte: UInt8) -> Bool {
    ranges.contains { $0.contains(byte) } != isInverted
  }
}

/// Reads extended regular expressions.
struct RegularExpressionParser {
  typealias Node = RegularExpression.Node
  typealias Failure = RegularExpression.Failure

  /// The groups that have been opened.
  private(set) var groupCount = 0
  private let text: [UInt8]
  private var offset = 0
  private var nodeCount = 0
  /// The most repetitions that `{}` may ask for (POSIX: at least RE_DUP_MAX, which is 255).
  private static let repetitionMax = 255

  init(_ pattern: ByteString) { text = pattern.bytes }

  /// The whole expression.
  mutating func parse() throws(Failure) -> Node {
    let node = try choice(depth: 0)
    if offset < text.count { throw .unbalanced }
    return node
  }

  private func peek(_ distance: Int = 0) -> UInt8? {
    offset + distance < text.count ? text[offset + distance] : nil
  }

  private mutating func choice(depth: Int) throws(Failure) -> Node {
    guard depth <= RegularExpression.depthMax else { throw .tooLarge }
    var branches: [Node] = [try sequence(depth: depth)]
    while peek() == 0x7c {
      offset += 1
      branches.append(try sequence(depth: depth))
    }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence(depth: Int) throws(Failure) -> Node {
    var nodes: [Node] = []
    while let byte = peek(), byte != 0x7c, byte != 0x29 {
      nodeCount += 1
      guard nodeCount <= RegularExpression.nodeCountMax else { throw .tooLarge }
      nodes.append(try repeated(depth: depth))
    }
    return .sequence(nodes)
  }

  private mutating func repeated(depth: Int) throws(Failure) -> Node {
    var node = try atom(depth: depth)
    while let byte = peek() {
      switch byte {
      case 0x2a: node = .repeated(node, from: 0, to: .max)
      case 0x2b: node = .repeated(node, from: 1, to: .max)
      case 0x3f: node = .repeated(node, from: 0, to: 1)
      case 0x7b:
        guard let (from, to) = bounds() else { return node }
        node = .repeated(node, from: from, to: to)
        continue
      default: return node
      }
      offset += 1
    }
    return node
  }

  /// `{2}`, `{2,}` or `{2,5}`; nil, with nothing read, if it is none of these.
  private mutating func bounds() -> (Int, Int)? {
    guard let close = text[offset...].firstIndex(of: 0x7d) else { return nil }
    let parts = ByteString(text[(offset + 1)..<close]).split(on: 0x2c)
    guard let from = ScriptNumber.decimal(parts[0]), from <= Self.repetitionMax else { return nil }
    var to = from
    if parts.count == 2 {
      to = parts[1].isEmpty ? .max : ScriptNumber.decimal(parts[1]) ?? -1
      if to != .max, to > Self.repetitionMax { return nil }
    }
    guard parts.count <= 2, to >= from else { return nil }
    offset = close + 1
    return (from, to)
  }

  private mutating func atom(depth: Int) throws(Failure) -> Node {
    guard let byte = peek() else { throw .unbalanced }
    offset += 1
    switch byte {
    case 0x2e: return .any
    case 0x5e: return .start
    case 0x24: return .end
    case 0x2a, 0x2b, 0x3f: throw .nothingToRepeat
    case 0x28:
      groupCount += 1
      let number = groupCount
      let inner = try choice(depth: depth + 1)
      guard peek() == 0x29 else { throw .unbalanced }
      offset += 1
      return .group(inner, number: number)
    case 0x5b: return .set(try bracket())
    case 0x5c:
      guard let escaped = peek() else { throw .unbalanced }
      offset += 1
      return .byte(escaped)
    default: return .byte(byte)
    }
  }

  private mutating func bracket() throws(Failure) -> ByteSet {
    var set = ByteSet()
    if peek() == 0x5e {
      set.isInverted = true
      offset += 1
    }
    var isFirst = true
    while let byte = peek() {
      offset += 1
      if byte == 0x5d, !isFirst { return set }
      isFirst = false
      if byte == 0x5b, peek() == 0x3a, let name = className() {
        for range in ranges(ofClass: name) { set.insert(range) }
      } else if peek() == 0x2d, let last = peek(1), last != 0x5d {
        offset += 2
        if byte <= last { set.insert(byte...last) }
      } else {
        set.insert(byte...byte)
      }
    }
    throw .unbalanced
  }

  /// The name in `[:name:]`, of which the first bracket has been read; nil, with nothing read, if
  /// it is not closed.
  private mutating func className() -> ByteString? {
    var end = offset + 1
    while end < text.count, ASCII.isLetter(text[end]) { end += 1 }
    guard end + 1 < text.count, text[end] == 0x3a, text[end + 1] == 0x5d else { return nil }
    let name = ByteString(text[(offset + 1)..<end])
    offset = end + 2
    return name
  }

  private func ranges(ofClass name: ByteString) -> [ClosedRange<UInt8>] {
    switch name {
    case "digit": [0x30...0x39]
    case "alpha": [0x41...0x5a, 0x61...0x7a]
    case "alnum": [0x30...0x39, 0x41...0x5a, 0x61...0x7a]
    case "upper": [0x41...0x5a]
    case "lower": [0x61...0x7a]
    case "space": [0x09...0x0d, 0x20...0x20]
    case "blank": [0x09...0x09, 0x20...0x20]
    case "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66]
    case "punct": [0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e]
    default: []
    }
  }
}
