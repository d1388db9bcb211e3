// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import TestSupport
import Testing

struct BlockDecoderTests {
  /// 40,000 bytes with repetitions and some noise.
  private let text: [UInt8] = {
    var random = SplitMix(seed: 7)
    return (0..<40000).map { $0 % 64 < 48 ? UInt8($0 / 64 % 97) : UInt8(random.next() & 0xff) }
  }()

  @Test(arguments: BlockPacker.formats)
  func whatThePackersMakeComesOutAgain(_ format: BlockFormat) throws {
    let packed = try BlockPacker.pack(text, format)
    #expect(packed.count < text.count)
    #expect(try BlockDecoder.decode(packed[...], format, byteCountMax: text.count) == text)
  }

  @Test(arguments: BlockPacker.formats.filter { $0.endsByItself })
  func lessThanTheRoomMayComeOut(_ format: BlockFormat) throws {
    let packed = try BlockPacker.pack(text, format)
    #expect(try BlockDecoder.decode(packed[...], format, byteCountMax: 1 << 17) == text)
  }

  @Test(arguments: [BlockFormat.zlib, .lzoSegments(sectorByteCount: 4096), .zstd])
  func whatFillsTheLastSectorUpDoesNotMatter(_ format: BlockFormat) throws {
    let packed = try BlockPacker.pack(text, format) + [UInt8](repeating: 0, count: 3000)
    #expect(try BlockDecoder.decode(packed[...], format, byteCountMax: 1 << 17) == text)
  }

  @Test(arguments: BlockPacker.formats)
  func cutBlocksAreCorrupt(_ format: BlockFormat) throws {
    let packed = try BlockPacker.pack(text, format)
    #expect(throws: BlockDecodingError.corrupt(format)) {
      try BlockDecoder.decode(packed[..<(packed.count / 2)], format, byteCountMax: text.count)
    }
    #expect(throws: BlockDecodingError.corrupt(format)) {
      try BlockDecoder.decode([], format, byteCountMax: text.count)
    }
  }

  @Test func aBlockThatIsTooLongIsNamed() throws {
    for format in [BlockFormat.lzo, .zstd] {
      let packed = try BlockPacker.pack(text, format)
      #expect(throws: BlockDecodingError.longerThanExpected(format, byteCount: 1000)) {
        try BlockDecoder.decode(packed[...], format, byteCountMax: 1000)
      }
    }
  }

  @Test func theFrontOfABlockIsEnoughWhereTheFormatAllowsIt() throws {
    for format in [BlockFormat.zlib, .deflate, .lz4, .xz, .lzma] {
      let packed = try BlockPacker.pack(text, format)
      #expect(
        try BlockDecoder.decode(packed[...], format, byteCountMax: 1000) == Array(text[..<1000]))
    }
  }

  @Test func aDictionaryBeyondTheLimitIsAnOptionThatIsNotSupported() throws {
    let wide = try HostTool.output(["xz", "--lzma2=dict=64MiB"], input: text)
    #expect(throws: BlockDecodingError.unsupportedOption(.xz)) {
      try BlockDecoder.decode(wide[...], .xz, byteCountMax: text.count)
    }
    let micro = BlockFormat.microLZMA(dictionaryByteCount: 1 << 30)
    #expect(throws: BlockDecodingError.unsupportedOption(micro)) {
      try BlockDecoder.decode([1, 2, 3], micro, byteCountMax: 10)
    }
  }

  @Test func aChainOfSegmentsThatLiesIsCorrupt() throws {
    let format = BlockFormat.lzoSegments(sectorByteCount: 4096)
    let good = try BlockPacker.pack(text, format)
    for (index, byte) in [(2, UInt8(0xff)), (4, 0xff), (7, 0x80)] {
      var packed = good
      packed[index] = byte
      #expect(throws: BlockDecodingError.corrupt(format)) {
        try BlockDecoder.decode(packed[...], format, byteCountMax: text.count)
      }
    }
    var empty = good
    empty.replaceSubrange(4..<8, with: [0, 0, 0, 0])
    #expect(throws: BlockDecodingError.corrupt(format)) {
      try BlockDecoder.decode(empty[...], format, byteCountMax: text.count)
    }
  }

  @Test(arguments: BlockPacker.formats)
  func damagedBlocksNeitherTrapNorGiveTooMuch(_ format: BlockFormat) throws {
    let good = try BlockPacker.pack(text, format)
    var random = SplitMix(seed: 11)
    for _ in 0..<200 {
      var packed = good
      for _ in 0..<(1 + Int(random.next() % 4)) {
        packed[Int(random.next() % UInt64(packed.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      let result = try? BlockDecoder.decode(packed[...], format, byteCountMax: text.count)
      #expect((result?.count ?? 0) <= text.count)
    }
  }
}

extension BlockFormat {
  /// Whether the end of the packed data is the end of what comes out.
  fileprivate var endsByItself: Bool {
    if case .microLZMA = self { return false }
    return true
  }
}
