// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Testing

struct IndexedExtentsTests {
  /// Whoever looks on while work is done, with so much memory.
  private final class Memory: WorkObserver {
    let freeByteCount: UInt64
    init(_ freeByteCount: UInt64) { self.freeByteCount = freeByteCount }
    func look(at account: WorkAccount) -> WorkAccount.Order { .goOn }
  }

  private let extents: [Extent] = [
    .run(byteOffset: 100, byteCount: 10), .zeros(byteCount: 0), .zeros(byteCount: 5),
    .inline([1, 2, 3]), .run(byteOffset: 7, byteCount: 2),
  ]

  @Test func partsAreFoundWhereverTheyBegin() throws {
    let index = try IndexedExtents(extents, paidBy: WorkAccount())
    #expect(index.byteCount == 20)
    var position: UInt64 = 0
    for extent in extents {
      for skipped in 0..<extent.byteCount {
        let found = try #require(index.find(position + skipped))
        #expect(index.extents[found.index] == extent)
        #expect(found.skipped == skipped)
      }
      position += extent.byteCount
    }
    #expect(index.find(20) == nil)
    #expect(index.find(.max) == nil)
    #expect(index.part(at: 0, byteCount: 100) == .run(byteOffset: 100, byteCount: 10))
    #expect(index.part(at: 3, byteCount: 4) == .run(byteOffset: 103, byteCount: 4))
    #expect(index.part(at: 16, byteCount: 9) == .inline([2, 3]))
    #expect(index.part(at: 20, byteCount: 1) == nil)
    #expect(index.part(at: 3, byteCount: 0) == nil)
  }

  @Test func aFileWithoutExtentsHasNoParts() throws {
    let index = try IndexedExtents([], paidBy: WorkAccount())
    #expect(index.byteCount == 0)
    #expect(index.find(0) == nil)
  }

  @Test func aNewPieceCostsMoreThanALongerOne() throws {
    let work = WorkAccount()
    var runs = ExtentRuns()
    try runs.append(.run(byteOffset: 0, byteCount: 5), paidBy: work)
    try runs.append(.run(byteOffset: 5, byteCount: 5), paidBy: work)
    try runs.append(.zeros(byteCount: 5), paidBy: work)
    #expect(runs.extents == [.run(byteOffset: 0, byteCount: 10), .zeros(byteCount: 5)])
    #expect(work.count(of: .segments) == 2)
    #expect(work.count(of: .comparisons) == 1)
  }

  /// An array that is full moves to one twice as long, for which there must be room.
  @Test func aListGrowsNoLongerThanMemoryAllows() throws {
    let work = WorkAccount()
    work.renew(limit: .max)
    work.observer = Memory(1 << 20)
    var runs = ExtentRuns()
    var failure: BlockError?
    do throws(BlockError) {
      for index in 0..<1_000_000 {
        try runs.append(.run(byteOffset: UInt64(2 * index), byteCount: 1), paidBy: work)
      }
    } catch { failure = error }
    let stride = UInt64(MemoryLayout<Extent>.stride)
    let count = UInt64(runs.extents.count)
    #expect(failure == .work(.outOfMemory(byteCount: 2 * count * stride)))
    #expect(count * stride <= 1 << 20 && 2 * count * stride > 1 << 20)
  }

  @Test func aLongIndexIsPaidForBeforehand() throws {
    let work = WorkAccount()
    work.renew(limit: .max)
    work.observer = Memory(1 << 20)
    let many = [Extent](repeating: .zeros(byteCount: 1), count: 1 << 18)
    #expect(throws: BlockError.work(.outOfMemory(byteCount: 2 << 20))) {
      try IndexedExtents(many, paidBy: work)
    }
  }
}
