// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import KernelImage
import TestSupport
import Testing

/// Sizes that lie, files in files, windows, and damage.
struct PackedKernelTests {
  typealias Failure = KernelLoadError<FakeFailure, FakeFailure>

  /// A kernel with a tail of zeros.
  private var bomb: [UInt8] { ELFBuilder.linux().bytes + [UInt8](repeating: 0, count: 1 << 20) }

  static let packed = PayloadFormat.allCases.filter { $0.hasSizeField }

  private func load(
    _ file: FakeFile, _ memory: FakeMemory = FakeMemory(), byteCountMax: UInt64 = 64 << 20,
    decoderMemoryLimit: UInt64 = DecoderMemory.byteCountMax, work: WorkAccount = WorkAccount()
  ) throws -> LoadedKernel {
    var loader = KernelLoader(
      source: file, memory: memory, decoderMemoryLimit: decoderMemoryLimit,
      unpackedByteCountMax: byteCountMax, work: work)
    return try loader.load()
  }

  private func expectLoaded(_ builder: ELFBuilder, in memory: FakeMemory) {
    let file = builder.bytes
    for segment in builder.segments where segment.type == 1 && segment.fileByteCount > 0 {
      let part = file[Int(segment.fileOffset)..<Int(segment.fileOffset + segment.fileByteCount)]
      #expect(memory.bytes(at: segment.physicalAddress, count: part.count) == Array(part))
    }
  }

  // MARK: Work

  /// A few thousand bytes of bzip2 are a gigabyte of zeros, which takes half a minute.
  @Test(arguments: [PayloadFormat.bzip2, .lzma, .xz, .gzip, .lzo, .zstd])
  func whatUnpacksToMuchMoreThanAKernelIsGivenUp(format: PayloadFormat) throws {
    let elf = ELFBuilder.linux().bytes
    let zeros = [UInt8](repeating: 0, count: 12 << 20)
    let file = try Packer.pack(elf + zeros, format)
    let price = WorkKind.unpackedBytes.price * UInt64(format.unpackingFactor)
    let work = WorkAccount()
    // What the file's size allows comes on top.
    work.renew(limit: price << 20)
    let error = #expect(throws: Failure.self) { try load(FakeFile(file), work: work) }
    guard case .image(.work(.spent(.unpackedBytes, _)))? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(work.spent < price * UInt64(12 << 20))
    work.renew(limit: price << 20)
    _ = try load(FakeFile(try Packer.pack(elf, format)), work: work)
    #expect(work.spent == price * UInt64(elf.count))
  }

  // MARK: Sizes

