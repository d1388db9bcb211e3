// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

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
  /// The length of `{from,to}` in bytes.
  private static let boundsByteCountMax = 32

  init(_ pattern: ByteString) { text = pattern.bytes }

  /// The whole expression.
  mutating func parse() throws(Failure) -> Node {
    let node = try choice(depth: 0).node
    if offset < text.count { throw .unbalanced }
    return node
  }

  /// A part, and how deep parts are within parts in it.
  private struct Part {
    var node: Node
    var height = 0

    /// A part around others.
    init(_ node: Node, around height: Int) throws(Failure) {
      guard height < RegularExpression.heightMax else { throw .tooLarge }
      self.node = node
      self.height = height + 1
    }

    /// A part that has no others in it.
    init(_ node: Node) { self.node = node }
  }

  private func peek(_ distance: Int = 0) -> UInt8? {
    offset + distance < text.count ? text[offset + distance] : nil
  }

  private mutating func count() throws(Failure) {
    nodeCount += 1
    guard nodeCount <= RegularExpression.nodeCountMax else { throw .tooLarge }
  }

  /// Branches with `|` between them; brackets inside are `depth` deep.
  private mutating func choice(depth: Int) throws(Failure) -> Part {
    guard depth <= RegularExpression.depthMax else { throw .tooLarge }
    let first = try sequence(depth: depth)
    guard peek() == 0x7c else { return first }
    var branches = [first.node]
    var height = first.height
    while peek() == 0x7c {
      try count()
      offset += 1
      let branch = try sequence(depth: depth)
      branches.append(branch.node)
      height = max(height, branch.height)
    }
    return try Part(.choice(branches), around: height)
  }

  private mutating func sequence(depth: Int) throws(Failure) -> Part {
    var nodes: [Node] = []
    var height = 0
    var last: Part?
    while let byte = peek(), byte != 0x7c, byte != 0x29 {
      try count()
      let part = try repeated(depth: depth)
      nodes.append(part.node)
      height = max(height, part.height)
      last = part
    }
    if nodes.count == 1, let last { return last }
    return try Part(.sequence(nodes), around: height)
  }

  private mutating func repeated(depth: Int) throws(Failure) -> Part {
    var part = try atom(depth: depth)
    while let byte = peek() {
      switch byte {
      case 0x2a: part = try repeated(part, from: 0, to: .max)
      case 0x2b: part = try repeated(part, from: 1, to: .max)
      case 0x3f: part = try repeated(part, from: 0, to: 1)
      case 0x7b:
        guard let (from, to) = bounds() else { return part }
        part = try repeated(part, from: from, to: to)
        continue
      default: return part
      }
      offset += 1
    }
    return part
  }

  /// A part that is repeated. `*`, `+` and `?` after one another are one of them: `a+?` is `a*`.
  private mutating func repeated(_ part: Part, from: Int, to: Int) throws(Failure) -> Part {
    let isSimple = { (from: Int, to: Int) in from <= 1 && (to == .max || from == 0 && to == 1) }
    if case .repeated(let inner, let first, let last) = part.node, isSimple(first, last),
      isSimple(from, to)
    {
      var merged = part
      merged.node = .repeated(inner, from: min(from, first), to: max(to, last))
      return merged
    }
    try count()
    return try Part(.repeated(part.node, from: from, to: to), around: part.height)
  }

  /// `{2}`, `{2,}` or `{2,5}`; nil, with nothing read, if it is none of these.
  private mutating func bounds() -> (Int, Int)? {
    guard let close = text[offset...].prefix(Self.boundsByteCountMax).firstIndex(of: 0x7d)
    else { return nil }
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

  private mutating func atom(depth: Int) throws(Failure) -> Part {
    guard let byte = peek() else { throw .unbalanced }
    offset += 1
    switch byte {
    case 0x2e: return Part(.any)
    case 0x5e: return Part(.start)
    case 0x24: return Part(.end)
    case 0x2a, 0x2b, 0x3f: throw .nothingToRepeat
    case 0x28:
      groupCount += 1
      let number = groupCount
      let inner = try choice(depth: depth + 1)
      guard peek() == 0x29 else { throw .unbalanced }
      offset += 1
      return try Part(.group(inner.node, number: number), around: inner.height)
    case 0x5b: return Part(.set(try bracket()))
    case 0x5c:
      guard let escaped = peek() else { throw .unbalanced }
      offset += 1
      return Part(.byte(escaped))
    default: return Part(.byte(byte))
    }
  }

  private mutating func bracket() throws(Failure) -> ByteSet {
    var set = ByteSet()
    let isInverted = peek() == 0x5e
    if isInverted { offset += 1 }
    var isFirst = true
    while let byte = peek() {
      offset += 1
      if byte == 0x5d, !isFirst {
        if isInverted { set.invert() }
        return set
      }
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
