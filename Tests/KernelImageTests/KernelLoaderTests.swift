// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import KernelImage
import TestSupport
import Testing

struct KernelLoaderTests {
  typealias Failure = KernelLoadError<FakeFailure, FakeFailure>

  private func load(
    _ file: FakeFile, _ memory: FakeMemory = FakeMemory(),
    decoderMemoryLimit: UInt64 = DecoderMemory.byteCountMax
  ) throws -> LoadedKernel {
    var loader = KernelLoader(
      source: file, memory: memory, decoderMemoryLimit: decoderMemoryLimit)
    return try loader.load()
  }

  /// Compares memory with what `builder` says should be there.
  private func expectLoaded(_ builder: ELFBuilder, in memory: FakeMemory) {
    let file = builder.bytes
    for segment in builder.segments where segment.type == 1 && segment.memoryByteCount > 0 {
      let start = Int(segment.fileOffset)
      let count = Int(segment.fileByteCount)
      #expect(
        memory.bytes(at: segment.physicalAddress, count: count)
          == Array(file[start..<start + count]))
    }
  }

  /// An ELF file, packed or not, in a bzImage or not, in another packed file or not.
  struct Wrapping: CustomTestStringConvertible, Sendable {
    var format: PayloadFormat
    var isBzImage = false
    var outer: PayloadFormat?

    static let allCases: [Wrapping] =
      PayloadFormat.allCases.map { Wrapping(format: $0) }
      + PayloadFormat.allCases.map { Wrapping(format: $0, isBzImage: true) }
      + PayloadFormat.allCases.map { Wrapping(format: $0, isBzImage: true, outer: .gzip) }
      + [PayloadFormat.bzip2, .lzma, .xz, .lzo].map {
        Wrapping(format: .zstd, isBzImage: true, outer: $0)
      }

    var testDescription: String {
      "\(format)\(isBzImage ? " in bzImage" : "")\(outer.map { " in \($0)" } ?? "")"
    }

    func wrap(_ elf: [UInt8]) throws -> [UInt8] {
      guard isBzImage else { return try Packer.pack(elf, format) }
      let image = ELFBuilder.bzImage(try Packer.payload(elf, format))
      return try outer.map { try Packer.pack(image, $0) } ?? image
    }
  }

  @Test(arguments: Wrapping.allCases)
  func loadsEveryKindOfFileInAnyPieces(wrapping: Wrapping) throws {
    let builder = ELFBuilder.linux()
    let file = try wrapping.wrap(builder.bytes)
    for pieces in [(1 << 20, 1 << 30), (65536, 4096), (97, 1000), (1, 1 << 20)] {
      try expectLoads(builder, FakeFile(file, chunk: pieces.0), FakeMemory(window: pieces.1))
    }
  }

  private func expectLoads(
    _ builder: ELFBuilder, _ file: FakeFile, _ memory: FakeMemory
  ) throws {
    let loaded = try load(file, memory)
    expectLoaded(builder, in: memory)
    #expect(memory.prepared == [0x100_0000..<0x120_0000 + 50_000])
    let kernel = try loaded.pvKernel()
    #expect(kernel.entry == ELFBuilder.linuxBase + 0x100_0100)
    #expect(kernel.virtBase == ELFBuilder.linuxBase)
    #expect(kernel.memory == 0x100_0000..<0x120_0000 + 50_000)
    #expect(kernel.initP2M == 0x80_0000_0000)
    #expect(kernel.acceptsModulePFN)
    #expect(kernel.hypercallPage == nil)
    #expect(
      loaded.layout.zeroRanges == [
        0x100_0000 + 20_000..<0x120_0000,
        0x120_0000 + 5000 + UInt64(Notes.linux.count)..<0x120_0000 + 53_248,
      ])
  }

  @Test func tellsWhatTheFileWas() throws {
    let elf = ELFBuilder.linux().bytes
    let packed = try load(FakeFile(ELFBuilder.bzImage(try Packer.xz(elf))))
    #expect(packed.kindName == "bzImage (xz)")
    #expect(packed.unpackedByteCount == UInt64(elf.count))
    let raw = try load(FakeFile(elf))
    #expect(raw.kindName == "ELF (uncompressed)")
    #expect(raw.unpackedByteCount <= UInt64(elf.count - 3000))
  }

  @Test func headerBytesThatBelongToASegmentAreLoaded() throws {
    // As ld makes small kernels: the first segment starts with the file header.
    var builder = ELFBuilder()
    let notes = Notes.text(5, "xen-3.0") + Notes.text(8, "generic")
    builder.segments = [
      .init(fileOffset: 0, physicalAddress: 0, fileByteCount: 9000, memoryByteCount: 9000),
      .init(
        type: 4, fileOffset: 300, physicalAddress: 300, fileByteCount: UInt64(notes.count),
        memoryByteCount: UInt64(notes.count)),
    ]
    builder.entry = 0x400
    builder.contents = [(300, notes), (1024, ELFBuilder.pattern(7976, seed: 9))]
    for window in [1 << 20, 50, 4096] {
      let memory = FakeMemory(window: window)
      let loaded = try load(FakeFile(builder.bytes, chunk: 100), memory)
      expectLoaded(builder, in: memory)
      #expect(try loaded.pvKernel().entry == 0x400)
      #expect(loaded.layout.zeroRanges == [9000..<12288])
    }
  }

  @Test func notesBehindTheSegmentsAreFound() throws {
    var builder = ELFBuilder()
    let notes = Notes.text(5, "xen-3.0") + Notes.text(8, "generic")
    builder.programHeadersOffset = 500
    builder.entry = 0x10_0000
    builder.segments = [
      .init(
        fileOffset: 4096, physicalAddress: 0x10_0000, fileByteCount: 100, memoryByteCount: 100),
      .init(fileOffset: 0, physicalAddress: 0x10_1000, fileByteCount: 0, memoryByteCount: 8192),
      .init(
        type: 4, fileOffset: 9000, physicalAddress: 0, fileByteCount: UInt64(notes.count),
        memoryByteCount: 0),
    ]
    builder.contents = [(4096, ELFBuilder.pattern(100, seed: 4)), (9000, notes)]
    let memory = FakeMemory()
    let loaded = try load(FakeFile(try Packer.gzip(builder.bytes)), memory)
    expectLoaded(builder, in: memory)
    #expect(loaded.notes.count == 2)
    #expect(loaded.layout.memory == 0x10_0000..<0x10_3000)
    #expect(loaded.layout.zeroRanges == [0x10_0064..<0x10_3000])
  }

  @Test(arguments: Wrapping.allCases.filter { $0.outer == nil })
  func aTruncatedFileIsNamed(wrapping: Wrapping) throws {
    let whole = try wrapping.wrap(ELFBuilder.linux(textByteCount: 200_000).bytes)
    for count in [whole.count * 3 / 4, whole.count / 2, 20_000] {
      let file = FakeFile(
        Array(whole.prefix(count)), chunk: 4096, claimedByteCount: UInt64(whole.count))
      #expect(throws: Failure.image(.fileTruncated(position: UInt64(count)))) { try load(file) }
    }
  }

  @Test func aBzImageShorterThanItSaysIsRefusedBeforeItIsRead() throws {
    let whole = ELFBuilder.bzImage(try Packer.gzip(ELFBuilder.linux().bytes))
    let file = Array(whole.prefix(whole.count - 5001))
    #expect {
      try load(FakeFile(file))
    } throws: { error in
      guard case Failure.image(.payloadOutsideFile(15104, _, UInt64(file.count))) = error else {
        return false
      }
      return true
    }
  }

  @Test func aPayloadThatEndsInsideTheKernelIsNamed() throws {
    let elf = ELFBuilder.linux(tailByteCount: 0).bytes
    let file = try Packer.gzip(Array(elf.dropLast(10)))
    #expect(
      throws: Failure.image(
        .payloadEndsEarly(
          position: UInt64(elf.count - 10), neededByteCount: UInt64(elf.count)))
    ) { try load(FakeFile(file)) }
    #expect(throws: Failure.image(.payloadEndsEarly(position: 30, neededByteCount: 64))) {
      try load(FakeFile(try Packer.gzip(Array(elf.prefix(30)))))
    }
  }

  @Test func aBrokenChecksumBehindTheKernelIsFound() throws {
    var file = try Packer.gzip(ELFBuilder.linux().bytes)
    file[file.count - 6] ^= 1
    #expect {
      try load(FakeFile(file))
    } throws: { error in
      guard case Failure.decompression(.corrupt(.gzip, _)) = error else { return false }
      return true
    }
  }

  @Test func aKernelThatUnpacksToTooMuchIsStopped() throws {
    let file = try Packer.gzip(ELFBuilder.linux(tailByteCount: 1 << 20).bytes)
    var loader = KernelLoader(
      source: FakeFile(file), memory: FakeMemory(), decoderMemoryLimit: 1 << 20,
      unpackedByteCountMax: 1 << 19)
    #expect(throws: Failure.image(.payloadTooLarge(byteCountMax: 1 << 19))) {
      try loader.load()
    }
    #expect(
      KernelImageError.payloadTooLarge(byteCountMax: 1 << 19).message
        == "the kernel unpacks to more than 512 KiB")
  }

  @Test func saysWhatADictionaryNeedsBeforeUnpacking() throws {
    let file = ELFBuilder.bzImage(
      try Packer.xz(ELFBuilder.linux().bytes, dictionary: "64MiB"))
    let memory = FakeMemory()
    let needed = (64 << 20) + DecoderMemory.xzOverheadByteCount
    #expect(throws: Failure.decompression(.memoryLimit(.xz, needed: needed, limit: 33 << 20))) {
      try load(FakeFile(file), memory, decoderMemoryLimit: 33 << 20)
    }
    #expect(memory.regionCount == 0)
  }

  @Test func namesWhatIsNoKernel() throws {
    func expect(_ error: KernelImageError, _ bytes: [UInt8]) {
      #expect(throws: Failure.image(error)) { try load(FakeFile(bytes)) }
    }
    expect(.notAKernel, [])
    expect(.notAKernel, Array("#!/bin/sh\necho no kernel\n".utf8))
    expect(.portableExecutable, [0x4d, 0x5a] + [UInt8](repeating: 0, count: 2000))
    expect(.unknownPayload, ELFBuilder.bzImage([1, 2, 3, 4, 5]))
    expect(.notELF, try Packer.gzip([UInt8](repeating: 7, count: 500)))

    // A file that ends before its payload, although its directory says otherwise.
    let short = FakeFile(
      Array(ELFBuilder.bzImage([1]).prefix(9000)), chunk: 1000, claimedByteCount: 20_000)
    #expect(throws: Failure.image(.fileTruncated(position: 9000))) { try load(short) }
  }

  @Test func errorsOfSourceAndMemoryComeThrough() throws {
    let elf = ELFBuilder.linux().bytes
    #expect(throws: Failure.source(.broken(0))) { try load(FakeFile(elf, failsAtChunk: 0)) }
    #expect(throws: Failure.source(.broken(7))) {
      try load(FakeFile(elf, chunk: 1000, failsAtChunk: 7))
    }
    #expect(throws: Failure.memory(.full(0x120_0000))) {
      try load(FakeFile(elf), FakeMemory(failsAt: 0x110_0000))
    }
    #expect(throws: Failure.memory(.full(0x120_0000 + 50_000))) {
      try load(FakeFile(elf), FakeMemory(refuses: true))
    }
    #expect(Failure.source(.broken(1)).message == "fake")
    #expect(Failure.memory(.broken(1)).family == .device)
  }
}