  @Test(arguments: packed)
  func lessThanStatedIsNamed(format: PayloadFormat) throws {
    let elf = ELFBuilder.linux().bytes
    let file = ELFBuilder.bzImage(try Packer.payload(elf, format, stated: elf.count + 1))
    let size = UInt64(elf.count)
    for canSeek in [true, false] {
      #expect(
        throws: Failure.decompression(
          .wrongSize(format, stated: size + 1, unpacked: size))
      ) { try load(FakeFile(file, canSeek: canSeek)) }
    }
  }

  @Test(arguments: packed)
  func moreThanStatedIsNamed(format: PayloadFormat) throws {
    let elf = ELFBuilder.linux().bytes
    let size = UInt64(elf.count - 1)
    let file = ELFBuilder.bzImage(try Packer.payload(elf, format, stated: elf.count - 1))
    #expect(
      throws: Failure.decompression(.longerThanExpected(format, byteCount: size))
    ) { try load(FakeFile(file)) }
    // Known at the end only.
    #expect(
      throws: Failure.decompression(.wrongSize(format, stated: size, unpacked: size + 1))
    ) { try load(FakeFile(file, canSeek: false)) }
  }

  @Test(arguments: packed)
  func aBombIsNotSetOff(format: PayloadFormat) throws {
    let elf = bomb
    let limit: UInt64 = 1 << 19
    let memory = FakeMemory()
    let stated = ELFBuilder.bzImage(try Packer.payload(elf, format))
    #expect(throws: Failure.image(.payloadTooLarge(byteCountMax: limit))) {
      try load(FakeFile(stated), memory, byteCountMax: limit)
    }
    #expect(memory.regionCount == 0)
    #expect(memory.linearByteCounts == [])
    // It says that it is small.
    let lying = ELFBuilder.bzImage(try Packer.payload(elf, format, stated: 100_000))
    #expect(
      throws: Failure.decompression(.longerThanExpected(format, byteCount: 100_000))
    ) { try load(FakeFile(lying), byteCountMax: limit) }
  }

  @Test(arguments: [PayloadFormat.gzip, .bzip2, .lzo])
  func aBombThatSaysNothingIsStopped(format: PayloadFormat) throws {
    let elf = bomb
    let limit: UInt64 = 1 << 19
    #expect(throws: Failure.image(.payloadTooLarge(byteCountMax: limit))) {
      try load(FakeFile(try Packer.pack(elf, format)), byteCountMax: limit)
    }
  }

  /// These have no room for a byte over the limit, so that is what they say.
  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func aBombThatSaysNothingFindsNoRoom(format: PayloadFormat) throws {
    let elf = bomb
    let file = try Packer.pack(elf, format)
    #expect {
      try load(FakeFile(file), byteCountMax: 1 << 19)
    } throws: { error in
      guard case Failure.decompression(.longerThanExpected(format, _)) = error else {
        return false
      }
      return true
    }
  }

  @Test func aStatedSizeBelowTheKernelsIsRefusedAtOnce() throws {
    let builder = ELFBuilder.linux()
    let memory = FakeMemory()
    let file = ELFBuilder.bzImage(try Packer.payload(builder.bytes, .zstd, stated: 20_000))
    #expect(
      throws: Failure.image(
        .payloadEndsEarly(
          position: 20_000, neededByteCount: UInt64(builder.bytes.count - 3000)))
    ) { try load(FakeFile(file), memory) }
    #expect(memory.linearByteCounts == [])
  }

  // MARK: Windows

  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func theWindowIsAsLargeAsTheFile(format: PayloadFormat) throws {
    let elf = ELFBuilder.linux().bytes
    let memory = FakeMemory()
    let loaded = try load(
      FakeFile(ELFBuilder.bzImage(try Packer.payload(elf, format))), memory)
    // lz4 collects its blocks after what comes out of them.
    let margin = format == .lz4 ? 32_928 : 0
    #expect(memory.linearByteCounts == [UInt64(elf.count + margin)])
    // Two parts of pages: the ends of the two segments.
    #expect(loaded.copiedByteCount == UInt64(20_000 % 4096 + (5000 + Notes.linux.count) % 4096))
  }

  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func theWindowGrowsForAFileOfUnknownSize(format: PayloadFormat) throws {
    let builder = ELFBuilder.linux(textByteCount: 100_000)
    let memory = FakeMemory()
    let file = builder.bytes + [UInt8](repeating: 0, count: 20 << 20)
    _ = try load(FakeFile(try Packer.pack(file, format), chunk: 1 << 20), memory)
    expectLoaded(builder, in: memory)
    #expect(memory.linearByteCounts.count > 1)
    #expect(memory.linearByteCounts == memory.linearByteCounts.sorted())
  }

  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func segmentsAtAnotherPlaceInThePageAreCopied(format: PayloadFormat) throws {
    var builder = ELFBuilder.linux()
    builder.segments[0].physicalAddress += 0x10
    let memory = FakeMemory(window: 1000)
    let loaded = try load(
      FakeFile(ELFBuilder.bzImage(try Packer.payload(builder.bytes, format))), memory)
    expectLoaded(builder, in: memory)
    #expect(loaded.copiedByteCount >= 20_000)
  }

  /// A place in the file that leaves no room to round it up once ended the loader.
  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func aSegmentAtTheEndOfAllNumbersIsNoTrap(format: PayloadFormat) throws {
    var elf = ELFBuilder.linux().bytes
    func set(_ value: UInt64, at offset: Int) {
      for index in 0..<8 {
        elf[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    // p_offset and p_filesz of the last program header, a segment.
    let index = ELFBuilder.linux().segments.lastIndex { $0.type == 1 && $0.fileByteCount > 0 }
    let header = 64 + 56 * (try #require(index))
    set(0xffff_ffff_ffff_f801, at: header + 8)
    set(1, at: header + 32)
    let file = ELFBuilder.bzImage(try Packer.payload(elf, format))
    #expect(
      throws: Failure.image(
        .payloadEndsEarly(
          position: UInt64(elf.count), neededByteCount: 0xffff_ffff_ffff_f802))
    ) { try load(FakeFile(file)) }
  }

  /// Debian's kernels from 6.12 on: a window of 128 MiB, the unpacked size behind the data only.
  @Test func aWideWindowTakesNoMemoryAndAnErrorComesBeforeTheUnpacking() throws {
    let builder = ELFBuilder.linux(textByteCount: 600_000)
    let plain = builder.bytes
    var payload = try HostTool.output(["zstd", "--ultra", "--long=27"], input: plain)
    // RFC 8878, 3.1.1.1: neither a content size nor a single segment; 2^(10 + 17) bytes.
    #expect(payload[4] & 0xe3 == 0 && payload[5] == 17 << 3)
    payload += (0..<4).map { UInt8(truncatingIfNeeded: plain.count >> (8 * $0)) }
    let image = ELFBuilder.bzImage(payload)
    let memory = FakeMemory()
    _ = try load(FakeFile(image), memory, decoderMemoryLimit: 1 << 20)
    expectLoaded(builder, in: memory)
    #expect(memory.linearByteCounts == [UInt64(plain.count)])

    let file = FakeFile(image, chunk: 4096)
    let small = FakeMemory(refuses: true)
    #expect(throws: Failure.memory(.full(0x120_0000 + 50_000))) { try load(file, small) }
    #expect(file.chunkCount * 4096 < image.count / 2, "only the head was unpacked")
    #expect(small.linearByteCounts == [])
  }

  @Test func aGuestWithoutRoomForTheWindowIsTold() throws {
    let elf = ELFBuilder.linux().bytes
    let file = ELFBuilder.bzImage(try Packer.payload(elf, .zstd))
    #expect(throws: Failure.memory(.full(UInt64(elf.count)))) {
      try load(FakeFile(file), FakeMemory(failsAt: 1000))
    }
  }

  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func aPayloadThatIsNoKernelIsNamed(format: PayloadFormat) throws {
    func expect(_ error: KernelImageError, _ bytes: [UInt8]) throws {
      let file = ELFBuilder.bzImage(try Packer.payload(bytes, format))
      #expect(throws: Failure.image(error)) { try load(FakeFile(file)) }
    }
    try expect(.notELF, [UInt8](repeating: 7, count: 5000))
    try expect(
      .payloadEndsEarly(position: 30, neededByteCount: 64),
      Array(ELFBuilder.linux().bytes.prefix(30)))
    try expect(
      .payloadEndsEarly(position: 100, neededByteCount: 232),
      Array(ELFBuilder.linux().bytes.prefix(100)))
  }

  // MARK: gzip as a whole

  @Test func aGzipPayloadIsUnpackedInOneWindowIfItCanBe() throws {
    let builder = ELFBuilder.linux()
    let file = ELFBuilder.bzImage(try Packer.payload(builder.bytes, .gzip))
    let memory = FakeMemory()
    _ = try load(FakeFile(file), memory)
    expectLoaded(builder, in: memory)
    let count = builder.bytes.count
    #expect(memory.linearByteCounts == [UInt64(count + count / 256 + 64 << 10)])
  }

  /// Debian's kernel has 6 MiB of zeros between its segments.
  @Test func whatLiesBetweenSegmentsHasOneFrameForAllOfAGzipPayload() throws {
    let builder = Self.withGaps
    let memory = FakeMemory()
    _ = try load(
      FakeFile(ELFBuilder.bzImage(try Packer.payload(builder.bytes, .gzip))), memory)
    expectLoaded(builder, in: memory)
    #expect(memory.gapPageCount > 450)
  }

  @Test func otherThanZerosBetweenSegmentsIsUnpackedAsAStream() throws {
    let builder = Self.withGaps
    var elf = builder.bytes
    elf[0x18_0000] = 1
    let file = ELFBuilder.bzImage(try Packer.payload(elf, .gzip))
    #expect(throws: Failure.decompression(.corrupt(.gzip, position: 0))) {
      try load(FakeFile(file))
    }
    let memory = FakeMemory()
    var loader = KernelLoader(
      source: FakeFile(file), memory: memory, decoderMemoryLimit: DecoderMemory.byteCountMax,
      gathersGzip: false)
    _ = try loader.load()
    expectLoaded(builder, in: memory)
    #expect(memory.gapPageCount == 0)
  }

  private static var withGaps: ELFBuilder {
    var builder = ELFBuilder.linux()
    // Each segment a MiB or two later in the file, what the second one has in it as well.
    for index in builder.segments.indices {
      builder.segments[index].fileOffset += index == 0 ? 0x10_0000 : 0x20_0000
    }
    for index in builder.contents.indices {
      builder.contents[index].offset += index == 0 ? 0x10_0000 : 0x20_0000
    }
    return builder
  }

  @Test func aDamagedGzipPayloadTellsItsPlaceInASecondAttempt() throws {
    // After what the head shows.
    var state: UInt64 = 3
    let tail = (0..<300_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 57)
    }
    var payload = try Packer.payload(ELFBuilder.linux().bytes + tail, .gzip)
    payload[payload.count - 1000] ^= 0x55
    let file = ELFBuilder.bzImage(payload)
    func failure(gathersGzip: Bool) -> (error: Failure?, hasGathered: Bool) {
      var loader = KernelLoader(
        source: FakeFile(file), memory: FakeMemory(),
        decoderMemoryLimit: DecoderMemory.byteCountMax, gathersGzip: gathersGzip)
      do throws(Failure) {
        _ = try loader.load()
        return (nil, loader.hasGathered)
      } catch { return (error, loader.hasGathered) }
    }
    let first = failure(gathersGzip: true)
    #expect(first.error == .decompression(.corrupt(.gzip, position: 0)))
    #expect(first.hasGathered)
    let second = failure(gathersGzip: false)
    #expect(!second.hasGathered)
    guard case .decompression(.corrupt(.gzip, let position))? = second.error else {
      Issue.record("no place: \(String(describing: second.error))")
      return
    }
    #expect(position > 0)
  }

  @Test func aGzipPayloadThatCanNotBeLookedAtInTheMiddleIsAStream() throws {
    let builder = ELFBuilder.linux()
    let file = ELFBuilder.bzImage(try Packer.payload(builder.bytes, .gzip))
    let memory = FakeMemory()
    _ = try load(FakeFile(file, canSeek: false), memory)
    expectLoaded(builder, in: memory)
    #expect(memory.linearByteCounts == [])
  }

  @Test func aGuestWithLittleMemoryUnpacksGzipAsAStream() throws {
    let builder = ELFBuilder.linux()
    let file = ELFBuilder.bzImage(try Packer.payload(builder.bytes, .gzip))
    let memory = FakeMemory()
    _ = try load(FakeFile(file), memory, decoderMemoryLimit: 8 << 20)
    expectLoaded(builder, in: memory)
    #expect(memory.linearByteCounts == [])
  }

  @Test func aGzipPayloadThatLiesAboutItsSizeIsRefused() throws {
    let elf = ELFBuilder.linux().bytes
    func file(stated: UInt32) throws -> [UInt8] {
      var payload = try Packer.payload(elf, .gzip)
      for index in 0..<4 {
        payload[payload.count - 4 + index] = UInt8(truncatingIfNeeded: stated >> UInt32(8 * index))
      }
      return ELFBuilder.bzImage(payload)
    }
    let count = UInt32(elf.count)
    for stated in [count - 1, count + 1, 0, .max] {
      #expect {
        try load(FakeFile(try file(stated: stated)))
      } throws: { error in
        guard case Failure.decompression(let reason) = error else { return false }
        return reason.family == .corrupt
      }
    }
  }

  // MARK: Files in files

  @Test func tellsWhatWasInWhat() throws {
    let elf = ELFBuilder.linux().bytes
    let image = ELFBuilder.bzImage(try Packer.payload(elf, .lz4))
    let loaded = try load(FakeFile(try Packer.pack(image, .gzip)))
    #expect(loaded.kindName == "bzImage (lz4) in gzip data")
    #expect(try load(FakeFile(try Packer.pack(elf, .gzip))).kindName == "ELF (gzip)")
  }

  @Test(arguments: [PayloadFormat.gzip, .bzip2, .lzma, .xz, .lzo, .lz4, .zstd])
  func aFilePackedTwiceIsRefused(format: PayloadFormat) throws {
    let file = try Packer.pack(try Packer.pack(ELFBuilder.linux().bytes, .gzip), format)
    #expect(throws: Failure.image(.packedTwice)) { try load(FakeFile(file)) }
  }

  @Test(arguments: [PayloadFormat.lz4, .zstd])
  func aBzImageThatWouldNeedAWindowIsRefused(format: PayloadFormat) throws {
    let image = ELFBuilder.bzImage(try Packer.payload(ELFBuilder.linux().bytes, .gzip))
    #expect(throws: Failure.image(.packedBzImage(format))) {
      try load(FakeFile(try Packer.pack(image, format)))
    }
    #expect(
      KernelImageError.packedBzImage(.zstd).message
        == "a bzImage in zstd data is not supported; unpack the file, or use gzip")
  }

  @Test func anErrorInsideIsNamedByItsOwnFormat() throws {
    let good = ELFBuilder.bzImage(try Packer.payload(ELFBuilder.linux().bytes, .xz))
    var image = good
    image[image.count - 5000 - 3000] ^= 1
    #expect {
      try load(FakeFile(try Packer.pack(image, .gzip)))
    } throws: { error in
      guard case Failure.decompression(.corrupt(.xz, _)) = error else { return false }
      return true
    }
    let cut = try Packer.pack(Array(good.prefix(20_000)), .gzip)
    #expect(throws: Failure.image(.fileTruncated(position: 20_000))) { try load(FakeFile(cut)) }
    let whole = try Packer.pack(good, .gzip)
    let half = whole.count / 2
    #expect(throws: Failure.image(.fileTruncated(position: UInt64(half)))) {
      try load(FakeFile(Array(whole.prefix(half)), claimedByteCount: UInt64(whole.count)))
    }
    #expect(throws: Failure.source(.broken(2))) {
      try load(FakeFile(whole, chunk: 1000, failsAtChunk: 2))
    }
  }

  @Test func bothDecodersShareTheMemory() throws {
    let image = ELFBuilder.bzImage(try Packer.payload(ELFBuilder.linux().bytes, .gzip))
    let file = try Packer.pack(image, .lzo)
    let lzo = DecoderMemory.byteCountMin(.lzo)
    var loader = KernelLoader(
      source: FakeFile(file), memory: FakeMemory(), decoderMemoryLimit: lzo + 40_000)
    #expect(
      throws: Failure.decompression(
        .memoryLimit(.gzip, needed: DecoderMemory.gzipByteCount, limit: 40_000))
    ) { try loader.load() }
  }

  // MARK: Damage

  @Test(arguments: PayloadFormat.allCases)
  func damagedKernelsEndInAnErrorOrAsTheyShould(format: PayloadFormat) throws {
    let builder = ELFBuilder.linux(textByteCount: 9000)
    let good = ELFBuilder.bzImage(try Packer.payload(builder.bytes, format))
    var state: UInt64 = 77
    for round in 0..<60 {
      var bad = good
      for _ in 0...round % 3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // From the payload's header on.
        let place = 15_104 + Int(state >> 33) % (round % 2 == 0 ? 300 : good.count - 15_104)
        bad[place] = UInt8(truncatingIfNeeded: state >> 20)
      }
      do {
        _ = try load(FakeFile(bad, chunk: 5000))
      } catch is Failure {}
    }
  }
}
