// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import TestSupport
import Testing

struct DecoderTests {
  let plain = Oracle.sample(byteCount: 300_000)

  private func unpack(
    _ packed: [UInt8], _ format: PayloadFormat, inputPiece: Int, outputPiece: Int,
    memoryLimit: UInt64 = DecoderMemory.byteCountMax
  ) throws -> (bytes: [UInt8], isFinished: Bool) {
    try Unpacking(inputPiece: inputPiece, outputPiece: outputPiece, memoryLimit: memoryLimit)
      .run(packed, format)
  }

  @Test(
    arguments: Packing.allCases, [(1 << 20, 1 << 20), (1 << 20, 4096), (1000, 1 << 20), (777, 333)])
  func unpacksWhatThePackersPacked(packing: Packing, pieces: (Int, Int)) throws {
    let packed = try packing.pack(plain)
    let result = try unpack(
      packed, packing.format, inputPiece: pieces.0, outputPiece: pieces.1)
    #expect(result.isFinished)
    #expect(result.bytes == plain)
  }

  @Test(arguments: Packing.allCases)
  func unpacksASingleByte(packing: Packing) throws {
    let result = try unpack(
      try packing.pack([7]), packing.format, inputPiece: 1, outputPiece: 100)
    #expect(result.isFinished)
    #expect(result.bytes == [7])
  }

  @Test func copiesWhatIsNotPacked() throws {
    let result = try unpack(plain, .uncompressed, inputPiece: 5000, outputPiece: 3000)
    #expect(!result.isFinished)
    #expect(result.bytes == plain)
  }

  @Test func stopsAtTheEndOfTheStream() throws {
    let packed = try HostTool.output(["xz", "--check=crc32"], input: plain) + [1, 2, 3, 4]
    let result = try unpack(packed, .xz, inputPiece: 1 << 20, outputPiece: 1 << 20)
    #expect(result.isFinished)
    #expect(result.bytes == plain)
  }

  @Test(arguments: Packing.allCases)
  func aTruncatedStreamNeverFinishes(packing: Packing) throws {
    let packed = try packing.pack(plain)
    for lost in [1, 8, 1000, packed.count - 20, packed.count] {
      let result = try unpack(
        Array(packed.dropLast(lost)), packing.format, inputPiece: 1 << 16, outputPiece: 1 << 16)
      #expect(!result.isFinished, "\(lost)")
    }
  }

  @Test func findsABrokenChecksumOfXZ() throws {
    var packed = try HostTool.output(["xz", "--check=crc32"], input: plain)
    packed[packed.count / 2] ^= 0x10
    #expect {
      try unpack(packed, .xz, inputPiece: 1 << 16, outputPiece: 1 << 16)
    } throws: { error in
      guard case DecompressionError.corrupt(.xz, let position) = error else { return false }
      return position > 0
    }
  }

  @Test func refusesGzipDataWithAnotherMagic() {
    #expect(throws: DecompressionError.corrupt(.gzip, position: 2)) {
      try unpack([0x1e, 0x8b, 8, 0], .gzip, inputPiece: 100, outputPiece: 100)
    }
  }

  @Test func refusesAnUnknownXZOption() throws {
    var packed = try HostTool.output(["xz", "--check=crc32"], input: plain)
    packed[6] = 1  // the first byte of the stream flags is reserved
    let bytes = Array(packed[6..<8])
    let crc = CRC32.ieee.checksum(bytes)
    for index in 0..<4 {
      packed[8 + index] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * index))
    }
    #expect(throws: DecompressionError.unsupportedOption(.xz, position: 12)) {
      try unpack(packed, .xz, inputPiece: 1 << 16, outputPiece: 1 << 16)
    }
  }

  @Test func tellsTheMemoryThatADictionaryNeeds() throws {
    let packed = try HostTool.output(["xz", "--lzma2=dict=16MiB"], input: plain)
    #expect {
      try unpack(packed, .xz, inputPiece: 1 << 16, outputPiece: 1 << 16, memoryLimit: 8 << 20)
    } throws: { error in
      guard case DecompressionError.memoryLimit(.xz, let needed, 8_388_608) = error else {
        return false
      }
      return needed >= 16 << 20 && needed <= 16 << 20 + DecoderMemory.xzOverheadByteCount
    }
    #expect(throws: DecompressionError.memoryLimit(.gzip, needed: 49152, limit: 49151)) {
      try Decoder(.gzip, memoryLimit: 49151)
    }
  }

  @Test func messagesNameFormatAndPlace() {
    #expect(
      DecompressionError.longerThanExpected(.zstd, byteCount: 5).message
        == "the zstd data unpacks to more than the 5 bytes that were expected")
    #expect(
      DecompressionError.wrongSize(.lzma, stated: 3, unpacked: 4).message
        == "the lzma data unpacks to 4 bytes, and 3 are stated behind it")
    #expect(
      DecompressionError.corrupt(.xz, position: 77).message
        == "the xz data is corrupt at byte 77")
    #expect(
      DecompressionError.memoryLimit(.xz, needed: 1025, limit: 1024).message
        == "unpacking the xz data needs 2 KiB of memory, 1 KiB are available")
  }
}
