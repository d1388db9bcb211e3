// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage
import TestSupport
import Testing

struct PVKernelTests {
  private let memory: Range<UInt64> = 0x100_0000..<0x200_0000

  private func kernel(_ notes: [UInt8]) throws -> PVKernel {
    var builder = ELFBuilder.linux()
    builder.entry = 0x123_4567
    let header = try ElfHeader(ByteView(builder.bytes))
    return try PVKernel(header: header, memory: memory, notes: XenNotes([notes]))
  }

  private let minimal = Notes.text(5, "xen-3.0") + Notes.text(8, "generic,more")

  @Test func readsAllNotesOfLinux() throws {
    let notes = try XenNotes([[], Notes.linux])
    #expect(notes.count == 16)
    #expect(notes.guestOS == "linux")
    #expect(notes.guestVersion == "2.6")
    #expect(notes.xenVersion == "xen-3.0")
    #expect(notes.loader == "generic")
    #expect(notes.paeMode == "yes")
    #expect(notes.features == "!writable_page_tables|pae_pgdir_above_4gb")
    #expect(notes.supportedFeatures == [0x8811])
    #expect(notes.l1FrameValid == [1, 1])
    #expect(notes.suspendCancel == 1)
    #expect(notes.moduleStartPFN == 1)
    #expect(notes.physicalOffset == 0)
    #expect(notes.hypervisorStartLow == 0xffff_8000_0000_0000)
    #expect(notes.phys32Entry == 0x100_0320)
    #expect(notes.bsdSymbolTable == nil)
    #expect(notes.hypercallPage == nil)
    #expect(try kernel(Notes.linux).features.supported == 0x8811)
  }

  @Test func aKernelNeedsLittle() throws {
    let kernel = try kernel(minimal)
    #expect(kernel.entry == 0x123_4567)
    #expect(kernel.virtBase == 0)
    #expect(kernel.physicalOffset == 0)
    #expect(kernel.memory == memory)
    #expect(kernel.initP2M == nil)
    #expect(!kernel.acceptsModulePFN)
  }

  @Test func takesThePhysicalOffsetAway() throws {
    let kernel = try kernel(
      minimal + Notes.number(3, 0x4000_0000) + Notes.number(4, 0x80_0000)
        + Notes.number(1, 0x4080_0000) + Notes.number(2, 0x4080_1000))
    #expect(kernel.memory == 0x80_0000..<0x180_0000)
    #expect(kernel.physicalOffset == 0x80_0000)
    #expect(kernel.hypercallPage == 0x4080_1000)
  }

  @Test func tellsAnAdministratorWhatToDoWithAPVHKernel() throws {
    // As Linux is built with CONFIG_XEN_PVH alone.
    let notes = minimal + Notes.text(6, "linux") + Notes.make(18, [0, 0, 0, 1])
    #expect(throws: KernelImageError.onlyPVH) { try kernel(notes) }
    #expect(throws: KernelImageError.onlyPVH) { try kernel(Notes.make(18, [0, 0, 0, 1])) }
    #expect(
      KernelImageError.onlyPVH.message == "this kernel has only a PVH entry: set type='pvh'")
  }

  @Test func refusesOtherKernels() {
    #expect(throws: KernelImageError.noXenNotes) { try kernel([]) }
    #expect(throws: KernelImageError.noXenNotes) {
      try kernel(Notes.make(name: "GNU", 1, [1, 2, 3, 4]))
    }
    #expect(throws: KernelImageError.loaderNotGeneric(loader: "special", guestOS: "")) {
      try kernel(Notes.text(5, "xen-3.0") + Notes.text(8, "special"))
    }
    #expect(throws: KernelImageError.xenVersion("xen-2.0")) {
      try kernel(Notes.text(5, "xen-2.0") + Notes.text(6, "linux"))
    }
    #expect(throws: KernelImageError.xenVersion("")) { try kernel(Notes.text(6, "linux")) }
  }

  @Test(arguments: ["dom0", "auto_translated_physmap", "supervisor_mode_kernel", "sorcery"])
  func refusesAKernelThatRequiresTooMuch(name: String) {
    #expect(throws: KernelImageError.requiredFeature(ByteString(name))) {
      try kernel(minimal + Notes.text(10, "writable_page_tables|!" + name))
    }
    #expect(throws: Never.self) {
      try kernel(minimal + Notes.text(10, "!writable_page_tables||" + name))
    }
  }

  @Test func refusesAddressesThatDoNotFit() {
    #expect(throws: KernelImageError.physicalOffsetWithoutBase) {
      try kernel(minimal + Notes.number(4, 0))
    }
    #expect(throws: KernelImageError.addressOverflow(physicalAddress: 0x100_0000)) {
      try kernel(minimal + Notes.number(3, 0) + Notes.number(4, 0x100_0001))
    }
    #expect(throws: KernelImageError.addressOverflow(physicalAddress: 0x100_0000)) {
      try kernel(minimal + Notes.number(3, .max - 0x1ff_ffff + 1))
    }
    for entry: UInt64 in [0, 0xff_ffff, 0x200_0000, .max] {
      #expect(throws: KernelImageError.entryOutsideKernel(entry: entry)) {
        try kernel(minimal + Notes.number(1, entry))
      }
    }
    for page: UInt64 in [0x100_0800, 0x200_0000, 0] {
      #expect(throws: KernelImageError.hypercallPageOutsideKernel(address: page)) {
        try kernel(minimal + Notes.number(2, page))
      }
    }
    #expect(throws: KernelImageError.p2mInsideKernel(address: 0x1ff_f000)) {
      try kernel(minimal + Notes.number(15, 0x1ff_f000))
    }
  }

  @Test func refusesBrokenNotes() {
    #expect(throws: KernelImageError.noteSize(type: 1, byteCount: 2)) {
      try kernel(Notes.make(1, [1, 2]))
    }
    let cut = Array((minimal + Notes.number(1, 5)).dropLast(4))
    #expect(throws: KernelImageError.noteTruncated(offset: minimal.count)) { try kernel(cut) }
    var longName = minimal
    longName.store(0xffff_ffff, at: 0, count: 4)
    #expect(throws: KernelImageError.noteTruncated(offset: 0)) { try kernel(longName) }
    var longContent = minimal
    longContent.store(0xffff_ffff, at: 4, count: 4)
    #expect(throws: KernelImageError.noteTruncated(offset: 0)) { try kernel(longContent) }
  }
}
