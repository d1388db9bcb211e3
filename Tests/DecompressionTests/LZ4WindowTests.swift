// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression
import Testing

/// Packed blocks of lz4 that lie at the end of their own output.
struct LZ4WindowTests {
  private func run(_ plain: [UInt8], inputPiece: Int) throws -> [UInt8] {
    let packed = try Packing.lz4.pack(plain)
    let result = try Unpacking(
      inputPiece: inputPiece, windowByteCount: plain.count, headByteCount: 100
    ).run(packed, .lz4)
    #expect(result.isFinished)
    return result.bytes
  }

  @Test(arguments: [1 << 16, 1 << 19])
  func noBlockIsOvertaken(inputPiece: Int) throws {
    let sample = Oracle.sample(byteCount: 300_000)
    let zeros = [UInt8](repeating: 0, count: 3 << 20)
    var state: UInt64 = 7
    let noise = (0..<1 << 20).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    // Three blocks: text and noise, zeros before noise, and a short one that packs to more than
    // it is.
    let plain =
      Array(repeatElement(sample, count: 20).joined()) + noise + noise + zeros + zeros + noise
      + noise + noise
    #expect(try run(plain, inputPiece: inputPiece) == plain)
  }

  @Test func aDamagedBlockInTheWindowIsRefused() throws {
    let plain = Array(repeatElement(Oracle.sample(byteCount: 300_000), count: 40).joined())
    var packed = try Packing.lz4.pack(plain)
    for index in packed.count - 400..<packed.count - 200 { packed[index] = 0xff }
    #expect(throws: DecompressionError.self) {
      let result = try Unpacking(windowByteCount: plain.count).run(packed, .lz4)
      if result.bytes != plain { throw DecompressionError.corrupt(.lz4, position: 0) }
    }
  }
}
