// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import KernelImage
import TestSupport
import Testing

struct ElfHeaderTests {
  private func parse(_ change: (inout [UInt8]) -> Void) throws -> ElfHeader {
    var bytes = ELFBuilder.linux().bytes
    change(&bytes)
    return try ElfHeader(ByteView(Array(bytes.prefix(64))))
  }

  private func layout(_ change: (inout ELFBuilder) -> Void) throws -> LoadLayout {
    var builder = ELFBuilder.linux()
    change(&builder)
    let view = ByteView(builder.bytes)
    return try LoadLayout(ElfHeader(view).programHeaders(in: view))
  }

  @Test func readsTheHeader() throws {
    let header = try parse { _ in }
    #expect(header.entry == 0x100_0000)
    #expect(header.programHeadersByteOffset == 64)
    #expect(header.programHeaderCount == 3)
    #expect(header.programHeadersEnd == 64 + 3 * 56)
  }

  @Test func refusesOtherFiles() {
    #expect(throws: KernelImageError.notELF) { try parse { $0[0] = 0 } }
    #expect(throws: KernelImageError.notELF) { try parse { $0[4] = 3 } }
    #expect(throws: KernelImageError.notELF) { try parse { $0 = Array($0.prefix(57)) } }
    #expect(throws: KernelImageError.elf32) { try parse { $0[4] = 1 } }
    #expect(throws: KernelImageError.elfBigEndian) { try parse { $0[5] = 2 } }
    #expect(throws: KernelImageError.elfMachine(183)) { try parse { $0[18] = 183 } }
    #expect(throws: KernelImageError.elfType(1)) { try parse { $0[16] = 1 } }
  }

  @Test func refusesStrangeProgramHeaders() {
    #expect(throws: KernelImageError.programHeaderCount(0)) { try parse { $0[56] = 0 } }
    #expect(throws: KernelImageError.programHeaderCount(65)) { try parse { $0[56] = 65 } }
    #expect(throws: KernelImageError.programHeaderSize(64)) { try parse { $0[54] = 64 } }
    #expect(throws: KernelImageError.programHeadersTooFar(offset: 65369)) {
      try parse { $0.store(65369, at: 32, count: 8) }
    }
    #expect(throws: KernelImageError.programHeadersTooFar(offset: .max)) {
      try parse { $0.store(.max, at: 32, count: 8) }
    }
  }

  @Test func refusesProgramHeadersThatAreCutOff() throws {
    let bytes = ELFBuilder.linux().bytes
    let header = try ElfHeader(ByteView(bytes))
    #expect(throws: KernelImageError.payloadEndsEarly(position: 231, neededByteCount: 232)) {
      try header.programHeaders(in: ByteView(Array(bytes.prefix(231))))
    }
  }

  @Test func refusesSegmentsThatMakeNoSense() {
    #expect(throws: KernelImageError.nothingToLoad) {
      try layout { $0.segments.removeFirst(2) }
    }
    #expect(
      throws: KernelImageError.segmentSizes(
        index: 0, fileByteCount: 20_000, memoryByteCount: 19_999)
    ) { try layout { $0.segments[0].memoryByteCount = 19_999 } }
    #expect(throws: KernelImageError.segmentOverflow(index: 0)) {
      try layout { $0.segments[0].physicalAddress = .max - 19_999 }
    }
    #expect(throws: KernelImageError.segmentOverflow(index: 0)) {
      try layout { $0.segments[0].fileOffset = .max - 19_999 }
    }
    #expect(throws: KernelImageError.segmentOverflow(index: 2)) {
      try layout { $0.segments[2].fileOffset = .max }
    }
    #expect(throws: KernelImageError.segmentsOverlap(physicalAddress: 0x120_0000)) {
      try layout { $0.segments[0].memoryByteCount = 0x20_0001 }
    }
    #expect(throws: KernelImageError.segmentsOverlap(physicalAddress: 0x120_0000)) {
      try layout { $0.segments[1].fileOffset = 4096 + 19_999 }
    }
    #expect(
      throws: KernelImageError.kernelTooLarge(
        byteCount: 0x20_0000 + 1 << 30, byteCountMax: 1 << 30)
    ) { try layout { $0.segments[1].memoryByteCount = 1 << 30 } }
    #expect(throws: KernelImageError.notesTooLarge(byteCountMax: 65536)) {
      try layout { $0.segments[2].fileByteCount = 65537 }
    }
    #expect(throws: KernelImageError.notesTooLarge(byteCountMax: 65536)) {
      try layout { builder in
        builder.segments[2].fileByteCount = 40_000
        builder.segments.append(builder.segments[2])
      }
    }
  }
}
