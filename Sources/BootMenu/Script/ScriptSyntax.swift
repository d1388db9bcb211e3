// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Text that breaks the grammar, and where.
final class ScriptSyntaxError: Error, Equatable {
  /// What is wrong.
  enum Reason: Equatable {
    /// A quote that is not closed.
    case unterminatedQuote
    /// `$` without a name, or `${` without a name and a `}`.
    case badVariable
    /// Something that can't stand here.
    case unexpected(ByteString)
    /// The text ends before this word.
    case missing(ByteString)
    /// More than `MenuLimits.syntaxDepthMax` blocks within one another.
    case nestedTooDeeply
  }

  /// What is wrong.
  let reason: Reason
  /// The line, from one.
  let line: Int
  /// The column, from one.
  let column: Int

  /// What is wrong, and where.
  init(reason: Reason, line: Int, column: Int) {
    self.reason = reason
    self.line = line
    self.column = column
  }

  /// What is wrong at a place.
  convenience init(reason: Reason, at place: ScriptPosition) {
    self.init(reason: reason, line: place.line, column: place.column)
  }

  /// Whether the same is wrong at the same place.
  static func == (left: ScriptSyntaxError, right: ScriptSyntaxError) -> Bool {
    left.reason == right.reason && left.line == right.line && left.column == right.column
  }

  /// What is wrong, in words.
  var message: ByteString {
    switch reason {
    case .unterminatedQuote: "a quote is not closed"
    case .badVariable: "$ without a name, or ${ without a name and }"
    case .unexpected(let what): "unexpected \(what)"
    case .missing(let what): "the text ends before \(what)"
    case .nestedTooDeeply: "more than \(MenuLimits.syntaxDepthMax) blocks within one another"
    }
  }
}
