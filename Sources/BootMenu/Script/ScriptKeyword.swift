// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The words that are no commands where a command may stand (GRUB 2's reserved words). `case`,
/// `esac` and `select` are reserved, and nothing else.
enum ScriptKeyword: Int {
  case `if`, then, `elif`, `else`, fi, `for`, `in`, `while`, until, `do`, done, function
  case `case`, esac, select

  /// The length of the longest of them in bytes.
  static let byteCountMax = 8

  /// The words, in the order of the cases.
  private static let words: StaticString = """
    if then elif else fi for in while until do done function case esac select
    """

  /// The keyword of a word; nil if it is none.
  init?(_ word: ArraySlice<UInt8>) {
    guard word.count >= 2, word.count <= ScriptKeyword.byteCountMax, let first = word.first,
      first >= 0x63, first <= 0x77  // From c to w.
    else { return nil }
    guard let index = ByteString(word).wordIndex(in: ScriptKeyword.words) else { return nil }
    self.init(rawValue: index)
  }

  /// The word.
  var text: ByteString { ByteString.words(ScriptKeyword.words)[rawValue] }
}
