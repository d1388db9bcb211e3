// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import Testing

struct HVMTrampolineTests {
  private let frames: FrameRange = 0x303..<0x30c

  @Test func itsTablesMapTheFirstFourGigabytesWhereTheyAre() throws {
    var tables: [UInt64: [UInt64]] = [:]
    for index in 0..<HVMTrampoline.tableCount {
      tables[frames.lowerBound + 1 + UInt64(index)] = HVMTrampoline.table(index, frames: frames)
    }
    /// What the processor does (Intel SDM volume 3, 4.5).
    func walk(_ address: UInt64) throws -> UInt64? {
      var table = HVMTrampoline.rootAddress(frames)
      for shift: UInt64 in [39, 30, 21] {
        let entries = try #require(tables[table >> 12])
        let entry = entries[Int(address >> shift & 511)]
        guard entry & 3 == 3 else { return nil }
        if shift == 21 {
          #expect(entry & 0x80 != 0)
          return (entry & ~0x1f_ffff) + (address & 0x1f_ffff)
        }
        #expect(entry & 0x80 == 0)
        table = entry & ~0xfff
      }
      return nil
    }
    for address: UInt64 in [0, 0x10_0000, 0x30_3123, 0x7fff_ffff, 0xc000_0000, 0xffff_ffff] {
      #expect(try walk(address) == address)
    }
    #expect(try walk(1 << 32) == nil)
    #expect(try walk(1 << 39) == nil)
  }

  @Test func itsFramesAreApart() {
    #expect(HVMTrampoline.codeAddress(frames) == 0x30_3000)
    #expect(HVMTrampoline.rootAddress(frames) == 0x30_4000)
    #expect(HVMTrampoline.listAddress(frames) == 0x30_a000)
    #expect(HVMTrampoline.pageCount(moveCount: 0) == 7)
    #expect(HVMTrampoline.pageCount(moveCount: 1) == 8)
    #expect(HVMTrampoline.pageCount(moveCount: 170) == 8)
    #expect(HVMTrampoline.pageCount(moveCount: 171) == 9)
  }

  @Test func listsItsMoves() {
    let list = ByteView(
      HVMTrampoline.list([
        FrameMove(targets: 0x100..<0x103, source: 0x5000),
        FrameMove(targets: 0x104..<0x105, source: nil),
      ]))
    #expect(list.count == 48)
    #expect(
      (0..<6).map { list.u64(at: 8 * $0) } == [
        0x10_0000, 0x500_0000, 0x3000, 0x10_4000, .max, 0x1000,
      ])
  }

  @Test func movesWhatIsNotAtItsPlace() {
    var frames = KernelFrames()
    frames.set(page: 0x100, frames: 0x100..<0x110)
    frames.set(page: 0x110, frames: 0x900..<0x908)
    frames.set(page: 0x120, frames: 0x120..<0x130)
    let moves = FrameMove.moves(zeroed: 0x10_0000..<0x13_0001, frames: frames)
    #expect(
      moves == [
        FrameMove(targets: 0x110..<0x118, source: 0x900),
        FrameMove(targets: 0x118..<0x120, source: nil),
        FrameMove(targets: 0x130..<0x131, source: nil),
      ])
  }
}
