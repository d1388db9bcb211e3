// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import Testing

struct DecoderMemoryTests {
  @Test(
    arguments: [
      (["--lzma2=dict=32MiB"], 32 << 20), (["--x86", "--lzma2=dict=128MiB"], 128 << 20),
      (["-0"], 256 << 10), (["-6"], 8 << 20), (["--lzma2=dict=48MiB"], 48 << 20),
    ] as [([String], UInt64)])
  func readsTheDictionarySizeOfAnXZStream(options: [String], dictionary: UInt64) throws {
    let packed = try Oracle.run(["xz"] + options, input: Oracle.sample(byteCount: 5000))
    let needed = DecoderMemory.byteCountNeeded(.xz, head: ByteView(packed))
    #expect(needed == dictionary + DecoderMemory.xzOverheadByteCount)
  }

  @Test func whatItTellsIsEnoughForTheDecoder() throws {
    let packed = try Oracle.run(
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
    let packed = try Oracle.run(["xz"], input: [1, 2, 3])
    for count in 0..<15 {
      let head = ByteView(Array(packed.prefix(count)))
      #expect(DecoderMemory.byteCountNeeded(.xz, head: head) == nil)
    }
  }

  @Test func otherFormatsHaveFixedNeeds() {
    let head = ByteView([])
    #expect(DecoderMemory.byteCountNeeded(.uncompressed, head: head) == 0)
    #expect(DecoderMemory.byteCountNeeded(.gzip, head: head) == DecoderMemory.gzipByteCount)
    #expect(DecoderMemory.byteCountNeeded(.zstd, head: head) == nil)
  }
}
