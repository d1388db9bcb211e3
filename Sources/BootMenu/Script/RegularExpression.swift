// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An extended regular expression of POSIX (IEEE 1003.1, section 9.4), as `regexp` takes it: the
/// longest of the leftmost matches, with groups. Matching stops after `stepCountMax` steps, and
/// then there is no match.
struct RegularExpression {
  /// Why a text is no expression.
  enum Failure: Error, Equatable {
    /// A bracket or brace that is not closed, or closed but not opened.
    case unbalanced
    /// A `*` and its like after nothing.
    case nothingToRepeat
    /// More than `nodeCountMax` parts, or brackets nested deeper than `depthMax`.
    case tooLarge

    /// What is wrong, in words.
    var message: ByteString {
      switch self {
      case .unbalanced: "a bracket is not closed"
      case .nothingToRepeat: "nothing to repeat"
      case .tooLarge: "the expression is too large"
      }
    }
  }

  /// The number of parts that an expression may have.
  static let nodeCountMax = 512
  /// The depth of brackets.
  static let depthMax = 16
  /// The steps of one search.
  static let stepCountMax = 65_536

  indirect enum Node {
    case byte(UInt8)
    case any
    case set(ByteSet)
    case start
    case end
    case group(Node, number: Int)
    case sequence([Node])
    case choice([Node])
    case repeated(Node, from: Int, to: Int)
  }

  private let root: Node
  private let groupCount: Int

  /// Reads an expression.
  init(_ pattern: ByteString) throws(Failure) {
    var parser = RegularExpressionParser(pattern)
    root = try parser.parse()
    groupCount = parser.groupCount
  }

  /// The groups of the match, the whole of it first; nil if there is none.
  func firstMatch(in text: ByteString) -> [Range<Int>?]? {
    var matcher = Matcher(text: text.bytes)
    for start in 0...text.count {
      let matches = matcher.matches(root, at: start, groupCount: groupCount)
      if matcher.stepsLeft <= 0 { return nil }
      guard var longest = matches.first else { continue }
      for match in matches where match.end > longest.end { longest = match }
      longest.groups[0] = start..<longest.end
      return longest.groups
    }
    return nil
  }

  /// Tries all ways to match, and tells each.
  private struct Matcher {
    let text: [UInt8]
    var stepsLeft = RegularExpression.stepCountMax

    typealias Groups = [Range<Int>?]

    /// All ways to match from a place, with room for the groups and the whole.
    mutating func matches(
      _ node: Node, at offset: Int, groupCount: Int
    ) -> [(end: Int, groups: Groups)] {
      var ends: [(end: Int, groups: Groups)] = []
      collect(node, offset, Groups(repeating: nil, count: groupCount + 1), &ends)
      return ends
    }

    /// All places where a match of a part from a place may end, each once, the first found kept.
    private mutating func collect(
      _ node: Node, _ offset: Int, _ groups: Groups, _ ends: inout [(end: Int, groups: Groups)]
    ) {
      stepsLeft -= 1
      guard stepsLeft > 0 else { return }
      switch node {
      case .byte(let byte):
        if offset < text.count, text[offset] == byte { add(offset + 1, groups, &ends) }
      case .any: if offset < text.count { add(offset + 1, groups, &ends) }
      case .set(let set):
        if offset < text.count, set.contains(text[offset]) { add(offset + 1, groups, &ends) }
      case .start: if offset == 0 { add(offset, groups, &ends) }
      case .end: if offset == text.count { add(offset, groups, &ends) }
      case .group(let inner, let number):
        var inside: [(end: Int, groups: Groups)] = []
        collect(inner, offset, groups, &inside)
        for (end, found) in inside {
          var groups = found
          if groups.indices.contains(number) { groups[number] = offset..<end }
          add(end, groups, &ends)
        }
      case .sequence(let nodes):
        var places: [(end: Int, groups: Groups)] = [(offset, groups)]
        for node in nodes {
          var next: [(end: Int, groups: Groups)] = []
          for (place, groups) in places { collect(node, place, groups, &next) }
          places = next
        }
        for (end, groups) in places { add(end, groups, &ends) }
      case .choice(let nodes):
        for node in nodes { collect(node, offset, groups, &ends) }
      case .repeated(let inner, let from, let to):
        `repeat`(inner, from, to, offset, groups, &ends)
      }
    }

    private mutating func `repeat`(
      _ node: Node, _ from: Int, _ to: Int, _ offset: Int, _ groups: Groups,
      _ ends: inout [(end: Int, groups: Groups)]
    ) {
      var places: [(end: Int, groups: Groups)] = [(offset, groups)]
      var rounds: [[(end: Int, groups: Groups)]] = from == 0 ? [places] : []
      var count = 0
      while count < to, !places.isEmpty, stepsLeft > 0 {
        var next: [(end: Int, groups: Groups)] = []
        for (place, groups) in places {
          var found: [(end: Int, groups: Groups)] = []
          collect(node, place, groups, &found)
          for (end, groups) in found where end > place || count < from { add(end, groups, &next) }
        }
        places = next
        count += 1
        if count >= from { rounds.append(places) }
      }
      // The longest repetition comes first.
      for round in rounds.reversed() {
        for (end, groups) in round { add(end, groups, &ends) }
      }
    }

    private mutating func add(
      _ end: Int, _ groups: Groups, _ ends: inout [(end: Int, groups: Groups)]
    ) {
      stepsLeft -= 1
      for (known, _) in ends where known == end { return }
      ends.append((end, groups))
    }
  }
}
