// SPDX-License-Identifier: GPL-2.0-or-later

/// The font of the framebuffer: glyphs of 8 by 16 pixels for ASCII, Latin-1 and line drawing.
enum BitmapFont {
  static let width = 8
  static let height = 16

  /// Shown for characters without a glyph.
  private static let substitute: UInt32 = 0x3f

  /// The sixteen rows of the glyph of a character, two words as in `rows`.
  static func glyph(of character: UInt32) -> (upper: UInt64, lower: UInt64) {
    guard let index = index(of: character) ?? index(of: substitute) else { return (0, 0) }
    return (rows[2 * index], rows[2 * index + 1])
  }

  /// The index of a character in `characters`.
  private static func index(of character: UInt32) -> Int? {
    var low = 0
    var high = characters.count
    while low < high {
      let middle = (low + high) / 2
      if characters[middle] < character { low = middle + 1 } else { high = middle }
    }
    return low < characters.count && characters[low] == character ? low : nil
  }
}
