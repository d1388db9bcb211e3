// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression
import Testing

/// gzip data that is gathered and unpacked in one call, beside the same data as a stream.
struct WholeGzipTests {
  private let plain = Oracle.sample(byteCount: 300_000)

  private func packed(_ bytes: [UInt8]) throws -> [UInt8] { try Packing.gzip.pack(bytes) }

  private func whole(
    _ packed: [UInt8], inputPiece: Int = 1 << 16, window: Int = 1 << 20
  ) throws -> (bytes: [UInt8], isFinished: Bool) {
    try Unpacking(inputPiece: inputPiece, windowByteCount: window, isWhole: true)
      .run(packed, .gzip)
  }

  @Test(arguments: [1 << 20, 65_536, 4093])
  func unpacksWhatGzipPacked(inputPiece: Int) throws {
    let result = try whole(packed(plain), inputPiece: inputPiece)
    #expect(result.isFinished)
    #expect(result.bytes == plain)
  }

  @Test func bytesBehindTheMemberDoNotMatter() throws {
    let result = try whole(packed(plain) + [1, 2, 3])
    #expect(result.isFinished)
    #expect(result.bytes == plain)
  }

  @Test func saysWhenTheRoomIsTooSmall() throws {
    let packed = try packed(plain)
    #expect(throws: DecompressionError.longerThanExpected(.gzip, byteCount: 299_999)) {
      try whole(packed, window: 299_999)
    }
  }

  @Test func dataThatEndsEarlyIsNotFinished() throws {
    let packed = Array(try packed(plain).dropLast(5000))
    #expect(throws: DecompressionError.corrupt(.gzip, position: UInt64(packed.count))) {
      try whole(packed)
    }
  }

  @Test func anEmptyMemberGivesNothing() throws {
    let result = try whole(packed([]))
    #expect(result.isFinished)
    #expect(result.bytes.isEmpty)
  }

  /// Whatever is changed: the bytes are right, or an error names the place that zlib names.
  @Test func damageIsFoundWhereZlibFindsIt() throws {
    let good = try packed(Array(plain.prefix(20_000)))
    var state: UInt64 = 11
    for _ in 0..<300 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var bad = good
      bad[Int(state >> 33) % (state >> 60 & 1 == 0 ? 40 : bad.count)] ^=
        UInt8(truncatingIfNeeded: state >> 20) | 1
      let stream = Result { try Unpacking().run(bad, .gzip) }
      let whole = Result { try self.whole(bad) }
      switch (stream, whole) {
      case (.success(let one), .success(let other)): #expect(one.bytes == other.bytes)
      case (.failure(let one), .failure(let other)):
        #expect(one as? DecompressionError == other as? DecompressionError)
      // zlib wants more input where libdeflate, which has all, knows that it is wrong.
      case (.success(let one), .failure): #expect(!one.isFinished)
      case (.failure, .success): Issue.record("libdeflate took what zlib refuses")
      }
    }
  }
}
