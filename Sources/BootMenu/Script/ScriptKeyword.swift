// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The words that are no commands where a command may stand (GRUB 2's reserved words). `case`,
/// `esac` and `select` are reserved, and nothing else.
enum ScriptKeyword: Equatable {
  case `if`, then, `elif`, `else`, fi, `for`, `in`, `while`, until, `do`, done, function
  case `case`, esac, select

  /// The length of the longest of them in bytes.
  static let byteCountMax = 8

  private static let table: [(ByteString, ScriptKeyword)] = [
    ("if", .if), ("then", .then), ("elif", .elif), ("else", .else), ("fi", .fi), ("for", .for),
    ("in", .in), ("while", .while), ("until", .until), ("do", .do), ("done", .done),
    ("function", .function), ("case", .case), ("esac", .esac), ("select", .select),
  ]

  /// The keyword of a word; nil if it is none.
  init?(_ word: ByteString) {
    for (text, keyword) in ScriptKeyword.table where text == word {
      self = keyword
      return
    }
    return nil
  }

  /// The word.
  var text: ByteString {
    for (text, keyword) in ScriptKeyword.table where keyword == self { return text }
    return ""
  }
}
