// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage
import TestSupport
import Testing

struct PVHKernelTests {
  private let memory: Range<UInt64> = 0x100_0000..<0x200_0000

  private func kernel(
    _ notes: [UInt8], memory: Range<UInt64>? = nil, alignment: UInt64 = 0
  ) throws -> PVHKernel {
    try PVHKernel(memory: memory ?? self.memory, alignment: alignment, notes: XenNotes([notes]))
  }

  private func words(_ values: UInt32...) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  @Test func takesLinuxByItsPhysicalEntry() throws {
    let linux = try kernel(Notes.linux)
    #expect(linux.entry == 0x100_0320)
    #expect(linux.memory == memory)
    #expect(linux.relocation == nil)
  }

  @Test func needsNoNoteButTheEntry() throws {
    // Solo5 and GRUB have this one alone; the entry has 4 bytes or 8.
    #expect(try kernel(Notes.make(18, words(0x100_0000))).entry == 0x100_0000)
    #expect(try kernel(Notes.number(18, 0x1ff_ffff)).entry == 0x1ff_ffff)
  }

  @Test func readsWhereAKernelMayBeMoved() throws {
    let entry = Notes.make(18, words(0x100_0000))
    let all = try kernel(entry + Notes.make(19, words(0x40_0000, 0x20_0000, 0x3fff_ffff)))
    #expect(all.relocation?.alignment == 0x40_0000)
    #expect(all.relocation?.addresses == 0x20_0000..<0x4000_0000)
    let one = try kernel(entry + Notes.make(19, words(0)))
    #expect(one.relocation?.alignment == 0x20_0000)
    #expect(one.relocation?.addresses == 0..<0x1_0000_0000)
    #expect(try kernel(entry + Notes.make(19, words(0x30_0000))).relocation == nil)
    #expect(try kernel(entry + Notes.make(19, words(4096, 9, 8))).relocation == nil)
    // What elfnote.h says of a note that does not tell: the segments' alignment, of a page or more.
    let none = entry + Notes.make(19, [])
    #expect(try kernel(none).relocation?.alignment == 0x20_0000)
    #expect(try kernel(none, alignment: 2048).relocation?.alignment == 0x20_0000)
    #expect(try kernel(none, alignment: 0x40_0000).relocation?.alignment == 0x40_0000)
    #expect(try kernel(none, alignment: 0x30_0000).relocation == nil)
    #expect(
      try kernel(entry + Notes.make(19, words(4096)), alignment: 0x40_0000)
        .relocation?.alignment == 4096)
  }

  @Test func movesAKernelWithItsEntry() throws {
    let moved = try kernel(Notes.linux).moved(to: 0x40_0000)
    #expect(moved.entry == 0x40_0320)
    #expect(moved.memory == 0x40_0000..<0x140_0000)
  }

  @Test func knowsWhereAKernelMayBe() throws {
    // What Linux's note says.
    let note = Notes.make(19, words(0x20_0000, 0x100_0000, 0x3fff_ffff))
    let linux = try #require(try kernel(Notes.linux + note).relocation)
    #expect(linux == .presumed)
    for start: UInt64 in [0x100_0000, 0x120_0000, 0x3f00_0000] {
      #expect(linux.allows(start..<start + 0x100_0000))
    }
    for start: UInt64 in [0xe0_0000, 0x110_0000, 0x3f20_0000, 0x4000_0000] {
      #expect(!linux.allows(start..<start + 0x100_0000))
    }
  }

  @Test func tellsAnAdministratorWhatToDoWithAPVKernel() {
    let notes = Notes.text(5, "xen-3.0") + Notes.text(8, "generic") + Notes.number(1, 0x100_0000)
    #expect(throws: KernelImageError.onlyPV) { try kernel(notes) }
    #expect(KernelImageError.onlyPV.message == "this kernel has only a PV entry: set type='pv'")
    #expect(throws: KernelImageError.noXenNotes) { try kernel([]) }
  }

  @Test func refusesAnEntryOutsideOfTheKernel() {
    for entry: UInt64 in [0, 0xff_ffff, 0x200_0000, .max] {
      #expect(throws: KernelImageError.entryOutsideKernel(entry: entry)) {
        try kernel(Notes.number(18, entry))
      }
    }
  }

  @Test func refusesAKernelBeyondThirtyTwoBits() throws {
    let entry = Notes.number(18, 0xffff_f000)
    #expect(try kernel(entry, memory: 0xffff_0000..<0x1_0000_0000).entry == 0xffff_f000)
    #expect(throws: KernelImageError.addressOverflow(physicalAddress: 0x1_0000_0001)) {
      try kernel(entry, memory: 0xffff_0000..<0x1_0000_0001)
    }
  }
}
