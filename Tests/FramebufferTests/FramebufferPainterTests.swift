// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Framebuffer

/// Pixels for a painter to draw on.
private final class Canvas: PixelTarget {
  let width: Int
  let height: Int
  private(set) var pixels: [UInt32]
  var painter: FramebufferPainter

  init(width: Int = 800, height: Int = 600) {
    self.width = width
    self.height = height
    pixels = [UInt32](repeating: 0xdead, count: width * height)
    painter = FramebufferPainter(width: width, height: height)
  }

  func setPixel(x: Int, y: Int, to colour: UInt32) {
    precondition(x >= 0 && x < width && y >= 0 && y < height, "a pixel outside of the picture")
    pixels[y * width + x] = colour
  }

  func paint(_ screen: TerminalScreen) -> PixelArea? { painter.paint(screen, on: self) }

  /// The colours of a cell's pixels, row by row.
  func glyph(row: Int, column: Int) -> [[UInt32]] {
    let (left, top) = ((width - 640) / 2 + column * 8, (height - 384) / 2 + row * 16)
    return (0..<16).map { y in (0..<8).map { x in pixels[(top + y) * width + left + x] } }
  }
}

@Suite struct FramebufferPainterTests {
  private static let ink: UInt32 = 0xc8c8c8
  private static let paper: UInt32 = 0x101418

  private func bits(_ character: UInt32) -> [[Bool]] {
    let glyph = BitmapFont.glyph(of: character)
    let bytes = [glyph.upper, glyph.lower].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
    }
    return bytes.map { byte in (0..<8).map { byte & (0x80 >> $0) != 0 } }
  }

  @Test func firstPaintingIsOfEverything() {
    let canvas = Canvas()
    let area = canvas.paint(TerminalScreen.showing("\u{1b}[?25l"))
    #expect(area == PixelArea(columns: 0..<800, rows: 0..<600))
    #expect(canvas.pixels.allSatisfy { $0 == Self.paper })
  }

  @Test func charactersAreWhereTheyBelong() {
    let canvas = Canvas()
    _ = canvas.paint(TerminalScreen.showing("\u{1b}[?25l\u{1b}[3;5HA\u{1b}[7mB"))
    let plain = canvas.glyph(row: 2, column: 4).map { $0.map { $0 == Self.ink } }
    #expect(plain == bits(0x41))
    let reversed = canvas.glyph(row: 2, column: 5).map { $0.map { $0 == Self.paper } }
    #expect(reversed == bits(0x42))
    #expect(canvas.pixels.allSatisfy { $0 == Self.ink || $0 == Self.paper })
  }

  @Test func onlyWhatChangedIsPainted() {
    let canvas = Canvas(width: 640, height: 400)
    var screen = TerminalScreen.showing("\u{1b}[?25labc")
    _ = canvas.paint(screen)
    #expect(canvas.paint(screen) == nil)
    screen.write(Array("\u{1b}[1;2HX\u{1b}[3;4HY".utf8))
    #expect(canvas.paint(screen) == PixelArea(columns: 8..<32, rows: 8..<56))
    #expect(canvas.paint(screen) == nil)
  }

  @Test func cursorIsShownInReverseAndFollows() {
    let canvas = Canvas()
    var screen = TerminalScreen.showing("a")
    _ = canvas.paint(screen)
    #expect(canvas.glyph(row: 0, column: 1).allSatisfy { $0.allSatisfy { $0 == Self.ink } })
    screen.write([0x62])
    _ = canvas.paint(screen)
    #expect(canvas.glyph(row: 0, column: 1).map { $0.map { $0 == Self.ink } } == bits(0x62))
    #expect(canvas.glyph(row: 0, column: 2).allSatisfy { $0.allSatisfy { $0 == Self.ink } })
  }

  @Test func coloursAreThoseAskedFor() {
    let canvas = Canvas()
    _ = canvas.paint(TerminalScreen.showing("\u{1b}[?25l\u{1b}[31;44m█\u{1b}[1m█\u{1b}[44m "))
    #expect(canvas.glyph(row: 0, column: 0)[8][3] == 0xaa2222)
    #expect(canvas.glyph(row: 0, column: 1)[8][3] == 0xff5555)
    #expect(canvas.glyph(row: 0, column: 2)[8][3] == 0x3355cc)
  }

  @Test func smallFramebufferShowsWhatFits() {
    let canvas = Canvas(width: 100, height: 50)
    let screen = TerminalScreen.showing(String(repeating: "x", count: 80 * 24))
    #expect(canvas.paint(screen) == PixelArea(columns: 0..<100, rows: 0..<50))
  }

  @Test func fontHasWhatMenusNeed() {
    #expect(BitmapFont.rows.count == 2 * BitmapFont.characters.count)
    #expect(zip(BitmapFont.characters, BitmapFont.characters.dropFirst()).allSatisfy { $0 < $1 })
    let needed = Array(0x20...0x7e) + Array(0xa0...0xff) + Array(0x2500...0x257f)
    for character in needed { #expect(BitmapFont.characters.contains(UInt32(character))) }
    // Every printable character of ASCII looks different, and only the space is blank.
    let glyphs = (0x21...0x7e).map { bits($0) }
    for (index, glyph) in glyphs.enumerated() {
      #expect(glyph.contains { $0.contains(true) })
      #expect(!glyphs[..<index].contains(glyph))
    }
    #expect(bits(0x10ffff) == bits(0x3f) && bits(0) == bits(0x3f))
  }
}
