// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import EROFS

/// Metadata in the contents of an inode, and further devices.
struct MetaboxTests {
  let text = MadeImageTests.text
  let superblock = MadeImage.superblock

  private func open(_ bytes: [UInt8]) throws -> MadeImage.System {
    try EROFSFileSystem.open(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)))
  }

  private func error(_ bytes: [UInt8], at path: ByteString = "/file") -> EROFSError? {
    ReaderError.of(EROFSError.self) { try ReaderError.look(at: path, in: try open(bytes)) }
  }

  @Test(arguments: [true, false])
  func inodesAndWhatFollowsThemArePacked(isPacked: Bool) throws {
    let system = try open(try WideImage.metabox(isPacked: isPacked))
    func read(_ path: ByteString) throws -> [UInt8] {
      try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
    }
    #expect(try read("/list") == text)
    #expect(try read("/tail") == Array(text[..<2000]))
    #expect(
      try read("/chunks")
        == text[..<4096] + [UInt8](repeating: 0, count: 4096) + text[8192..<10000])
    #expect(try read("/../inline") == Array("hello".utf8))
    #expect(
      try system.entries(of: system.root()).map { $0.name } == ["chunks", "inline", "list", "tail"])
  }

  @Test func aPackedPieceIsUnpackedOnce() throws {
    let bytes = try WideImage.metabox(isPacked: true, pieceByteCount: 4096)
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
    let system = try EROFSFileSystem.open(Volume(whole: device))
    _ = try PathWalk.resolve("/inline", in: system)
    let before = device.readCount
    for path: ByteString in ["/list", "/tail", "/chunks"] {
      _ = try PathWalk.resolve(path, in: system)
    }
    #expect(device.readCount == before)
  }

  @Test func numbersOfPackedMetadataAreChecked() throws {
    let good = try WideImage.metabox(isPacked: true)
    func edited(_ offset: Int, _ value: [UInt8]) -> [UInt8] {
      var bytes = good
      bytes.replaceSubrange(
        superblock + offset..<superblock + offset + value.count, with: value)
      MadeImage.seal(&bytes)
      return bytes
    }
    #expect(error(good, at: "/list") == nil)
    #expect(
      error(edited(13, [0])) == .badSuperblock(field: "the number of extensions", value: 0))
    let inside = WideImage.metaboxBit | 3
    #expect(
      error(edited(128, WideImage.bytes(inside)))
        == .badSuperblock(field: "the inode of packed metadata", value: inside))
    #expect(
      error(edited(112, WideImage.bytes(WideImage.metaboxBit | 0xffff)))
        == .outOfRange(inode: WideImage.metaboxBit | 0xffff, byteOffset: 0))
    // The bit means nothing without the feature.
    #expect(
      error(edited(80, WideImage.bytes(0x91 as UInt32)))
        == .badSuperblock(field: "the inode of packed metadata", value: 0))
    #expect(
      EROFSError.notAFile(inode: WideImage.metaboxBit | 7).message == "packed inode 7: not a file")
    let fragments = edited(80, WideImage.bytes(0x1b1 as UInt32))
    #expect(error(fragments, at: "/list") == nil)
    var bytes = fragments
    bytes[superblock + 103] = 0x80
    MadeImage.seal(&bytes)
    #expect(error(bytes) == .badSuperblock(field: "the packed inode", value: 1 << 63))
  }

  @Test func packedMetadataComeInSmallPieces() throws {
    // Zeros pack well: a piece of 5 MiB.
    var image = MadeImage(features: 0x101 | WideImage.wide)
    let packed = try BlockPacker.pack([UInt8](repeating: 0, count: 5 << 20), .lz4)
    let (block, _) = image.addData(packed)
    let list = WideImage.list(
      unit: 16,
      [
        .init(
          place: UInt64(block) * 4096, storedByteCount: UInt32(packed.count), algorithm: 0)
      ])
    let number = image.addInode(layout: 1, size: 5 << 20, behind: list)
    var bytes = image.finish()
    bytes[superblock + 13] = 1
    bytes.replaceSubrange(
      superblock + 112..<superblock + 120, with: WideImage.bytes(WideImage.metaboxBit | 1))
    bytes.replaceSubrange(
      superblock + 128..<superblock + 136, with: WideImage.bytes(UInt64(number)))
    MadeImage.seal(&bytes)
    #expect(
      error(bytes)
        == .unsupportedFile(
          inode: UInt64(number), feature: "packed metadata in pieces of this size"))
  }

  /// Blocks with the text after the end of the image, as further devices that lie on the same one.
  @Test func devicesThatFollowOnTheSameVolumeAreRead() throws {
    let first = UInt32(MadeImage(features: 0).bytes.count / 4096) + 1
    var image = WideImage.devices(
      [(first, 2, ""), (first + 2, 3, "")], chunks: [(2, 1), (1, 1), (4 | 1, 0), (2, 2)],
      run: first + 1)
    let start = image.addData(Array(text[..<(5 * 4096)])).block
    #expect(start == first)
    let system = try open(image.finish())
    func read(_ path: ByteString) throws -> [UInt8] {
      try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
    }
    func block(_ number: Int) -> [UInt8] { Array(text[4096 * number..<4096 * (number + 1)]) }
    // Two devices need two bits of a number: the third does not count.
    #expect(try read("/file") == block(3) + block(1) + block(0) + block(4))
    #expect(try read("/run") == block(1) + block(2))
  }

  @Test func aDeviceThatIsElsewhereIsNamed() throws {
    var image = WideImage.devices(
      [(1000, 2, "sha256:1234"), (2000, 3, "")], chunks: [(1, 0)], run: 2001)
    let bytes = image.finish()
    let named = EROFSError.onAnotherDevice(inode: 2, device: 1, tag: "sha256:1234")
    #expect(error(bytes) == named)
    #expect(named.family == .unsupported)
    #expect(
      named.message
        == "inode 2: its data are on further device 1 (sha256:1234), which is not on this volume")
    // By its place in the row alone.
    let other = error(bytes, at: "/run")
    guard case .onAnotherDevice(_, 2, "") = other else {
      Issue.record("\(String(describing: other))")
      return
    }
    #expect(
      other?.message.hasSuffix("further device 2, which is not on this volume") == true)
    // A file that is on the first one is read all the same.
    image = WideImage.devices([(1000, 2, "")], chunks: [(0, 2)])
    #expect(error(image.finish()) == nil)
  }

  @Test func theTableOfDevicesIsChecked() throws {
    var image = WideImage.devices([(1000, 2, "")], chunks: [(3, 0)])
    #expect(error(image.finish()) == .onAnotherDevice(inode: 2, device: 1, tag: ""))
    image = WideImage.devices(
      [(1000, 2, ""), (1000, 2, "")], chunks: [(3, 0)])
    #expect(
      error(image.finish()) == .badInode(2, field: "a device's number", value: 3))
    image.put(300 as UInt16, at: superblock + 86)
    #expect(error(image.finish()) == .unsupportedFeature("300 further devices"))
    image.put(2 as UInt16, at: superblock + 86)
    image.put(UInt16.max, at: superblock + 88)
    #expect(
      error(image.finish())
        == .badSuperblock(field: "the place of the table of devices", value: 0xffff * 128))
  }
}
