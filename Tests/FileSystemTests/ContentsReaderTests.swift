// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

struct ContentsReaderTests {
  private final class Memory: WorkObserver {
    let freeByteCount: UInt64
    init(_ freeByteCount: UInt64) { self.freeByteCount = freeByteCount }
    func look(at account: WorkAccount) -> WorkAccount.Order { .goOn }
  }

  private let volume = Volume(whole: MemoryDevice(name: "xvda", bytes: Array(0..<100)))

  @Test func anyPartIsRead() throws {
    var contents = try ContentsReader(
      [
        .run(byteOffset: 10, byteCount: 5), .zeros(byteCount: 3), .inline([7, 8]),
        .run(byteOffset: 90, byteCount: 4),
      ], on: volume)
    let whole: [UInt8] = [10, 11, 12, 13, 14, 0, 0, 0, 7, 8, 90, 91, 92, 93]
    for start in 0...whole.count {
      for count in 0..<20 {
        let end = min(whole.count, start + count)
        #expect(try contents.read(at: UInt64(start), count: count) == Array(whole[start..<end]))
      }
    }
  }

  @Test func whatIsUnpackedIsPaidForOnceForAllOfItsParts() throws {
    let text = [UInt8](repeating: 5, count: 50_000)
    let packed = try BlockPacker.pack(text, .zlib)
    let volume = Volume(whole: MemoryDevice(name: "xvda", bytes: packed))
    let piece = try #require(
      EncodedExtent(
        .zlib, stored: [.run(byteOffset: 0, byteCount: UInt64(packed.count))],
        decodedByteCount: 50_000, byteCount: 50_000))
    var contents = try ContentsReader([.encoded(piece)], on: volume)
    for place in stride(from: 0 as UInt64, to: 50_000, by: 1000) {
      #expect(try contents.read(at: place, count: 1000) == Array(text[..<1000]))
    }
    #expect(volume.work.count(of: .unpackedBytes) == 50_000)
  }

  @Test func whatDoesNotUnpackIsPaidForToo() throws {
    let piece = try #require(
      EncodedExtent(
        .zlib, stored: [.run(byteOffset: 0, byteCount: 100)], decodedByteCount: 1 << 20,
        byteCount: 10))
    var reader = ExtentReader(volume)
    #expect(throws: BlockError.self) { try reader.read(.encoded(piece)) }
    #expect(volume.work.count(of: .unpackedBytes) == 1 << 20)
  }

  @Test func aLargePieceIsNotUnpackedWithoutRoomForIt() throws {
    volume.work.renew(limit: .max)
    volume.work.observer = Memory(1 << 20)
    let piece = try #require(
      EncodedExtent(
        .zstd, stored: [.run(byteOffset: 0, byteCount: 100)], decodedByteCount: 12 << 20,
        byteCount: 10))
    var reader = ExtentReader(volume)
    #expect(throws: BlockError.work(.outOfMemory(byteCount: 12 << 20))) {
      try reader.read(.encoded(piece))
    }
    #expect(throws: BlockError.work(.outOfMemory(byteCount: 8 << 20))) {
      try reader.read(.zeros(byteCount: 8 << 20))
    }
  }

  @Test func aFileInPiecesIsNotReadWithoutRoomForIt() throws {
    var system = FakeFileSystem()
    system.nodes.append(("/file", .file([.inline([1]), .zeros(byteCount: 4 << 20)])))
    volume.work.renew(limit: .max)
    volume.work.observer = Memory(1 << 20)
    let needed = BlockError.work(.outOfMemory(byteCount: 4 << 20 + 1))
    #expect(throws: FileError<FakeFailure>.device(needed)) {
      try FileContents.readAll("/file", in: system, on: volume, limit: 8 << 20)
    }
  }
}
