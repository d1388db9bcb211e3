// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Text for a terminal, one element per column. Bytes from a disk can't send it commands.
struct ScreenText: Equatable {
  /// The characters, each as its UTF-8 bytes.
  private(set) var cells: [[UInt8]] = []

  /// A text in which everything unprintable has become `?`. Each character counts as one column.
  /// Not more than `countMax` of them are looked at: a menu's titles may be as long as it likes.
  init(_ text: ByteString, countMax: Int = .max) {
    let bytes = text.bytes
    var index = 0
    while index < bytes.count, cells.count < countMax {
      let length = ScreenText.characterByteCount(bytes, at: index)
      if length == 0 {
        cells.append([0x3f])
        index += 1
      } else {
        cells.append(Array(bytes[index..<(index + length)]))
        index += length
      }
    }
  }

  /// Characters of one column each: tabs become blanks, and everything unprintable `?`.
  init(characters: some Sequence<[UInt8]>) {
    for character in characters {
      let bytes = character == [ASCII.tab] ? [ASCII.space] : character
      let isShown = ScreenText.characterByteCount(bytes, at: 0) == bytes.count
      cells.append(isShown ? bytes : [0x3f])
    }
  }

  /// The number of columns.
  var count: Int { cells.count }

  /// The text cut to a width; ends in `>` if it was cut.
  func fitted(to width: Int) -> ScreenText {
    guard count > width, width > 0 else { return self }
    var result = self
    result.cells = Array(cells.prefix(width - 1)) + [[0x3e]]
    return result
  }

  /// The last columns of the text, if it is wider than `width`.
  func ending(in width: Int) -> ScreenText {
    var result = self
    result.cells = Array(cells.suffix(max(width, 0)))
    return result
  }

  /// The text with a space in front.
  var indented: ScreenText {
    var result = self
    result.cells.insert([ASCII.space], at: 0)
    return result
  }

  /// The text with spaces up to a width.
  func padded(to width: Int) -> ScreenText {
    var result = self
    while result.count < width { result.cells.append([ASCII.space]) }
    return result
  }

  /// The number of bytes of the printable character at an index; zero if there is none.
  static func characterByteCount(_ bytes: [UInt8], at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return ASCII.isPrintable(first) ? 1 : 0 }
    let length: Int
    switch first {
    case 0xc2...0xdf: length = 2
    case 0xe0...0xef: length = 3
    case 0xf0...0xf4: length = 4
    default: return 0
    }
    guard index + length <= bytes.count,
      bytes[(index + 1)..<(index + length)].allSatisfy({ $0 & 0xc0 == 0x80 })
    else { return 0 }
    // Control characters, and what UTF-8 forbids: overlong forms, surrogates, beyond Unicode.
    let second = bytes[index + 1]
    let isLeftOut =
      switch first {
      case 0xc2, 0xe0: second < 0xa0
      case 0xed: second >= 0xa0
      case 0xf0: second < 0x90
      case 0xf4: second >= 0x90
      default: false
      }
    return isLeftOut ? 0 : length
  }
}
