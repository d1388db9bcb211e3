// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What is known of the terminal's size, and when it is asked for it.
///
/// Only a terminal whose keys arrive is asked: a question that nobody reads would stay in the
/// console's backlog, and whoever attaches hours later would have their terminal type the answer
/// into the guest's login prompt.
public struct TerminalSizing: Equatable, Sendable {
  /// The cursor is kept, sent far beyond any corner, asked for its place (DSR 6, ECMA-48), and put
  /// back (DECSC and DECRC, VT100).
  static let question: ByteString = "\u{1b}7\u{1b}[999;999H\u{1b}[6n\u{1b}8"

  /// The size as it was told last.
  public private(set) var size = TerminalSize.standard
  /// Whether a question was not answered yet.
  public private(set) var isAnswerDue = false
  private let isAsked: Bool
  private var isQuestionDue = false
  private var wasAsked = false

  /// The size of a terminal that is asked when its first key comes; or the standard one for ever.
  public init(isAsked: Bool = true) { self.isAsked = isAsked }

  /// Takes note that somebody typed a key.
  mutating func takeKey() { if !wasAsked { askAgain() } }

  /// Asks at the next opportunity, since the screen is drawn anew.
  mutating func askAgain() { isQuestionDue = isAsked }

  /// Takes an answer; says whether the size is another now.
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
