// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import StubMachine
import Testing

@testable import MiniOS

extension MiniOSOnFakeXen {
  /// Memory for Swift and the decoders.
  struct HeapTests {
    /// A piece that is in use, and the byte that fills it.
    private struct Piece {
      var start: UnsafeMutableRawPointer
      var byteCount: Int
      var byte: UInt8
      var bytes: UnsafeRawBufferPointer { .init(start: start, count: byteCount) }
    }

    private static let sizes = [
      0, 1, 15, 16, 17, 48, 49, 64, 100, 128, 200, 256, 384, 500, 512, 700, 1024, 1500, 2048,
      2049, 4096, 4352, 4353, 8192, 8448, 8449, 12000, 70000, 200_000,
    ]

    @Test(arguments: [1, 2, 3] as [UInt64])
    func keepsEveryPieceApartFromTheOthers(seed: UInt64) throws {
      try FakeXen.inBoth { xen, _ in
        var random = SeededRandom(state: seed)
        var pieces: [Piece] = []
        let before = xen.accounted
        for _ in 0..<400 {
          if pieces.count > 60 || (!pieces.isEmpty && Int.random(in: 0..<5, using: &random) < 2) {
            let piece = pieces.remove(at: Int.random(in: 0..<pieces.count, using: &random))
            #expect(piece.bytes.allSatisfy { $0 == piece.byte })
            Heap.free(piece.start)
            continue
          }
          let size = Self.sizes[Int.random(in: 0..<Self.sizes.count, using: &random)]
          let alignment = 16 << Int.random(in: 0..<9, using: &random)
          let start = try #require(Heap.allocate(size, alignment: alignment))
          #expect(UInt(bitPattern: start) % UInt(alignment) == 0)
          let byte = UInt8.random(in: 0...255, using: &random)
          start.initializeMemory(as: UInt8.self, repeating: byte, count: size)
          pieces.append(Piece(start: start, byteCount: size, byte: byte))
        }
        #expect(xen.accounted == before)
        #expect(xen.problems() == [])
        for piece in pieces {
          #expect(piece.bytes.allSatisfy { $0 == piece.byte })
          Heap.free(piece.start)
        }
        // One empty slab of a size may stay.
        #expect(Heap.pageCount % 16 == 0 && Heap.pageCount <= 16 * 16)
        #expect(xen.accounted == before)
        #expect(xen.problems() == [])
      }
    }

    @Test func leavesThePageBehindALargePieceUnmapped() throws {
      try FakeXen.inBoth { xen, _ in
        for size in [8449, 4096 * 3 - 16, 4096 * 3 - 15, 4096 * 20] {
          let start = try #require(Heap.allocate(size, alignment: 16))
          let last = UInt64(UInt(bitPattern: start)) + UInt64(size) - 1
          #expect(xen.access(last) == "rw")
          #expect(xen.access((last >> 12 + 1) << 12) == "none", "\(size)")
        }
        let slab = try #require(Heap.allocate(16, alignment: 16))
        #expect(xen.access(UInt64(UInt(bitPattern: slab)) & ~0xffff + 65536) == "none")
      }
    }

    @Test func givesASlabBackWhenItsLastPieceIs() throws {
      try FakeXen.inPV { _, _ in
        let pieces = try (0..<100).map { _ in try #require(Heap.allocate(2048, alignment: 16)) }
        #expect(Heap.pageCount == 4 * 16, "31 pieces in each")
        for piece in pieces { Heap.free(piece) }
        #expect(Heap.pageCount == 16)
        let again = try #require(Heap.allocate(2048, alignment: 16))
        #expect(Heap.pageCount == 16)
        Heap.free(again)
      }
    }

    @Test func usesAFullSlabAgainInAnyOrder() throws {
      try FakeXen.inPV { _, _ in
        var pieces = try (0..<62).map { _ in try #require(Heap.allocate(2048, alignment: 16)) }
        #expect(Heap.pageCount == 2 * 16)
        let freed = [pieces.remove(at: 40), pieces.remove(at: 3), pieces.remove(at: 20)]
        for piece in freed { Heap.free(piece) }
        let again = try freed.map { _ in try #require(Heap.allocate(2048, alignment: 16)) }
        #expect(Set(again) == Set(freed))
        #expect(Heap.pageCount == 2 * 16)
      }
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
    func givesSlabsBackInAnyOrder(order: [Int]) throws {
      try FakeXen.inPV { xen, _ in
        // Three slabs of 31 pieces; one piece less in each, so that each has room.
        let pieces = try (0..<93).map { _ in try #require(Heap.allocate(2048, alignment: 16)) }
        let slabs = Dictionary(grouping: pieces) { UInt(bitPattern: $0) >> 16 }.values
          .sorted { $0[0] < $1[0] }
        #expect(slabs.map(\.count) == [31, 31, 31])
        for slab in slabs { Heap.free(slab[0]) }
        for (done, index) in order.enumerated() {
          for piece in slabs[index].dropFirst() { Heap.free(piece) }
          #expect(Heap.pageCount == max(1, 2 - done) * 16)
        }
        // The list of those with room is whole: all of it can be had again.
        let again = try (0..<93).map { _ in try #require(Heap.allocate(2048, alignment: 16)) }
        #expect(Set(again).count == 93)
        #expect(Heap.pageCount == 3 * 16)
        #expect(xen.problems() == [])
      }
    }

    @Test func hasNothingWhenMemoryRanOut() throws {
      FakeXen.inBoth { xen, machine in
        let before = xen.accounted
        #expect(Heap.allocate(-1, alignment: 16) == nil)
        #expect(Heap.allocate(1 << 40, alignment: 16) == nil)
        #expect(Heap.allocate(Int(machine.freeFrameCount + 1) << 12, alignment: 16) == nil)
        var pieces: [UnsafeMutableRawPointer] = []
        while let piece = Heap.allocate(100_000, alignment: 16) { pieces.append(piece) }
        while let piece = Heap.allocate(8000, alignment: 16) { pieces.append(piece) }
        #expect(pieces.count > 60)
        #expect(Frames.free.freeCount < 26)
        #expect(xen.accounted == before)
        for piece in pieces { Heap.free(piece) }
        #expect(Heap.pageCount <= 16)
        #expect(xen.accounted == before)
        #expect(xen.problems() == [])
      }
    }

    @Test func hasTablesForWhatItMayStillNeed() throws {
      try FakeXen.inBoth { xen, machine in
        _ = try #require(Heap.allocate(20000, alignment: 16))
        let address = machine.window.lowerBound
        #expect(machine.freezeTables(heapByteCount: 3 << 20, addresses: [address]))
        let tables = machine.tableFrames.count
        // A new table would be a failed precondition now.
        _ = try #require(Heap.allocate(2 << 20, alignment: 16))
        for _ in 0..<40 { _ = try #require(Heap.allocate(8448, alignment: 16)) }
        #expect(machine.write(500) { _ in })
        #expect(machine.tableFrames.count == tables)
        machine.thawTables()
        #expect(machine.map(500..<501, at: machine.window.upperBound - 4096, .readOnly))
        #expect(machine.tableFrames.count > tables)
        #expect(xen.problems().count == 1, "frame 500, which is free")
      }
    }
  }
}
