// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import TestSupport
import Testing

/// Streams that are damaged, lie, or use what is not supported.
struct BrokenStreamTests {
  private let plain = Oracle.sample(byteCount: 100_000)

  private func unpack(_ packed: [UInt8], _ format: PayloadFormat) throws -> [UInt8] {
    try Unpacking().run(packed, format).bytes
  }

  private func isCorrupt(_ packed: [UInt8], _ format: PayloadFormat) -> Bool {
    do {
      _ = try unpack(packed, format)
      return false
    } catch DecompressionError.corrupt(format, let position) {
      return position > 0 && position <= UInt64(packed.count)
    } catch { return false }
  }

  /// Where a checksum of each format with one is, counted from the end.
  @Test(arguments: [
    (Packing.gzip, 8), (.bzip2, 3), (.lzo, 5000), (.lzoOnePass, 5000), (.zstd, 2),
    (.zstdWide, 2),
  ])
  func findsABrokenChecksum(packing: Packing, place: Int) throws {
    var packed = try packing.pack(plain)
    packed[packed.count - place] ^= 0x10
    #expect(isCorrupt(packed, packing.format))
  }

  @Test(arguments: PayloadFormat.allCases.filter { $0 != .uncompressed && $0 != .gzip })
  func refusesDataOfAnotherFormat(format: PayloadFormat) {
    #expect(throws: DecompressionError.wrongMagic(format)) {
      try unpack([UInt8](repeating: 0xf7, count: 64), format)
    }
  }

  @Test(arguments: [PayloadFormat.gzip, .bzip2, .lzo, .zstd])
  func namesTheLeastMemoryOfAFormat(format: PayloadFormat) throws {
    let needed = DecoderMemory.byteCountMin(format)
    #expect(
      throws: DecompressionError.memoryLimit(format, needed: needed, limit: needed - 1)
    ) { try Decoder(format, memoryLimit: needed - 1) }
    _ = try Decoder(format, memoryLimit: needed)
  }

  /// Neither a trap nor an endless loop, whatever is changed; and what has a checksum never gives
  /// other bytes.
  @Test(arguments: Packing.allCases)
  func damagedStreamsEndInAnError(packing: Packing) throws {
    let good = try packing.pack(Array(plain.prefix(30_000)))
    var state: UInt64 = 5
    for round in 0..<150 {
      var bad = good
      for _ in 0...round % 4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Headers are short: every other change is in the first bytes.
        let range = state >> 60 & 1 == 0 ? min(64, bad.count) : bad.count
        bad[Int(state >> 33) % range] = UInt8(truncatingIfNeeded: state >> 20)
      }
      do {
        let result = try Unpacking(inputPiece: 1 + round * 97).run(bad, packing.format)
        let isChecked = packing != .lzma && packing != .lz4 && packing != .zstdFast
        if result.isFinished, isChecked { #expect(result.bytes == Array(plain.prefix(30_000))) }
      } catch is DecompressionError {}
    }
  }

  // MARK: lzo

  @Test func namesWhatIsNotSupportedInAnLZOHeader() throws {
    let good = try HostTool.output(["lzop", "-1"], input: plain)
    // After the magic: version, library's version, version needed, method, level, flags. A method
    // that is none of LZO1X's, several parts, a filter, more header.
    for (place, value) in [(15, UInt8(8)), (19, 0x04), (19, 0x08), (20, 0x40)] {
      var bad = good
      bad[place] |= value
      #expect(throws: DecompressionError.unsupportedOption(.lzo, position: 21)) {
        try unpack(bad, .lzo)
      }
    }
    var old = good
    old[9] = 0x08
    #expect(throws: DecompressionError.unsupportedOption(.lzo, position: 13)) {
      try unpack(old, .lzo)
    }
  }

  @Test func findsABrokenLZOHeader() throws {
    var bad = try HostTool.output(["lzop", "-1"], input: plain)
    bad[25] ^= 1  // the mode of the file
    #expect(isCorrupt(bad, .lzo))
  }

  @Test func refusesLargeLZOBlocks() throws {
    let good = try HostTool.output(["lzop", "-1"], input: plain)
    let start = headerByteCount(good)
    var bad = good
    bad[start + 1] = 4  // 256 KiB and some more
    #expect(
      throws: DecompressionError.unsupportedOption(.lzo, position: UInt64(start + 8))
    ) { try unpack(bad, .lzo) }
    bad = good
    bad[start + 4] = 1  // more packed than unpacked
    #expect(throws: DecompressionError.corrupt(.lzo, position: UInt64(start + 8))) {
      try unpack(bad, .lzo)
    }
  }

  /// lzop's long header without a name; the name's length stands after the times.
  private func headerByteCount(_ packed: [UInt8]) -> Int { 34 + Int(packed[33]) + 4 }

  // MARK: lz4

  @Test func takesFramesOneAfterTheOther() throws {
    let one = try HostTool.output(["lz4", "-l"], input: plain)
    let result = try Unpacking().run(one + one, .lz4)
    #expect(result.isFinished)
    #expect(result.bytes == plain + plain)
  }

  @Test func refusesImpossibleLZ4Blocks() throws {
    for size: UInt32 in [0, 0x0081_0000, .max] {
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * UInt32($0))) }
      #expect(throws: DecompressionError.corrupt(.lz4, position: 8)) {
        try unpack([0x02, 0x21, 0x4c, 0x18] + bytes + [0, 0, 0, 0], .lz4)
      }
    }
  }

  @Test func saysWhatMemoryAnLZ4BlockNeeds() throws {
    let packed = try HostTool.output(["lz4", "-l"], input: plain)
    let needed = UInt64(packed.count - 8)
    #expect(throws: DecompressionError.memoryLimit(.lz4, needed: needed, limit: 1000)) {
      try Unpacking(memoryLimit: 1000).run(packed, .lz4)
    }
  }

  // MARK: zstd

  @Test func refusesADictionary() throws {
    var packed = try HostTool.output(["zstd", "--no-check"], input: plain)
    // A frame of more than 64 KiB with its size in four bytes has it after the descriptor and the
    // window; a dictionary of one byte comes between.
    packed[4] |= 1
    packed.insert(7, at: packed[4] & 0x20 != 0 ? 5 : 6)
    #expect {
      try unpack(packed, .zstd)
    } throws: { error in
      guard case DecompressionError.unsupportedOption(.zstd, _) = error else { return false }
      return true
    }
  }

  @Test(arguments: [Packing.zstd, .lz4])
  func moreThanThereIsRoomForIsNamed(packing: Packing) throws {
    let packed = try packing.pack(plain)
    let unpacking = Unpacking(windowByteCount: 70_000)
    #expect {
      try unpacking.run(packed, packing.format)
    } throws: { error in
      guard case DecompressionError.longerThanExpected(packing.format, _) = error else {
        return false
      }
      return true
    }
  }

  /// Later blocks refer to the head, which was unpacked elsewhere.
  @Test(arguments: [1, 60_000, 65_536])
  func refersToTheHeadFromFarAway(head: Int) throws {
    let random = Array(Oracle.sample(byteCount: 200_000).reversed())
    let plain = random + random + Array(random.reversed()) + random
    for packing in [Packing.zstd, .zstdWide, .zstdFast, .lz4] {
      let packed = try packing.pack(plain)
      let result = try Unpacking(headByteCount: head).run(packed, packing.format)
      #expect(result.isFinished)
      #expect(result.bytes == plain)
    }
  }
}
