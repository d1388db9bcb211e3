// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import Testing

@testable import MiniOS

/// A PVH domain's memory map as the loader reads it before there is a heap.
struct MemoryMapTests {
  private func withMap<Result>(
    _ entries: [(UInt64, UInt64, UInt32)], _ body: (MemoryMap) -> Result
  ) -> Result {
    let list = entries.map {
      hvm_memmap_table_entry(addr: $0.0, size: $0.1, type: $0.2, reserved: 0)
    }
    return list.withUnsafeBufferPointer { body(MemoryMap($0)) }
  }

  /// What Xen 4.17 gives a guest of 256 MiB.
  private let small: [(UInt64, UInt64, UInt32)] = [
    (0, 0x1000_0000, 1), (0xfc00_0000, 0xb000, 3), (0xfeff_8000, 0x8000, 2),
  ]

  @Test func countsOnlyWholeFramesOfRAM() {
    #expect(withMap(small) { $0.ramFrameCount } == 65536)
    #expect(withMap([(0x800, 0x3000, 1)]) { $0.ram(0) } == 1..<3)
    #expect(withMap([(0x800, 0x400, 1)]) { $0.ramFrameCount } == 0)
    #expect(withMap([(0x1000, 0x9000, 2)]) { $0.ram(0) } == 0..<0)
  }

  @Test func countsRAMAboveFourGiB() {
    let map: [(UInt64, UInt64, UInt32)] = [(0, 0xf000_0000, 1), (1 << 32, 0x5000_0000, 1)]
    #expect(withMap(map) { $0.ramFrameCount } == 0x140000)
    #expect(withMap(map) { $0.ram(1) } == 0x100000..<0x150000)
  }

  @Test func keepsAnEntryThatRunsOverTheEndOfAddresses() {
    let map: [(UInt64, UInt64, UInt32)] = [(UInt64.max - 0xfff, 0x2000, 1), (0, 0x100000, 1)]
    #expect(withMap(map) { $0.ram(0).count } == 0)
    #expect(withMap(map) { $0.ramFrameCount } == 256)
  }

  @Test func findsTheHoleBehindRAM() {
    #expect(withMap(small) { $0.hole(frameCount: 512) } == 0x10000..<0x10200)
    #expect(withMap(small.reversed()) { $0.hole(frameCount: 512) } == 0x10000..<0x10200)
  }

  @Test func stepsOverEntriesOfAnyTypeInAnyOrder() {
    let map: [(UInt64, UInt64, UInt32)] = [
      (0x1010_0000, 0x1000, 3), (0x1000_0800, 0x100, 2), (0, 0x1000_0000, 1),
    ]
    // 255 frames between the two would not do.
    #expect(withMap(map) { $0.hole(frameCount: 256) } == 0x10101..<0x10201)
    #expect(withMap(map) { $0.hole(frameCount: 255) } == 0x10001..<0x10100)
  }

  @Test func findsNoHoleInFrontOfTheInterruptControllersWhenAllIsTaken() {
    let full: [(UInt64, UInt64, UInt32)] = [(0, 0xfeb0_0000, 1)]
    #expect(withMap(full) { $0.hole(frameCount: 256) } == 0xfeb00..<0xfec00)
    #expect(withMap(full) { $0.hole(frameCount: 257) } == nil)
    #expect(withMap([(0, .max, 2)]) { $0.hole(frameCount: 1) } == nil)
  }

  @Test func startsHolesAtOneMiBEvenWithoutEntries() {
    #expect(withMap([]) { $0.hole(frameCount: 512) } == 0x100..<0x300)
  }
}
