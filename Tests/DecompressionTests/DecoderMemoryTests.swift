// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import TestSupport
import Testing

struct DecoderMemoryTests {
  @Test(
    arguments: [
      (["--lzma2=dict=32MiB"], 32 << 20), (["--x86", "--lzma2=dict=128MiB"], 128 << 20),
      (["-0"], 256 << 10), (["-6"], 8 << 20), (["--lzma2=dict=48MiB"], 48 << 20),
    ] as [([String], UInt64)])
  func readsTheDictionarySizeOfAnXZStream(options: [String], dictionary: UInt64) throws {
    let packed = try HostTool.output(["xz"] + options, input: Oracle.sample(byteCount: 5000))
    let needed = DecoderMemory.byteCountNeeded(.xz, head: ByteView(packed))
    #expect(needed == dictionary + DecoderMemory.xzOverheadByteCount)
  }

  @Test func whatItTellsIsEnoughForTheDecoder() throws {
    let packed = try HostTool.output(
      ["xz", "--x86", "--lzma2=dict=4MiB"], input: Oracle.sample(byteCount: 5000))
    let needed = try #require(DecoderMemory.byteCountNeeded(.xz, head: ByteView(packed)))
    let decoder = try Decoder(.xz, memoryLimit: needed)
    var output = [UInt8](repeating: 0, count: 10_000)
    let progress = try packed.withUnsafeBytes { input in
      try output.withUnsafeMutableBytes { output in
        try decoder.decode(input: input, output: output)
      }
    }
    #expect(progress.isFinished)
    #expect(progress.producedByteCount == 5000)
  }

  @Test func anXZHeadThatEndsTooSoonTellsNothing() throws {
    let packed = try HostTool.output(["xz"], input: [1, 2, 3])
    for count in 0..<15 {
      let head = ByteView(Array(packed.prefix(count)))
      #expect(DecoderMemory.byteCountNeeded(.xz, head: head) == nil)
    }
  }

  @Test func otherFormatsHaveFixedNeeds() {
    let head = ByteView([])
    #expect(DecoderMemory.byteCountNeeded(.uncompressed, head: head) == 0)
    #expect(DecoderMemory.byteCountNeeded(.gzip, head: head) == DecoderMemory.gzipByteCount)
    for format in [PayloadFormat.lzo, .zstd] {
      #expect(
        DecoderMemory.byteCountNeeded(format, head: head) == DecoderMemory.byteCountMin(format))
    }
    // libzstd's state is below 256 KiB, or something has changed.
    #expect(DecoderMemory.byteCountMin(.zstd) < 576 << 10)
    #expect(DecoderMemory.byteCountMin(.lzo) == 512 << 10)
  }

  @Test(arguments: [1, 5, 9])
  func readsTheBlockSizeOfABzip2Stream(level: Int) throws {
    let packed = try HostTool.output(["bzip2", "-\(level)"], input: [1, 2, 3])
    #expect(
      DecoderMemory.byteCountNeeded(.bzip2, head: ByteView(packed))
        == 100_000 + 400_000 * UInt64(level))
    #expect(DecoderMemory.byteCountNeeded(.bzip2, head: ByteView(Array("BZh0".utf8))) == nil)
    #expect(DecoderMemory.byteCountNeeded(.bzip2, head: ByteView([])) == nil)
  }

  @Test func readsTheDictionarySizeOfAnLZMAStream() throws {
    let packed = try HostTool.output(["xz", "--format=lzma", "-9"], input: [1, 2, 3])
    let needed = try #require(DecoderMemory.byteCountNeeded(.lzma, head: ByteView(packed)))
    #expect(needed == 64 << 20 + DecoderMemory.xzOverheadByteCount)
    #expect(DecoderMemory.byteCountNeeded(.lzma, head: ByteView([0x5d, 0, 0])) == nil)
  }

  @Test func readsTheFirstBlocksSizeOfLZ4Data() throws {
    let packed = try HostTool.output(["lz4", "-l"], input: Oracle.sample(byteCount: 5000))
    let needed = try #require(DecoderMemory.byteCountNeeded(.lz4, head: ByteView(packed)))
    #expect(needed == UInt64(packed.count - 8 + 65536))
    #expect(DecoderMemory.byteCountNeeded(.lz4, head: ByteView([2, 0x21, 0x4c, 0x18])) == nil)
  }
}
