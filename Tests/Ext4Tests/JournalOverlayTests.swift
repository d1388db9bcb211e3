// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Testing

@testable import Ext4

struct JournalOverlayTests {
  /// Block 3 is at 100 KiB, 4 after it, 7 escaped at 200 KiB.
  let overlay = JournalOverlay(
    [
      .init(block: 3, byteOffset: 102400, isEscaped: false),
      .init(block: 4, byteOffset: 103424, isEscaped: false),
      .init(block: 7, byteOffset: 204800, isEscaped: true),
      .init(block: .max, byteOffset: 307200, isEscaped: true),
    ], blockByteCount: 1024)

  @Test func splitsRuns() {
    let expected: [Extent] = [
      .run(byteOffset: 0, byteCount: 3072), .run(byteOffset: 102400, byteCount: 2048),
      .run(byteOffset: 5120, byteCount: 2048), .inline([0xc0, 0x3b, 0x39, 0x98]),
      .run(byteOffset: 204804, byteCount: 1020),
      .run(byteOffset: 8192, byteCount: 2048),
    ]
    #expect(overlay.pieces(at: 0, count: 10240) == expected)
  }

  @Test func cutsAtBothEnds() {
    #expect(
      overlay.pieces(at: 3100, count: 10) == [
        .run(byteOffset: 102428, byteCount: 10)
      ])
    #expect(
      overlay.pieces(at: 7170, count: 1) == [.inline([0x39])])
    #expect(
      overlay.pieces(at: 7167, count: 3) == [
        .run(byteOffset: 7167, byteCount: 1), .inline([0xc0, 0x3b]),
      ])
    #expect(
      overlay.pieces(at: 7172, count: 1020) == [
        .run(byteOffset: 204804, byteCount: 1020)
      ])
    #expect(overlay.pieces(at: 3072, count: 0) == [])
  }

  @Test func leavesTheRestOfAFileAlone() throws {
    let extents: [Extent] = [
      .inline([1]), .run(byteOffset: 6144, byteCount: 1024), .zeros(byteCount: 5),
      .run(byteOffset: 4096, byteCount: 1024),
    ]
    #expect(
      try overlay.pieces(of: extents, countMax: 100, paidBy: WorkAccount()) == [
        .inline([1]), .run(byteOffset: 6144, byteCount: 1024), .zeros(byteCount: 5),
        .run(byteOffset: 103424, byteCount: 1024),
      ])
    #expect(
      try JournalOverlay.empty.pieces(of: extents, countMax: 0, paidBy: WorkAccount()) == extents)
  }

  /// A file of overlapping extents once became more pieces than memory holds.
  @Test func stopsBehindTheLargestNumberOfPieces() throws {
    let extents = [Extent](repeating: .run(byteOffset: 4096, byteCount: 2048), count: 1000)
    #expect(try overlay.pieces(of: extents, countMax: 1 << 20, paidBy: WorkAccount()).count > 1000)
    #expect(try overlay.pieces(of: extents, countMax: 10, paidBy: WorkAccount()).count < 20)
  }
}
