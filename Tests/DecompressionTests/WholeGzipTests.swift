// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression
import TestSupport
import Testing

/// gzip data that is gathered and unpacked in one call, beside the same data as a stream.
struct WholeGzipTests {
  private let plain = Oracle.sample(byteCount: 300_000)

  private func packed(_ bytes: [UInt8], level: Int = 9) throws -> [UInt8] {
    try HostTool.output(["gzip", "-n", "-\(level)"], input: bytes)
  }

  private func whole(
    _ packed: [UInt8], inputPiece: Int = 1 << 16, stated: Int = 300_000
  ) throws -> (bytes: [UInt8], isFinished: Bool) {
    try Unpacking(inputPiece: inputPiece, wholeByteCount: stated).run(packed, .gzip)
  }

  /// zlib's deflate for `zeros` zeros, then `tail` in stored blocks of `blockByteCount` bytes.
  private func stored(zeros: Int, _ tail: [UInt8], blockByteCount: Int) throws -> [UInt8] {
    let script = """
      import struct, sys, zlib
      tail = sys.stdin.buffer.read()
      pack = zlib.compressobj(9, zlib.DEFLATED, -15)
      out = pack.compress(bytes(\(zeros))) + pack.flush(zlib.Z_FULL_FLUSH)
      for start in range(0, len(tail), \(blockByteCount)):
          part = tail[start:start + \(blockByteCount)]
          out += struct.pack("<BHH", 0, len(part), len(part) ^ 0xffff) + part
      out += bytes([1, 0, 0, 255, 255])
      data = bytes(\(zeros)) + tail
      sys.stdout.buffer.write(bytes.fromhex("1f8b0800000000000003") + out
          + struct.pack("<II", zlib.crc32(data), len(data)))
      """
    return try HostTool.output(["python3", "-c", script], input: tail)
  }

  private func noise(_ byteCount: Int) -> [UInt8] {
    var state: UInt64 = 5
    return (0..<byteCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  @Test(arguments: [1 << 20, 65_536, 4093])
  func unpacksWhatGzipPacked(inputPiece: Int) throws {
    let result = try whole(packed(plain), inputPiece: inputPiece)
    #expect(result.isFinished)
    #expect(result.bytes == plain)
  }

  /// The packed data lies where its output goes: whatever is where in it, none is overtaken.
  @Test(arguments: [1, 6, 9])
  func theOutputNeverOvertakesThePackedData(level: Int) throws {
    let noise = noise(700_000)
    let zeros = [UInt8](repeating: 0, count: 900_000)
    let text = Oracle.sample(byteCount: 800_000)
    for bytes in [noise, zeros, text, zeros + noise, noise + zeros, text + noise + zeros + text] {
      let packed = try packed(bytes, level: level)
      let result = try whole(packed, stated: bytes.count)
      #expect(result.isFinished)
      #expect(result.bytes == bytes)
    }
  }

  @Test(arguments: [65_535, 32_768, 500])
  func storedBlocksAreNotOvertaken(blockByteCount: Int) throws {
    let tail = noise(1_500_000)
    let packed = try stored(zeros: 1 << 20, tail, blockByteCount: blockByteCount)
    let result = try whole(packed, stated: tail.count + 1 << 20)
    #expect(result.isFinished)
    #expect(result.bytes == [UInt8](repeating: 0, count: 1 << 20) + tail)
  }

  /// Blocks that no packer makes take more room than they fill.
  @Test func dataMadeToBeOvertakenIsRefusedAndUnpacksAsAStream() throws {
    let tail = noise(400_000)
    let packed = try stored(zeros: 1 << 20, tail, blockByteCount: 8)
    #expect(throws: DecompressionError.self) {
      try whole(packed, stated: tail.count + 1 << 20)
    }
    let stream = try Unpacking().run(packed, .gzip)
    #expect(stream.bytes == [UInt8](repeating: 0, count: 1 << 20) + tail)
  }

  @Test func bytesBehindTheMemberDoNotMatter() throws {
    let result = try whole(packed(plain) + [1, 2, 3])
    #expect(result.isFinished)
    #expect(result.bytes == plain)
  }

  @Test func saysWhenTheRoomIsTooSmall() throws {
    let packed = try packed(plain)
    #expect(throws: DecompressionError.longerThanExpected(.gzip, byteCount: 299_999)) {
      try whole(packed, stated: 299_999)
    }
  }

  @Test func dataThatEndsEarlyIsNotFinished() throws {
    let packed = Array(try packed(plain).dropLast(5000))
    #expect(throws: DecompressionError.corrupt(.gzip, position: 0)) { try whole(packed) }
  }

  @Test func anEmptyMemberGivesNothing() throws {
    let result = try whole(packed([]), stated: 0)
    #expect(result.isFinished)
    #expect(result.bytes.isEmpty)
  }

  /// Whatever is changed: the bytes are those of zlib, or both refuse them.
  @Test func damageIsFoundWhereZlibFindsSome() throws {
    let good = try packed(Array(plain.prefix(20_000)))
    var state: UInt64 = 11
    for _ in 0..<300 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var bad = good
      bad[Int(state >> 33) % (state >> 60 & 1 == 0 ? 40 : bad.count)] ^=
        UInt8(truncatingIfNeeded: state >> 20) | 1
      let stream = Result { try Unpacking().run(bad, .gzip) }
      let whole = Result { try self.whole(bad, stated: 20_000) }
      switch (stream, whole) {
      case (.success(let one), .success(let other)): #expect(one.bytes == other.bytes)
      case (.failure, .failure): break
      // zlib wants more input where libdeflate, which has all, knows that it is wrong.
      case (.success(let one), .failure): #expect(!one.isFinished)
      case (.failure, .success): Issue.record("libdeflate took what zlib refuses")
      }
    }
  }
}
