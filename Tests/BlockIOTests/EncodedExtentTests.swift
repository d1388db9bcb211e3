// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Testing

struct EncodedExtentTests {
  private let stored: [Extent] = [.run(byteOffset: 4096, byteCount: 100), .inline([1, 2])]

  private func piece(skipping skipped: UInt64 = 0, count: UInt64) throws -> EncodedExtent {
    try #require(
      EncodedExtent(
        .zlib, stored: stored, decodedByteCount: 1000, skippedByteCount: skipped, byteCount: count))
  }

  @Test func aPackedPieceIsCutWhereItsUnpackedBytesAreCut() throws {
    let (head, tail) = Extent.encoded(try piece(skipping: 10, count: 500)).split(at: 200)
    #expect(head == .encoded(try piece(skipping: 10, count: 200)))
    #expect(tail == .encoded(try piece(skipping: 210, count: 300)))
    #expect(head.byteCount == 200)
  }

  @Test func partsOfOnePieceAreKnownToBeSo() throws {
    let other = try #require(
      EncodedExtent(
        .zlib, stored: [.run(byteOffset: 0, byteCount: 100)], decodedByteCount: 1000, byteCount: 1))
    #expect(try piece(count: 1).isPacked(with: piece(skipping: 9, count: 2)))
    #expect(try !piece(count: 1).isPacked(with: other))
  }

  @Test func aPieceThatWantsMoreThanItHasIsNone() {
    #expect(
      EncodedExtent(
        .lz4, stored: stored, decodedByteCount: 10, skippedByteCount: 4, byteCount: 7) == nil)
    #expect(
      EncodedExtent(
        .lz4, stored: stored, decodedByteCount: 10, skippedByteCount: 11, byteCount: 0) == nil)
    #expect(
      EncodedExtent(
        .lz4, stored: stored, decodedByteCount: 10, skippedByteCount: 4, byteCount: .max) == nil)
  }

  @Test func aPieceBeyondTheLimitsIsNone() {
    let most = UInt64(EncodedExtent.decodedByteCountMax)
    #expect(EncodedExtent(.xz, stored: stored, decodedByteCount: most + 1, byteCount: 1) == nil)
    #expect(EncodedExtent(.xz, stored: [], decodedByteCount: most, byteCount: 1) == nil)
    let packed = UInt64(EncodedExtent.storedByteCountMax)
    let tooLong: [Extent] = [
      .run(byteOffset: 0, byteCount: packed), .run(byteOffset: 9, byteCount: 1),
    ]
    let longest = [tooLong[0]]
    #expect(EncodedExtent(.xz, stored: longest, decodedByteCount: 1, byteCount: 1) != nil)
    #expect(EncodedExtent(.xz, stored: tooLong, decodedByteCount: 1, byteCount: 1) == nil)
    let endless: [Extent] = [
      .run(byteOffset: 0, byteCount: 1), .run(byteOffset: 9, byteCount: .max),
    ]
    #expect(EncodedExtent(.xz, stored: endless, decodedByteCount: 1, byteCount: 1) == nil)
    let tooMany = [Extent](
      repeating: .run(byteOffset: 0, byteCount: 1), count: EncodedExtent.storedCountMax + 1)
    #expect(EncodedExtent(.xz, stored: tooMany, decodedByteCount: 1, byteCount: 1) == nil)
  }

  @Test func whatIsPackedTwiceIsNone() throws {
    let inner = Extent.encoded(try piece(count: 4))
    #expect(EncodedExtent(.xz, stored: [inner], decodedByteCount: 1, byteCount: 1) == nil)
  }

  @Test func aPlanUnpacksIntoEachRangeOfFramesByItself() throws {
    let plan = try ReadPlan(
      [.zeros(byteCount: 4000), .encoded(try piece(count: 500))],
      on: Volume(whole: SizedDevice(.init(byteCount: 1 << 20, sectorByteCount: 512))),
      target: ReadPlan.Target(
        frames: [7..<8, 9..<10]))
    #expect(
      plan.unpackings.map { $0.place } == [
        ReadPlan.Place(frame: 7, byteOffset: 4000), ReadPlan.Place(frame: 9, byteOffset: 0),
      ])
    #expect(plan.unpackings.map { $0.extent.byteCount } == [96, 404])
    #expect(plan.unpackings.map { $0.extent.skippedByteCount } == [0, 96])
    #expect(plan.zeros.last?.byteCount == 4096 - 404)
  }
}
