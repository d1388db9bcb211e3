// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import XFS

struct LogTests {
  /// What a log of these blocks says; each is 512 bytes, the rest are of the round before.
  func state(_ blocks: [(Int, [UInt8])], round: UInt32, before: UInt32) throws -> LogState {
    var image = try EditedImage.checked.get()
    let start = try self.start(of: image)
    let count = try blockCount(of: image)
    for index in 0..<count {
      image.put(index < 100 ? round : before, at: start + 512 * index)
    }
    for (index, bytes) in blocks {
      image.bytes.replaceSubrange(
        start + 512 * index..<start + 512 * index + bytes.count, with: bytes)
    }
    return try image.open().log
  }

  func start(of image: EditedImage) throws -> Int {
    let superblock = try image.open().superblock
    return Int(superblock.byteOffset(ofBlock: superblock.logStart))
  }

  func blockCount(of image: EditedImage) throws -> Int {
    Int(try image.open().superblock.logBlockCount) * 8
  }

  /// The head of a record of that many bytes, written by buffers of 32 KiB unless told otherwise.
  func head(
    round: UInt32 = 5, byteCount: UInt32 = 512, operations: UInt32 = 1, buffer: UInt32 = 32768,
    version: UInt32 = 2
  ) -> [UInt8] {
    var words = [UInt32](repeating: 0, count: 128)
    words[0] = 0xfeed_babe
    words[1] = round
    words[2] = version
    words[3] = byteCount
    words[10] = operations
    words[80] = buffer
    return MadeUpDevice.bytes(words)
  }

  /// The first block of a record's data, whose operation has `flags`.
  func data(round: UInt8 = 5, flags: UInt8) -> [UInt8] {
    [0, 0, 0, round, 0, 0, 0, 8, 0xaa, flags, 0, 0]
  }

  @Test func anUnmountIsTheLastRecord() throws {
    func state(_ blocks: [(Int, [UInt8])]) throws -> LogState {
      try self.state(blocks, round: 5, before: 4)
    }
    #expect(try state([(98, head()), (99, data(flags: 0x20))]) == .clean)
    #expect(try state([(98, head()), (99, data(flags: 0))]) == .dirty)
    #expect(try state([(98, head(operations: 2)), (99, data(flags: 0x20))]) == .dirty)
    // A record that is longer, or shorter, than what is there.
    #expect(try state([(98, head(byteCount: 1024)), (99, data(flags: 0x20))]) == .dirty)
    #expect(try state([(97, head()), (98, data(flags: 0x20))]) == .dirty)
    #expect(try state([(96, head(byteCount: 1536)), (97, data(flags: 0x20))]) == .clean)
    #expect(try state([(98, head(byteCount: 0)), (99, data(flags: 0x20))]) == .dirty)
    // No record at all, and lengths that lie.
    #expect(try state([]) == .dirty)
    #expect(try state([(98, head(byteCount: .max)), (99, data(flags: 0x20))]) == .dirty)
    #expect(try state([(98, head(buffer: .max)), (99, data(flags: 0x20))]) == .dirty)
    // Buffers of 256 KiB have eight headers.
    #expect(try state([(91, head(buffer: 262_144)), (99, data(flags: 0x20))]) == .clean)
    #expect(try state([(98, head(buffer: .max, version: 1)), (99, data(flags: 0x20))]) == .clean)
  }

  @Test func aRecordMayGoOnAtTheStart() throws {
    let count = try blockCount(of: try EditedImage.checked.get())
    // The end of the log is of the round before the start's: nothing but a full round ends there.
    #expect(
      try state(
        [(count - 2, head(round: 5)), (count - 1, data(flags: 0x20))], round: 5, before: 5)
        == .clean)
    #expect(try state([(count - 2, head(round: 5))], round: 5, before: 5) == .dirty)
    #expect(try state([], round: 0, before: 0) == .clean)
  }

  @Test func theRemarkSaysWhatIsMissing() throws {
    var image = try EditedImage.checked.get()
    let start = try self.start(of: image)
    // mkfs.xfs writes an unmount into the first two blocks.
    image.bytes[start + 512 + 9] = 0
    let system = try image.open()
    #expect(system.log == .dirty)
    #expect(system.needsRecovery)
    #expect(
      system.remark
        == "was not unmounted and its log was not replayed: the newest changes may be missing")
    image.put(ByteView(image.bytes).u32BigEndian(at: 216).map { $0 | 0x10 } ?? 0, at: 216)
    image.seal(.superblock, at: 0)
    #expect(try image.open().remark?.hasPrefix("xfs_repair must be run on it; was not") == true)
  }

  @Test func aLogElsewhereIsNotLookedAt() throws {
    var image = try EditedImage.checked.get()
    image.put(UInt64(0), at: 48)
    image.seal(.superblock, at: 0)
    let system = try image.open()
    #expect(system.log == .external)
    #expect(system.remark == nil)
    #expect(!system.needsRecovery)
  }

  @Test func aLogThatCantBeReadIsTold() throws {
    var image = try EditedImage.checked.get()
    for value: UInt64 in [1 << 50, 4000, .max] {
      image.put(value, at: 48)
      image.seal(.superblock, at: 0)
      guard case .unreadable(.blockOutOfRange(.superblock, _)) = try image.open().log else {
        Issue.record("\(value)")
        continue
      }
    }
    let good = try EditedImage.checked.get()
    let device = FaultyDevice(good.volume.devices[0])
    let first = UInt64(try start(of: good) / 512)
    device.badSectors = first..<first + 1
    let system = try XFSFileSystem.open(Volume(whole: device))
    #expect(system.log == .unreadable(.device(.readFailed(sector: first))))
    let remark: ByteString =
      "its log can't be read, so the newest changes may be missing: read error at sector \(first)"
    #expect(system.remark == remark)
  }
}
