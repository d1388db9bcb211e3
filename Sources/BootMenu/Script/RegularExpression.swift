// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An extended regular expression of POSIX (IEEE 1003.1, section 9.4), as `regexp` takes it: the
/// longest of the leftmost matches, with groups.
struct RegularExpression {
  /// Why a text is no expression, or why nobody knows whether it matches.
  enum Failure: Error, Equatable {
    /// A bracket or brace that is not closed, or closed but not opened.
    case unbalanced
    /// A `*` and its like after nothing.
    case nothingToRepeat
    /// More than `nodeCountMax` parts, or parts within parts deeper than `heightMax`.
    case tooLarge
    /// More than `stepCountMax` steps.
    case tooManySteps

    /// What is wrong, in words.
    var message: ByteString {
      switch self {
      case .unbalanced: "a bracket is not closed"
      case .nothingToRepeat: "nothing to repeat"
      case .tooLarge: "the expression is too large"
      case .tooManySteps: "the expression takes too many steps"
      }
    }
  }

  /// The number of parts that an expression may have.
  static let nodeCountMax = 512
  /// The depth of brackets: how deep the parser goes, with 248 bytes of the image's stack for each.
  static let depthMax = 16
  /// The depth of parts within parts: how deep matching goes, with 272 bytes of the stack for each.
  /// Brackets are two, and each repetition is one.
  static let heightMax = 40
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

  /// The groups of the match, the whole of it first; nil if there is none. Its steps are paid for
  /// in any case.
  func firstMatch(in text: ByteString, _ work: MenuWork) throws(Failure) -> [Range<Int>?]? {
    var matcher = RegularExpressionMatcher(text: text.bytes)
    defer { _ = work.pay(.matchSteps, matcher.stepCount) }
    for start in 0...text.count {
      let matches = matcher.matches(root, at: start)
      if matcher.stepCount >= RegularExpression.stepCountMax { throw .tooManySteps }
      guard var longest = matches.first else { continue }
      for match in matches where match.offset > longest.offset { longest = match }
      var groups = matcher.groups(of: longest, count: groupCount + 1)
      groups[0] = start..<longest.offset
      return groups
    }
    return nil
  }
}
