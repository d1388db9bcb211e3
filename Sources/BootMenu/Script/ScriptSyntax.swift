// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A part of a word of a script.
enum ScriptWordPart: Equatable, Sendable {
  /// Text as it is. Quoted text makes an argument even if it is empty.
  case text(ByteString, isQuoted: Bool)
  /// The value of a variable. An unquoted one is split at blanks. A braced one was written `${x}`.
  case variable(ByteString, isQuoted: Bool, isBraced: Bool)
}

/// A word of a command: an argument before expansion, or a block in braces.
enum ScriptWord: Equatable, Sendable {
  /// An argument.
  case argument([ScriptWordPart])
  /// The text between `{` and `}`, and where it starts.
  indirect case block(ByteString, line: Int, column: Int)
}

/// A statement of a script, in the grammar of GRUB 2 (manual, "Shell-like scripting").
struct ScriptStatement: Sendable {
  /// What it does.
  indirect enum Kind: Sendable {
    /// A command with its arguments.
    case command([ScriptWord])
    /// `if` and `elif` with their bodies, and what follows `else`.
    case conditional([ScriptBranch], otherwise: [ScriptStatement])
    /// `for name in words`.
    case forLoop(name: ByteString, words: [ScriptWord], body: [ScriptStatement])
    /// `while`, or `until` where the condition must fail.
    case whileLoop(condition: [ScriptStatement], isUntil: Bool, body: [ScriptStatement])
    /// The definition of a function.
    case function(name: ByteString, body: [ScriptStatement])
  }

  /// The line that it starts on.
  var line: Int
  /// The column that it starts in.
  var column: Int
  /// What it does.
  var kind: Kind
}

/// A condition and what is done if it holds.
struct ScriptBranch: Sendable {
  /// The condition: the status of its last command counts.
  var condition: [ScriptStatement]
  /// What is done.
  var body: [ScriptStatement]
}

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
