// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import TestSupport
import Testing

@testable import KernelImage

/// Kernels whose notes no PT_NOTE segment tells of. Xen's own parser is the judge.
struct SectionNotesTests {
  typealias Failure = KernelLoadError<FakeFailure, FakeFailure>

  private func load(
    _ file: [UInt8], chunk: Int = 65536, memory: FakeMemory = FakeMemory()
  ) throws -> LoadedKernel {
    var loader = KernelLoader(
      source: FakeFile(file, chunk: chunk), memory: memory,
      decoderMemoryLimit: DecoderMemory.byteCountMax)
    return try loader.load()
  }

  /// Loads a kernel, packed too, and compares with what Xen makes of it.
  private func expectAsXen(_ file: [UInt8], _ comment: Comment? = nil) throws -> PVKernel {
    let verdict = try LibElf.verdict(on: file)
    let kernel = try load(file).pvKernel()
    #expect(kernel.virtBase == verdict["virt_base"], comment)
    #expect(kernel.physicalOffset == verdict["elf_paddr_offset"], comment)
    #expect(kernel.entry == verdict["virt_entry"], comment)
    #expect(kernel.memory.lowerBound + kernel.virtBase == verdict["virt_kstart"], comment)
    if !kernel.wantsSymbolTable {
      #expect(kernel.memory.upperBound + kernel.virtBase == verdict["virt_kend"], comment)
    }
    #expect((kernel.initP2M ?? .max) == verdict["p2m_base"], comment)
    #expect(try load(Packer.gzip(file), chunk: 777).pvKernel() == kernel, comment)
    return kernel
  }

  private static let script = "SECTIONS { . = 0x100000; .text : { *(.text) *(.rodata) } }"
  private static let code = ".text\n.globl _start\n_start: nop\n.p2align 12\n.skip 12288\n"

  private static func note(_ type: Int, _ content: String) -> String {
    """
    .p2align 2
    .long 4, 2f - 1f, \(type)
    .asciz "Xen"
    1: \(content)
    2: .p2align 2

    """
  }

  private static let notes =
    note(6, ".asciz \"NetBSD\"") + note(5, ".asciz \"xen-3.0\"") + note(8, ".asciz \"generic\"")
    + note(3, ".quad 0") + note(1, ".quad _start + 16") + note(2, ".quad _start + 4096")
    + note(15, ".quad 0x8000000000")

  @Test func findsSectionsOfNotesBehindTheKernel() throws {
    // As NetBSD has them: not allocated, so that no segment has them.
    let file = try LibElf.kernel(
      assembly: Self.code + ".section .note.Xen,\"\",@note\n" + Self.notes,
      linkerScript: Self.script)
    let kernel = try expectAsXen(file)
    #expect(kernel.entry == 0x10_0010)
    #expect(kernel.hypercallPage == 0x10_1000)
    #expect(!kernel.acceptsModulePFN)
  }

