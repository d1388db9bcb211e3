// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The terminal's size as far as it is known, and when to ask for it.
///
/// A terminal is asked only once a key has come from it. A question that nobody reads would stay in
/// the console's backlog, and if somebody attached hours later, their terminal would type its
/// answer into the guest's login prompt.
public struct TerminalSizing: Equatable, Sendable {
  /// Saves the cursor, sends it far beyond any corner, asks where it is (DSR 6, ECMA-48), and
  /// restores it (DECSC and DECRC, VT100).
  static let question: ByteString = "\u{1b}7\u{1b}[999;999H\u{1b}[6n\u{1b}8"

  /// The size that was reported last.
  public private(set) var size = TerminalSize.standard
  /// Whether a question is still unanswered.
  public private(set) var isAnswerDue = false
  private let isAsked: Bool
  private var isQuestionDue = false
  private var wasAsked = false

  /// A terminal that is asked at its first key, or never.
  public init(isAsked: Bool = true) { self.isAsked = isAsked }

  /// Notes that somebody typed a key.
  mutating func takeKey() { if !wasAsked { askAgain() } }

  /// Asks at the next opportunity: the screen is being redrawn.
  mutating func askAgain() { isQuestionDue = isAsked }

  /// Takes an answer; returns whether the size has changed.
  mutating func take(_ answer: TerminalSize) -> Bool {
    isAnswerDue = false
    guard isAsked, answer != size else { return false }
    size = answer
    return true
  }

  /// The question if it is due, else nothing.
  mutating func takeQuestion() -> ByteString {
    guard isQuestionDue else { return "" }
    isQuestionDue = false
    isAnswerDue = true
    wasAsked = true
    return TerminalSizing.question
  }
}
