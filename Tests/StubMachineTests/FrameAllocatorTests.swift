// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import StubMachine
import TestSupport
import Testing

/// The list of free frames, beside a set of frames that can't be wrong.
struct FrameAllocatorTests {
  private func withAllocator(
    rangeCountMax: Int = 64, _ body: (inout FrameAllocator) throws -> Void
  ) rethrows {
    var table = [UInt64](repeating: 0, count: 2 * rangeCountMax)
    try table.withUnsafeMutableBufferPointer { table in
      var allocator = FrameAllocator(table: table.baseAddress, rangeCountMax: rangeCountMax)
      try body(&allocator)
    }
  }

  private func ranges(_ allocator: FrameAllocator) -> [FrameRange] {
    (0..<allocator.rangeCount).map { allocator.range($0) }
  }

  @Test func withoutATableThereAreNoFrames() {
    var allocator = FrameAllocator(table: nil, rangeCountMax: 8)
    allocator.free(1..<5)
    #expect(allocator.freeCount == 0)
    #expect(allocator.take() == nil)
  }

  @Test func neighboursAreOneRange() {
    withAllocator { allocator in
      allocator.free(10..<20)
      allocator.free(30..<40)
      allocator.free(20..<30)
      #expect(ranges(allocator) == [10..<40])
      allocator.free(5..<10)
      allocator.free(40..<41)
      #expect(ranges(allocator) == [5..<41])
    }
  }

  @Test func framesComeFromTheTopUnlessTheyAreNamed() {
    withAllocator { allocator in
      allocator.free(10..<20)
      #expect(allocator.take() == 19)
      #expect(allocator.takeRun(countMax: 3) == 16..<19)
      #expect(allocator.take(from: 12, countMax: 2) == 2)
      #expect(allocator.take(from: 12, countMax: 2) == 0)
      #expect(ranges(allocator) == [10..<12, 14..<16])
      #expect(allocator.take(from: 11, countMax: 9) == 1)
      #expect(allocator.freeCountMax == 10)
      #expect(allocator.freeCountMin == 3)
    }
  }

  @Test func aFullTableLosesFramesRatherThanItsOrder() {
    withAllocator(rangeCountMax: 2) { allocator in
      allocator.free(10..<20)
      allocator.free(30..<40)
      allocator.free(50..<60)
      #expect(ranges(allocator) == [10..<20, 30..<40])
      #expect(allocator.freeCount == 20)
      #expect(allocator.take(from: 15, countMax: 1) == 0, "both halves would need a place")
      #expect(allocator.take(from: 15, countMax: 9) == 5)
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func anyOrderOfCallsGivesWhatASetGives(seed: UInt64) {
    withAllocator(rangeCountMax: 512) { allocator in
      var random = SplitMix(seed: seed)
      var free = Set<FrameNumber>()
      for _ in 0..<2000 {
        let first = random.next() % 400
        let count = random.next() % 12
        switch random.next() % 3 {
        case 0:
          let given = (first..<first + count).prefix { !free.contains($0) }
          allocator.free(first..<first + UInt64(given.count))
          free.formUnion(given)
        case 1:
          let taken = allocator.take(from: first, countMax: count)
          let expected = (first..<first + count).prefix { free.contains($0) }
          #expect(taken == UInt64(expected.count))
          free.subtract(expected)
        default:
          guard let run = allocator.takeRun(countMax: count) else {
            #expect(free.isEmpty || count == 0)
            continue
          }
          #expect(run.upperBound - 1 == free.max())
          #expect(run.allSatisfy { free.contains($0) })
          free.subtract(run)
        }
        #expect(allocator.freeCount == UInt64(free.count))
      }
      #expect(Set(ranges(allocator).flatMap { Array($0) }) == free)
    }
  }
}