  @Test func findsSectionsOfNotesInsideOfTheKernel() throws {
    // No PHDRS line makes a PT_NOTE, as the headers are told to have none.
    let script =
      "PHDRS { all PT_LOAD; } SECTIONS { . = 0x100000; .text : { *(.text) } :all "
      + ".note.Xen : { *(.note.Xen) } :all .data : { *(.data) } :all }"
    let assembly =
      Self.code + ".section .note.Xen,\"a\",@note\n" + Self.notes + ".data\n.skip 70000\n"
    let file = try LibElf.kernel(assembly: assembly, linkerScript: script)
    #expect(try expectAsXen(file).entry == 0x10_0010)
    // Memory that can't be read back has a reason of its own.
    let section = try #require(Self.offset(of: [4, 0, 0, 0, 7, 0, 0, 0, 6, 0, 0, 0], in: file))
    #expect(throws: Failure.image(.sectionOutOfReach(offset: UInt64(section)))) {
      try load(file, memory: FakeMemory(isReadable: false))
    }
  }

  private static func offset(of words: [UInt8], in file: [UInt8]) -> Int? {
    (0..<file.count - words.count).first { Array(file[$0..<$0 + words.count]) == words }
  }

  @Test(arguments: [
    "GUEST_OS=Mini-OS,XEN_VER=xen-3.0,VIRT_BASE=0x0,ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x101,"
      + "PAE=yes,LOADER=generic",
    "LOADER=generic,XEN_VER=xen-3.0,VIRT_BASE=1048576,VIRT_ENTRY=0x100123,,PAE",
    "GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,VIRT_BASE=0xffffffff80000000,"
      + "ELF_PADDR_OFFSET=0,VIRT_ENTRY=0xffffffff80100000,"
      + "FEATURES=writable_page_tables|!writable_page_tables",
    "XEN_VER=xen-3.0,LOADER=generic,SORCERY=1,BSD_SYMTAB",
  ])
  func readsTheWordsOfALegacyKernel(words: String) throws {
    let file = try LibElf.kernel(
      assembly: Self.code + ".section __xen_guest\n.asciz \"\(words)\"\n",
      linkerScript: Self.script)
    let kernel = try expectAsXen(file, Comment(rawValue: words))
    #expect(kernel.wantsSymbolTable == words.contains("BSD_SYMTAB"))
    #expect(kernel.hypercallPage == (words.contains("0x101") ? 0x10_1000 : nil))
  }

  @Test func sectionsOfNotesComeBeforeTheLegacyWords() throws {
    let words = "XEN_VER=xen-3.0,LOADER=generic,VIRT_BASE=0x0,VIRT_ENTRY=0x100777"
    let file = try LibElf.kernel(
      assembly: Self.code + ".section __xen_guest\n.asciz \"\(words)\"\n"
        + ".section .note.Xen,\"\",@note\n" + Self.notes, linkerScript: Self.script)
    #expect(try expectAsXen(file).entry == 0x10_0010)
  }

  @Test func aSegmentOfOtherNotesIsNoReasonToStop() throws {
    let assembly =
      Self.code + ".section .note.other,\"a\",@note\n.long 4, 4, 1\n.asciz \"GNU\"\n.long 5\n"
      + ".section .note.Xen,\"\",@note\n" + Self.notes
    let script =
      "PHDRS { all PT_LOAD; note PT_NOTE; } SECTIONS { . = 0x100000; .text : { *(.text) } :all "
      + ".note.other : { *(.note.other) } :all :note }"
    #expect(
      try expectAsXen(LibElf.kernel(assembly: assembly, linkerScript: script)).entry == 0x10_0010)
  }

  @Test func notesFarBehindTheKernelAreFoundBesideTheHeaders() throws {
    // A symbol table's worth of bytes before them, more than is kept.
    let assembly =
      Self.code + ".section .debug_info,\"\",@progbits\n.skip 2000000, 7\n"
      + ".section .note.Xen,\"\",@note\n" + Self.notes
    let script = Self.script.dropLast() + " .debug_info 0 : { *(.debug_info) } }"
    #expect(
      try expectAsXen(LibElf.kernel(assembly: assembly, linkerScript: String(script))).entry
        == 0x10_0010)
    // In the middle of them nobody finds them.
    let middle = assembly + ".section .more,\"\",@progbits\n.skip 2000000, 7\n"
    let order = script.dropLast() + " .note.Xen 0 : { *(.note.Xen) } .more 0 : { *(.more) } }"
    let file = try LibElf.kernel(assembly: middle, linkerScript: String(order))
    #expect {
      try load(file)
    } throws: { error in
      guard case Failure.image(.sectionOutOfReach) = error else { return false }
      return true
    }
  }

  private func expect(
    _ error: KernelImageError, _ edit: (inout [UInt8]) -> Void
  ) throws {
    var file = try LibElf.kernel(
      assembly: Self.code + ".section .note.Xen,\"\",@note\n" + Self.notes,
      linkerScript: Self.script)
    edit(&file)
    #expect(throws: Failure.image(error)) { _ = try load(file) }
  }

  private static func value(_ file: [UInt8], _ offset: Int) -> Int {
    (0..<8).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
  }

  @Test func namesWhatIsWrongWithSectionHeaders() throws {
    try expect(.sectionHeadersTooFar(offset: .max - 100)) { $0.store(.max - 100, at: 40, count: 8) }
    try expect(.sectionHeadersTooFar(offset: 65 << 20)) { $0.store(65 << 20, at: 40, count: 8) }
    let whole = try LibElf.kernel(
      assembly: Self.code + ".section .note.Xen,\"\",@note\n" + Self.notes,
      linkerScript: Self.script)
    let headers = Self.value(whole, 40)
    // A file that ends inside of its section headers.
    #expect(throws: Failure.image(.fileTruncated(position: UInt64(headers + 100)))) {
      try load(Array(whole.prefix(headers + 100)))
    }
    #expect {
      try load(Packer.gzip(Array(whole.prefix(headers + 100))))
    } throws: { error in
      guard case Failure.image(.payloadEndsEarly(UInt64(headers + 100), _)) = error else {
        return false
      }
      return true
    }
    let noteIndex = try #require(
      (0..<Int(whole[60])).first { whole[headers + $0 * 64 + 4] == 7 })
    let note = headers + noteIndex * 64
    try expect(.notesTooLarge(byteCountMax: 65536)) { $0.store(65537, at: note + 32, count: 8) }
    try expect(.sectionOutOfReach(offset: 1 << 40)) { $0.store(1 << 40, at: note + 24, count: 8) }
    try expect(.noteTruncated(offset: 0)) { $0.store(20, at: note + 32, count: 8) }
  }

  @Test func withoutSectionHeadersThereAreNoNotes() throws {
    var file = try LibElf.kernel(
      assembly: Self.code + ".section .note.Xen,\"\",@note\n" + Self.notes,
      linkerScript: Self.script)
    for (offset, count) in [(40, 8), (58, 2), (60, 2)] {
      let saved = Array(file[offset..<offset + count])
      file.store(0, at: offset, count: count)
      #expect(throws: KernelImageError.noXenNotes) { try load(file).pvKernel() }
      file.replaceSubrange(offset..<offset + count, with: saved)
    }
  }

  @Test func refusesLegacyWordsThatAreNoNumbers() {
    func notes(_ words: String) throws -> XenNotes { try XenNotes(guestWords: Array(words.utf8)) }
    for (name, value) in [
      ("VIRT_BASE", "hello"), ("VIRT_ENTRY", ""), ("ELF_PADDR_OFFSET", "0x"),
      ("HYPERCALL_PAGE", "010"), ("VIRT_BASE", "-1"), ("VIRT_BASE", "0x10000000000000000"),
    ] {
      #expect(
        throws: KernelImageError.guestWord(name: ByteString(name), value: ByteString(value))
      ) { try notes("LOADER=generic,\(name)=\(value)") }
    }
    let page: UInt64 = 0xf_ffff_ffff_ffff
    #expect(throws: KernelImageError.hypercallPageOutsideKernel(address: page)) {
      try notes("VIRT_BASE=0x1000,HYPERCALL_PAGE=0xfffffffffffff")
    }
    #expect(throws: KernelImageError.hypercallPageOutsideKernel(address: page + 1)) {
      try notes("HYPERCALL_PAGE=0x10000000000000")
    }
  }

  @Test func theOffsetOfALegacyKernelIsItsBaseUnlessGiven() throws {
    #expect(try XenNotes(guestWords: Array("VIRT_BASE=0x5000\0X=1".utf8)).physicalOffset == 0x5000)
    #expect(try XenNotes(guestWords: Array("LOADER=generic".utf8)).physicalOffset == nil)
  }

  @Test func noEditedByteOfAKernelsEndTrapsOrHangs() throws {
    let whole = try LibElf.kernel(
      assembly: Self.code + ".section __xen_guest\n.asciz \"XEN_VER=xen-3.0,VIRT_BASE=0x0\"\n"
        + ".section .note.Xen,\"\",@note\n" + Self.notes, linkerScript: Self.script)
    var random = SplitMix(seed: 5)
    let tail = whole.count - 1200
    for _ in 0..<1500 {
      var file = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let inHeader = Int.random(in: 0..<4, using: &random) == 0
        let offset = Int.random(in: inHeader ? 0..<64 : tail..<file.count, using: &random)
        file[offset] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? load(file).pvKernel()
    }
  }
}
