// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import EROFS

/// What a reader does is paid for, in directories of many pieces and in files of large ones.
struct WorkTests {
  private func open(
    _ bytes: [UInt8]
  ) throws -> (system: MadeImage.System, volume: Volume<MemoryDevice>) {
    let volume = Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))
    return (try EROFSFileSystem.open(volume), volume)
  }

  @Test func namesArePaidFor() throws {
    for image in [EditedImage.plain, EditedImage.chunks, EditedImage.compact, EditedImage.full] {
      let (system, volume) = try open(try image.get().bytes)
      let root = try system.root()
      #expect(
        try LittleWork.isPaid(on: volume, EROFSError.device) { try system.entries(of: root) })
      volume.work.renew(limit: .max)
      #expect(UInt64(try system.entries(of: root).count) < volume.work.count(of: .names))
      #expect(
        try LittleWork.isPaid(on: volume, EROFSError.device) {
          try system.lookUp("zzz", in: root)
        })
      #expect(
        try LittleWork.isPaid(on: volume, EROFSError.device) {
          try ReaderError.look(at: "/numbers", in: system)
        })
    }
  }

  /// A directory of `count` chunks of a block, which are one and the same in turn with another.
  private func chunked(_ count: Int) -> [UInt8] {
    var image = MadeImage(features: WideImage.wide | 4)
    let one = image.addData(WideImage.directory([("a", 2)])).block
    let other = image.addData(WideImage.directory([("b", 2)])).block
    let table = (0..<count).flatMap { WideImage.bytes($0 % 2 == 0 ? one : other) }
    let number = image.addInode(
      mode: 0o40755, layout: 4, size: count * 4096, word: 0, behind: table)
    image.name(number, "many", type: 2)
    return image.finish()
  }

  /// Twice as many chunks take twice as much work, and not four times as much.
  @Test func chunksAreNotGoneThroughForEachBlock() throws {
    let costs = try [1000, 2000, 4000].map { count in
      let (system, volume) = try open(chunked(count))
      let many = try PathWalk.resolve("/many", in: system).node
      volume.work.renew(limit: .max)
      #expect(try system.entries(of: many).count == count)
      return volume.work.spent
    }
    #expect(costs[1] < costs[0] * 21 / 10 && costs[2] < costs[1] * 21 / 10, "\(costs)")
  }

  @Test func aDirectoryOfManyChunksIsGivenUp() throws {
    let (system, volume) = try open(chunked(4000))
    let many = try PathWalk.resolve("/many", in: system).node
    #expect(
      try LittleWork.isPaid(on: volume, EROFSError.device) { try system.entries(of: many) })
  }

  /// Pieces of a block that are fronts of larger ones: two in turn, so that none is kept.
  @Test func whatIsUnpackedForAFrontOfItIsPaidFor() throws {
    let packer = MadeImageTests.Packer.zstd
    var image = MadeImage(features: 3, settings: [(packer.number, packer.settings)])
    let frames = try [UInt8(1), 2].map {
      let packed = try BlockPacker.pack([UInt8](repeating: $0, count: 1 << 20), packer.format)
      return image.addData(packed, paddedInFront: true).block
    }
    let count = 20
    let pieces = (0..<count).map {
      MadeImage.Piece(start: 4096 * $0, block: frames[$0 % 2], isPartial: true)
    }
    let header = MadeImage.header(advice: 0, algorithms: (UInt8(packer.number), 0))
    image.name(image.addPacked(size: 4096 * count, header: header, pieces), "file")
    let (system, volume) = try open(image.finish())
    volume.work.renew(limit: .max)
    let read = try FileContents.readAll("/file", in: system, on: volume, limit: 1 << 20)
    #expect(read.count == 4096 * count)
    #expect(volume.work.count(of: .unpackedBytes) == UInt64(count << 20))
    let limit = volume.work.spent / 2
    volume.work.renew(limit: limit)
    #expect(throws: (any Error).self) {
      try FileContents.readAll("/file", in: system, on: volume, limit: 1 << 20)
    }
    #expect(volume.work.spent < 2 * limit)
  }
}
