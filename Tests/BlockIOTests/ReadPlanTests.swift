// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

@testable import BlockIO

@Suite struct ReadPlanTests {
  private let device = ReadPlan.DeviceGeometry(byteCount: 1 << 30, sectorByteCount: 512)

  private func plan(
    _ extents: [Extent], volume: UInt64 = 0, frames: [FrameRange] = [100..<164],
    at byteOffset: UInt64 = 0, tail: UInt64? = nil, device other: ReadPlan.DeviceGeometry? = nil
  ) throws -> ReadPlan {
    let disk = SizedDevice(other ?? device)
    return try ReadPlan(
      extents,
      on: try #require(
        Volume(disk, name: "volume", at: volume, count: disk.byteCount - volume)),
      target: .init(frames: frames, byteOffset: byteOffset, zeroedTailByteCount: tail))
  }

  private func piece(
    _ start: UInt64, _ frame: UInt64, _ byteOffset: Int, _ count: UInt64
  ) -> ReadPlan.Piece {
    ReadPlan.Piece(
      deviceByteOffset: start, place: .init(frame: frame, byteOffset: byteOffset),
      byteCount: count)
  }

  private func read(
    _ start: UInt64, _ frame: UInt64, _ byteOffset: Int, _ count: UInt64
  ) -> ReadPlan.Read {
    ReadPlan.Read(
      volumeByteOffset: start, place: .init(frame: frame, byteOffset: byteOffset),
      byteCount: count)
  }

  @Test func framesThatFollowEachOtherAreARun() {
    let frames: [UInt64] = [7, 8, 9, 20, 19, 18, 0, 1]
    #expect(
      FrameRange.runs(frames[...]) == [
        7..<10, 20..<21, 19..<20,
        18..<19, 0..<2,
      ])
    #expect(FrameRange.runs(frames[1..<3]) == [8..<10])
    #expect(FrameRange.runs([]) == [])
  }

  @Test func runOfWholePagesIsOnePiece() throws {
    let plan = try plan([.run(byteOffset: 8192, byteCount: 12288)], volume: 1 << 20)
    #expect(plan.pieces == [piece(1 << 20 + 8192, 100, 0, 12288)])
    #expect(plan.zeros.isEmpty && plan.reads.isEmpty && plan.copies.isEmpty)
    #expect(plan.pieceByteCount == 12288)
  }

  @Test func runsThatContinueEachOtherBecomeOne() throws {
    let plan = try plan([
      .run(byteOffset: 0, byteCount: 4096), .run(byteOffset: 4096, byteCount: 4096),
      .run(byteOffset: 16384, byteCount: 4096),
    ])
    #expect(plan.pieces == [piece(0, 100, 0, 8192), piece(16384, 102, 0, 4096)])
  }

  @Test func lastSectorIsReadWholeAndItsTailZeroed() throws {
    let plan = try plan([.run(byteOffset: 0, byteCount: 5000)])
    #expect(plan.pieces == [piece(0, 100, 0, 5120)])
    #expect(plan.zeros == [.init(place: .init(frame: 101, byteOffset: 904), byteCount: 3192)])
  }

  @Test func withoutRoomBehindTheFileItsLastBytesAreCopied() throws {
    let plan = try plan([.run(byteOffset: 0, byteCount: 5000)], tail: 3)
    #expect(plan.pieces == [piece(0, 100, 0, 4608)])
    #expect(plan.reads == [read(4608, 101, 512, 392)])
    #expect(plan.zeros == [.init(place: .init(frame: 101, byteOffset: 904), byteCount: 3)])
  }

  @Test func lastBytesOfTheDeviceAreNotOverread() throws {
    let small = ReadPlan.DeviceGeometry(byteCount: 1000, sectorByteCount: 512)
    let plan = try plan([.run(byteOffset: 0, byteCount: 1000)], device: small)
    #expect(plan.pieces == [piece(0, 100, 0, 512)])
    #expect(plan.reads == [read(512, 100, 512, 488)])
  }

  @Test func holesAreZeroed() throws {
    let plan = try plan([
      .zeros(byteCount: 4096), .run(byteOffset: 0, byteCount: 1024), .zeros(byteCount: 9000),
    ])
    #expect(plan.pieces == [piece(0, 101, 0, 1024)])
    #expect(
      plan.zeros == [
        .init(place: .init(frame: 100, byteOffset: 0), byteCount: 4096),
        .init(place: .init(frame: 101, byteOffset: 1024), byteCount: 3 * 4096 - 1024),
      ])
  }

  @Test func inlineBytesAreCopied() throws {
    let plan = try plan([.inline([1, 2, 3])])
    #expect(
      plan.copies == [ReadPlan.Copy(bytes: [1, 2, 3], place: .init(frame: 100, byteOffset: 0))])
    #expect(plan.zeros == [.init(place: .init(frame: 100, byteOffset: 3), byteCount: 4093)])
  }

  @Test func inlineBytesAreCutAtARangesEnd() throws {
    let plan = try plan(
      [.zeros(byteCount: 4094), .inline([1, 2, 3])],
      frames: [7..<8, 3..<4])
    #expect(
      plan.copies == [
        ReadPlan.Copy(bytes: [1, 2], place: .init(frame: 7, byteOffset: 4094)),
        ReadPlan.Copy(bytes: [3], place: .init(frame: 3, byteOffset: 0)),
      ])
  }

  @Test func runIsCutWhereTheFramesJump() throws {
    let plan = try plan(
      [.run(byteOffset: 512, byteCount: 12288)],
      frames: [7..<8, 3..<3, 20..<29])
    #expect(plan.pieces == [piece(512, 7, 0, 4096), piece(4608, 20, 0, 8192)])
  }

  @Test func smallBlocksMeetInsideAFrame() throws {
    // A file system with blocks of 1024 bytes.
    let plan = try plan([
      .run(byteOffset: 5120, byteCount: 1024), .run(byteOffset: 1024, byteCount: 7168),
    ])
    #expect(plan.pieces == [piece(5120, 100, 0, 1024), piece(1024, 100, 1024, 7168)])
  }

  @Test func secondFileBehindAnUnalignedFirstIsCopied() throws {
    let plan = try plan([.run(byteOffset: 0, byteCount: 4096)], at: 5004, tail: 0)
    #expect(plan.pieces.isEmpty)
    #expect(plan.reads == [read(0, 101, 908, 4096)])
    #expect(plan.zeros.isEmpty)
  }

  @Test func unalignedHeadIsReadAloneIfTheRestIsAlignedThen() throws {
    let plan = try plan([.run(byteOffset: 100, byteCount: 5000)], at: 100)
    #expect(plan.reads == [read(100, 100, 100, 412)])
    #expect(plan.pieces == [piece(512, 100, 512, 4608)])
    #expect(plan.zeros == [.init(place: .init(frame: 101, byteOffset: 1004), byteCount: 3092)])
  }

  @Test func largeSectorsNeedWholePages() throws {
    let large = ReadPlan.DeviceGeometry(byteCount: 1 << 30, sectorByteCount: 4096)
    let aligned = try plan([.run(byteOffset: 4096, byteCount: 9000)], device: large)
    #expect(aligned.pieces == [piece(4096, 100, 0, 12288)])
    #expect(aligned.zeros == [.init(place: .init(frame: 102, byteOffset: 808), byteCount: 3288)])
    let crooked = try plan([.run(byteOffset: 1024, byteCount: 8192)], device: large)
    #expect(crooked.pieces.isEmpty)
    #expect(crooked.reads == [read(1024, 100, 0, 8192)])
  }

  @Test func emptyFileNeedsNothing() throws {
    #expect(try plan([]) == ReadPlan(pieces: []))
    #expect(try plan([.run(byteOffset: 0, byteCount: 0)], frames: []) == ReadPlan(pieces: []))
  }

  @Test func runBeyondTheDeviceIsAnError() {
    #expect(
      throws: BlockError.outOfRange(
        byteOffset: 1 << 30, byteCount: 1, deviceByteCount: 1 << 30)
    ) {
      try plan([.run(byteOffset: 1 << 30, byteCount: 1)])
    }
    #expect(
      throws: BlockError.outOfRange(
        byteOffset: UInt64.max, byteCount: 1, deviceByteCount: (1 << 30) - 512)
    ) {
      try plan([.run(byteOffset: UInt64.max, byteCount: 1)], volume: 512)
    }
  }

  @Test func fileLargerThanItsFramesIsAnError() {
    #expect(throws: BlockError.outOfRange(byteOffset: 8192, byteCount: 1, deviceByteCount: 8192)) {
      try plan(
        [.run(byteOffset: 0, byteCount: 8193)], frames: [1..<3])
    }
  }

  @Test func hugeFileStaysASmallPlan() throws {
    let huge = ReadPlan.DeviceGeometry(byteCount: 1 << 50, sectorByteCount: 512)
    let plan = try plan(
      [.run(byteOffset: 0, byteCount: 1 << 40), .zeros(byteCount: 1 << 40)],
      frames: [FrameRange(first: 0, frameCount: 1 << 30)], device: huge)
    #expect(plan.pieces.count == 1 && plan.zeros.count == 1)
  }
}
