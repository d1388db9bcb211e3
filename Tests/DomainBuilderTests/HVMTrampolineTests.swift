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

  /// Does what hvm_trampoline.S does, on a memory whose frames are single numbers.
  private func run(_ list: [UInt8], on memory: inout [UInt64: UInt64]) throws {
    let view = ByteView(list)
    for entry in 0..<list.count / HVMTrampoline.moveByteCount {
      let fields = (0..<3).map { view.u64(at: entry * HVMTrampoline.moveByteCount + 8 * $0) }
      let target = try #require(fields[0]) / 4096
      let source = try #require(fields[1])
      for frame in 0..<(try #require(fields[2])) / 4096 {
        memory[target + frame] = source == .max ? 0 : memory[source / 4096 + frame]
      }
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func theListBringsEveryPageToItsPlace(seed: UInt64) throws {
    var random = FramePermutationTests.Random(state: seed &* 7907)
    let kernel: FrameRange = 0x100..<0x200
    var memory: [UInt64: UInt64] = [:]
    var outside = Array(0x300..<0x500 as Range<UInt64>).shuffled(using: &random)
    var frames = KernelFrames()
    for page in kernel {
      // A page of zeros, one at its place, or one that the loader was in the way of.
      memory[page] = 0xbad
      let frame: UInt64
      switch UInt64.random(in: 0..<3, using: &random) {
      case 0: continue
      case 1: frame = page
      default: frame = outside.removeLast()
      }
      frames.set(page: page, frames: frame..<frame + 1)
      memory[frame] = 0x1000 + page
    }
    try run(
      HVMTrampoline.list(
        FrameMove.moves(zeroed: kernel.lowerBound * 4096..<kernel.upperBound * 4096, frames: frames)
      ), on: &memory)
    for page in kernel {
      #expect(memory[page] == (frames.frame(ofPage: page) == nil ? 0 : 0x1000 + page))
    }
  }
}
