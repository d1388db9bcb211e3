// SPDX-License-Identifier: GPL-2.0-or-later

/// An area of pixels.
public struct PixelArea: Equatable, Sendable {
  /// The pixels from the left edge to before the right.
  public var columns: Range<Int>
  /// The rows from the upper edge to before the lower.
  public var rows: Range<Int>
}

/// Something that pixels can be drawn on.
public protocol PixelTarget {
  /// Sets the pixel in column `x` and row `y`, both from 0 and inside, to 0x00RRGGBB.
  func setPixel(x: Int, y: Int, to colour: UInt32)
}

/// Draws a screen of text on a framebuffer, and redraws only the cells that changed. The text is
/// centred; a pixel is 0x00RRGGBB.
public struct FramebufferPainter {
  private static let foreground: UInt32 = 0xc8c8c8
  private static let background: UInt32 = 0x101418
  /// The eight colours of `SGR`, and their bright versions.
  private static let palette: [UInt32] = [
    0x000000, 0xaa2222, 0x22aa22, 0xaa7722, 0x3355cc, 0xaa22aa, 0x22aaaa, 0xaaaaaa,
    0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x6688ff, 0xff55ff, 0x55ffff, 0xffffff,
  ]

  /// The size in pixels.
  public let width, height: Int
  private var shown: [TerminalCell] = []

  /// A painter that assumes nothing about the pixels that are there.
  public init(width: Int, height: Int) {
    precondition(width > 0 && height > 0 && width < 1 << 16 && height < 1 << 16, "no such size")
    self.width = width
    self.height = height
  }

  /// Draws what changed and returns the rectangle around it; nil if nothing changed. `target` must
  /// be the same at each call, and of this `width` and `height`. Text that does not fit is cut off.
  public mutating func paint<Target: PixelTarget>(
    _ screen: TerminalScreen, on target: Target
  ) -> PixelArea? {
    let wanted = cells(of: screen)
    let left = max(0, width - screen.columnCount * BitmapFont.width) / 2
    let top = max(0, height - screen.rowCount * BitmapFont.height) / 2
    var area: PixelArea?
    if shown.count != wanted.count {
      for y in 0..<height {
        for x in 0..<width { target.setPixel(x: x, y: y, to: Self.background) }
      }
      shown = [TerminalCell](repeating: TerminalCell(), count: wanted.count)
      area = PixelArea(columns: 0..<width, rows: 0..<height)
    }
    for index in wanted.indices where wanted[index] != shown[index] {
      let (row, column) = index.quotientAndRemainder(dividingBy: screen.columnCount)
      let x = left + column * BitmapFont.width
      let y = top + row * BitmapFont.height
      guard x + BitmapFont.width <= width, y + BitmapFont.height <= height else { continue }
      paint(wanted[index], x: x, y: y, on: target)
      let new = PixelArea(columns: x..<x + BitmapFont.width, rows: y..<y + BitmapFont.height)
      area = area.map { Self.around($0, new) } ?? new
    }
    shown = wanted
    return area
  }

  /// The cells, with the one under the cursor in reverse.
  private func cells(of screen: TerminalScreen) -> [TerminalCell] {
    var cells = screen.cells
    if screen.isCursorShown {
      let place = screen.cursorRow * screen.columnCount + screen.cursorColumn
      cells[place].style.isReverse = !cells[place].style.isReverse
    }
    return cells
  }

  private func paint<Target: PixelTarget>(
    _ cell: TerminalCell, x: Int, y: Int, on target: Target
  ) {
    var ink = Self.colour(cell.style.foreground, cell.style.isBold) ?? Self.foreground
    var paper = Self.colour(cell.style.background, false) ?? Self.background
    if cell.style.isReverse { swap(&ink, &paper) }
    let glyph = BitmapFont.glyph(of: cell.character)
    for row in 0..<BitmapFont.height {
      let half = row < 8 ? glyph.upper : glyph.lower
      let bits = UInt8(truncatingIfNeeded: half >> UInt64(8 * (7 - row % 8)))
      for column in 0..<BitmapFont.width {
        let isInk = bits << UInt8(column) & 0x80 != 0
        target.setPixel(x: x + column, y: y + row, to: isInk ? ink : paper)
      }
    }
  }

  private static func colour(_ number: UInt8?, _ isBright: Bool) -> UInt32? {
    guard let number else { return isBright ? 0xffffff : nil }
    return palette[Int(number & 7) + (isBright ? 8 : 0)]
  }

  private static func around(_ one: PixelArea, _ other: PixelArea) -> PixelArea {
    PixelArea(
      columns: min(
        one.columns.lowerBound, other.columns.lowerBound)..<max(
          one.columns.upperBound, other.columns.upperBound),
      rows: min(
        one.rows.lowerBound, other.rows.lowerBound)..<max(
          one.rows.upperBound, other.rows.upperBound))
  }
}
