// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage
import TestSupport
import Testing

struct LinearPlanTests {
  private func plan(
    _ segments: [ELFBuilder.Segment], gapsEnd: UInt64 = 0
  ) throws -> LinearPlan {
    var builder = ELFBuilder()
    builder.segments = segments
    let head = ByteView(builder.bytes)
    return LinearPlan(
      try LoadLayout(ElfHeader(head).programHeaders(in: head)), gapsEnd: gapsEnd)
  }

  private func segment(_ file: UInt64, _ memory: UInt64, _ count: UInt64) -> ELFBuilder.Segment {
    ELFBuilder.Segment(
      fileOffset: file, physicalAddress: memory, fileByteCount: count,
      memoryByteCount: count + 5000)
  }

  @Test func wholePagesOfTheFileArePagesOfMemory() throws {
    let plan = try plan([segment(0x1000, 0x100_0000, 0x3000)])
    #expect(plan.runs == [LinearPlan.Run(filePages: 1..<4, physicalPage: 0x1000)])
    #expect(plan.copies == [])
    #expect(plan.physicalPage(ofFilePage: 0) == nil)
    #expect(plan.physicalPage(ofFilePage: 1) == 0x1000)
    #expect(plan.physicalPage(ofFilePage: 3) == 0x1002)
    #expect(plan.physicalPage(ofFilePage: 4) == nil)
  }

  @Test func wholePagesBetweenSegmentsAreGaps() throws {
    let segments = [
      segment(0x20_0000, 0x100_0000, 0x1800), segment(0x20_4800, 0x200_0800, 0x1800),
    ]
    #expect(try plan(segments).gaps == [])
    // The first 64 KiB are the headers'; what shares a page with a segment is copied from there.
    let plan = try plan(segments, gapsEnd: 0x20_6000)
    #expect(plan.gaps == [0x10..<0x200, 0x202..<0x204])
    #expect(plan.gapPageCount(fromFilePage: 0xf) == 0)
    #expect(plan.gapPageCount(fromFilePage: 0x10) == 0x1f0)
    #expect(plan.gapPageCount(fromFilePage: 0x203) == 1)
    #expect(plan.gapPageCount(fromFilePage: 0x204) == 0)
    #expect(plan.scratchPageCount(fromFilePage: 0) == 0x10)
    #expect(plan.scratchPageCount(fromFilePage: 0x201) == 1)
    #expect(plan.scratchPageCount(fromFilePage: 0x204) == 1)
  }

  @Test func whereThePackedDataIsGatheredIsNoGap() throws {
    let segments = [segment(0x20_0000, 0x100_0000, 0x1000), segment(0x40_0000, 0x200_0000, 0x1000)]
    #expect(try plan(segments, gapsEnd: 0x30_0fff).gaps == [0x10..<0x200, 0x201..<0x300])
    #expect(try plan(segments, gapsEnd: 0x10_0000).gaps == [0x10..<0x100])
  }

  @Test func tellsHowFarPagesOfOneKindGo() throws {
    let plan = try plan([
      segment(0x1000, 0x100_0000, 0x3000), segment(0x8000, 0x200_0000, 0x1000),
    ])
    #expect(plan.scratchPageCount(fromFilePage: 0) == 1)
    #expect(try #require(plan.physicalPages(fromFilePage: 1)) == (0x1000, 3))
    #expect(try #require(plan.physicalPages(fromFilePage: 3)) == (0x1002, 1))
    #expect(plan.physicalPages(fromFilePage: 4) == nil)
    #expect(plan.scratchPageCount(fromFilePage: 4) == 4)
    #expect(plan.scratchPageCount(fromFilePage: 9) == .max)
  }

  @Test func partsOfPagesAreCopied() throws {
    let plan = try plan([segment(0x1800, 0x100_0800, 0x2900)])
    #expect(plan.runs == [LinearPlan.Run(filePages: 2..<4, physicalPage: 0x1001)])
    #expect(
      plan.copies == [
        LinearPlan.Copy(file: 0x1800..<0x2000, physicalAddress: 0x100_0800),
        LinearPlan.Copy(file: 0x4000..<0x4100, physicalAddress: 0x100_3000),
      ])
    #expect(plan.copiedByteCount == 0x900)
  }

  @Test func segmentsAtAnotherPlaceInThePageAreCopied() throws {
    let plan = try plan([segment(0x1000, 0x100_0010, 0x3000), segment(0x5010, 0x200_0010, 0x10)])
    #expect(plan.runs == [])
    #expect(
      plan.copies == [
        LinearPlan.Copy(file: 0x1000..<0x4000, physicalAddress: 0x100_0010),
        LinearPlan.Copy(file: 0x5010..<0x5020, physicalAddress: 0x200_0010),
      ])
  }

  /// Each byte of each segment comes to its address exactly once.
  @Test func nothingIsLostAndNothingTwice() throws {
    var state: UInt64 = 99
    func random(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    for _ in 0..<200 {
      var segments: [ELFBuilder.Segment] = []
      var file: UInt64 = 0x1000
      var memory: UInt64 = 0x100_0000
      for _ in 0..<1 + random(5) {
        file += random(9000)
        memory += random(2) == 0 ? random(9000) : 0x8000 + file % 4096 - memory % 4096 + 4096
        let count = random(20_000)
        segments.append(
          ELFBuilder.Segment(
            fileOffset: file, physicalAddress: memory, fileByteCount: count,
            memoryByteCount: count))
        file += count
        memory += count
      }
      let wanted = segments.filter { $0.fileByteCount > 0 }
      guard !wanted.isEmpty else { continue }
      let plan = try plan(wanted)
      var places: [Range<UInt64>] = []
      for run in plan.runs {
        let start = run.filePages.lowerBound * 4096
        let end = run.filePages.upperBound * 4096
        check(start..<end, run.physicalPage * 4096, wanted)
        places.append(start..<end)
      }
      for copy in plan.copies {
        check(copy.file, copy.physicalAddress, wanted)
        places.append(copy.file)
      }
      places.sort { $0.lowerBound < $1.lowerBound }
      for (left, right) in zip(places, places.dropFirst()) {
        #expect(left.upperBound <= right.lowerBound)
      }
      let total = places.reduce(0) { $0 + $1.upperBound - $1.lowerBound }
      #expect(total == wanted.reduce(0) { $0 + $1.fileByteCount })
    }
  }

  private func check(
    _ file: Range<UInt64>, _ address: UInt64, _ segments: [ELFBuilder.Segment]
  ) {
    let segment = segments.first {
      $0.fileOffset <= file.lowerBound && file.upperBound <= $0.fileOffset + $0.fileByteCount
    }
    guard let segment else {
      Issue.record("\(file) is in no segment")
      return
    }
    #expect(segment.physicalAddress + (file.lowerBound - segment.fileOffset) == address)
  }
}
