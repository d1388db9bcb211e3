// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

struct ExtentReaderTests {
  private let text = [UInt8]("a kernel that is packed, packed, packed on the disk".utf8)

  /// A volume with `packed` at byte 100, in two runs.
  private func reader(
    _ packed: [UInt8]
  ) -> (reader: ExtentReader<MemoryDevice>, stored: [Extent]) {
    let half = packed.count / 2
    let bytes =
      [UInt8](repeating: 9, count: 100) + packed[half...] + packed[..<half] + [1, 2, 3]
    let rest = UInt64(packed.count - half)
    return (
      ExtentReader(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))),
      [
        .run(byteOffset: 100 + rest, byteCount: UInt64(half)),
        .run(byteOffset: 100, byteCount: rest),
      ]
    )
  }

  private func piece(
    _ format: BlockFormat, _ stored: [Extent], padded: Bool = false, of decoded: Int,
    skipping skipped: Int = 0, count: Int
  ) throws -> Extent {
    .encoded(
      try #require(
        EncodedExtent(
          format, stored: stored, isPaddedInFront: padded, decodedByteCount: UInt64(decoded),
          skippedByteCount: UInt64(skipped), byteCount: UInt64(count))))
  }

  @Test func plainPiecesAreReadAsTheyAre() throws {
    var (reader, _) = reader([5, 6])
    #expect(try reader.read(.run(byteOffset: 101, byteCount: 2)) == [5, 1])
    #expect(try reader.read(.zeros(byteCount: 3)) == [0, 0, 0])
    #expect(try reader.read(.inline([8])) == [8])
  }

  @Test func packedPiecesAreUnpackedAndCut() throws {
    let packed = try HostTool.output(["zstd", "-3"], input: text)
    var (reader, stored) = reader(packed)
    #expect(
      try reader.read(piece(.zstd, stored, of: text.count, count: text.count)) == text)
    #expect(
      try reader.read(piece(.zstd, stored, of: text.count, skipping: 2, count: 6))
        == Array(text[2..<8]))
  }

  @Test func paddingInFrontIsPassedOver() throws {
    let packed = try HostTool.output(["zstd", "-3"], input: text)
    var (reader, stored) = reader([0, 0, 0, 0, 0] + packed)
    #expect(
      try reader.read(piece(.zstd, stored, padded: true, of: text.count, count: text.count))
        == text)
    #expect(throws: BlockError.self) {
      try reader.read(piece(.zstd, stored, of: text.count, count: 3))
    }
  }

  @Test func whatDoesNotUnpackIsNamedWithItsPlace() throws {
    var (reader, stored) = reader([1, 2, 3, 4])
    #expect(
      throws: BlockError.notUnpacked(.corrupt, "packed data at byte 102: corrupt zlib data")
    ) { try reader.read(piece(.zlib, stored, of: 10, count: 10)) }
  }

  @Test func lessThanIsWantedIsCorrupt() throws {
    let packed = try HostTool.output(["zstd", "-3"], input: text)
    var (reader, stored) = reader(packed)
    let place = 100 + packed.count - packed.count / 2
    #expect(
      throws: BlockError.notUnpacked(
        .corrupt, "packed data at byte \(place) unpacks to 51 bytes, and 52 are needed")
    ) { try reader.read(piece(.zstd, stored, of: 100, skipping: 40, count: 12)) }
  }

  @Test func packedBytesThatLeaveTheVolumeAreADeviceError() throws {
    var (reader, _) = reader([1, 2])
    #expect(throws: BlockError.outOfRange(byteOffset: 99, byteCount: 50, deviceByteCount: 105)) {
      try reader.read(
        piece(.lz4, [.run(byteOffset: 99, byteCount: 50)], of: 10, count: 10))
    }
  }
}
