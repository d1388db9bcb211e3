// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import EROFS

/// One test for each error of superblock, inodes, chunks, directories and links.
struct ErrorTests {
  let superblock = EditedImage.superblock

  private func error(
    _ image: Result<EditedImage, any Error> = EditedImage.plain,
    at path: ByteString = "/", _ edit: (inout EditedImage) throws -> Void
  ) throws -> EROFSError? {
    var edited = try image.get()
    try edit(&edited)
    return edited.error(at: path)
  }

  @Test func whatIsNoEROFSIsNone() throws {
    var image = try EditedImage.plain.get()
    image.bytes[superblock] ^= 1
    #expect(image.openingError == .notEROFS)
    #expect(try EROFSFileSystem.probe(image.volume) == nil)
    let short = Array(try EditedImage.plain.get().bytes[..<1100])
    let volume = Volume(whole: MemoryDevice(name: "xvda", bytes: short))
    #expect(try EROFSFileSystem.probe(volume) == nil)
  }

  @Test func featuresThatAreNotReadAreNamed() throws {
    for (bits, expected) in [
      (0x200, EROFSError.unknownFeatures(0x200)),
      (0x8000_0600, .unknownFeatures(0x8000_0600)),
    ] as [(UInt32, EROFSError)] {
      #expect(try error { $0.put(bits, at: superblock + 80) } == expected)
      #expect(expected.family == .unsupported)
    }
    #expect(
      try error { $0.put(1 as UInt8, at: superblock + 90) }
        == .unsupportedFeature("directory blocks of a size of their own"))
    #expect(
      EROFSError.unknownFeatures(0x600).message == "features 0x600 are not supported")
  }

  @Test func theBlockSizeIsChecked() throws {
    for shift in [0, 8, 17, 255] as [UInt8] {
      #expect(
        try error { $0.bytes[superblock + 12] = shift }
          == .badSuperblock(field: "the block size's exponent", value: UInt64(shift)))
    }
  }

  @Test func theChecksumIsChecked() throws {
    var image = try EditedImage.plain.get()
    let stored = image.u32(superblock + 4)
    image.bytes[superblock + 2000] ^= 1
    guard case .wrongChecksum(stored, let computed) = image.openingError else {
      Issue.record("\(String(describing: image.openingError))")
      return
    }
    #expect(computed != stored)
    // Without the feature there is none.
    image.bytes[superblock + 8] &= ~1
    #expect(image.openingError == nil)
  }

  @Test func settingsOfPackersAreChecked() throws {
    func error(_ algorithm: Int, _ settings: [UInt8]) -> EROFSError? {
      var image = MadeImage(features: 3, settings: [(algorithm, settings)])
      return EditedImage(image.finish()).openingError
    }
    let rest = [UInt8](repeating: 0, count: 8)
    #expect(error(1, [0, 0, 1, 0, 0, 0] + rest) == nil)
    #expect(error(1, [0, 0, 1, 0]) == .badSettings(algorithm: 1))
    #expect(error(1, [0, 1, 0, 0, 0, 0] + rest) == .badSettings(algorithm: 1))
    #expect(error(1, [1, 0, 128, 0, 0, 0] + rest) == .badSettings(algorithm: 1))
    #expect(
      error(1, [0, 0, 1, 0, 1, 0] + rest) == .unsupportedFeature("LZMA of format 1"))
    #expect(error(4, rest) == .unsupportedFeature("algorithms 0x10"))
  }

  @Test func inodesAndTheirBlocksAreOnTheVolume() throws {
    let metadata = try EditedImage.plain.get().open().superblock.metadataByteOffset
    #expect(
      try error { $0.put(0xffff as UInt16, at: superblock + 14) }
        == .outOfRange(inode: 0xffff, byteOffset: metadata))
    let (offset, number) = try EditedImage.plain.get().inode("/numbers")
    #expect(
      try error(at: "/numbers") { $0.put(0xfff0_0000 as UInt32, at: offset + 16) }
        == .outOfRange(inode: number, byteOffset: 0xfff0_0000 << 12))
    // One block too many.
    let size = UInt32(try EditedImage.plain.get().bytes.count)
    let start = UInt64(try EditedImage.plain.get().u32(offset + 16)) << 12
    #expect(
      try error(at: "/numbers") { $0.put(size, at: offset + 8) }
        == .outOfRange(inode: number, byteOffset: start))
  }

  @Test func formsOfInodesAreNamed() throws {
    let (offset, number) = try EditedImage.plain.get().inode("/numbers")
    #expect(
      try error(at: "/numbers") { $0.bytes[offset] = 0x0a }
        == .unsupportedFile(inode: number, feature: "layout 5"))
    #expect(
      try error(at: "/numbers") { $0.bytes[offset] = 0x20 }
        == .unsupportedFile(inode: number, feature: "format 0x20"))
  }

  @Test func anEndBehindAnInodeStaysInItsBlock() throws {
    let image = EditedImage.inline
    let (offset, number) = try image.get().inode("/end")
    let end = try image.get().end("/end")
    let rest = 4096 - UInt32(end % 4096) + 1
    #expect(try image.get().u16(offset) >> 1 == 2)
    #expect(
      try error(image, at: "/end") { $0.put(rest, at: offset + 8) }
        == .badInode(number, field: "the size of the end behind it", value: UInt64(rest)))
  }

  @Test func chunksAreChecked() throws {
    let image = EditedImage.chunks
    let (offset, number) = try image.get().inode("/numbers")
    let table = (try image.get().end("/numbers") + 7) / 8 * 8
    #expect(
      try error(image, at: "/numbers") { $0.bytes[offset + 16] = 0xa0 }
        == .unsupportedFile(inode: number, feature: "chunks of form 0xa0"))
    // Without further devices no bit of a device's number counts, as for Linux.
    #expect(try error(image, at: "/numbers") { $0.bytes[table + 2] = 1 } == nil)
    #expect(
      try error(image, at: "/numbers") { $0.put(UInt32.max - 1, at: table + 4) }
        == .outOfRange(inode: number, byteOffset: 0xffff_fffe << 12))
    #expect(
      try error(image, at: "/numbers") { $0.put(UInt32.max, at: offset + 8) }
        == .tooManyExtents(inode: number))
    // A chunk without a block is a hole.
    var edited = try image.get()
    edited.put(UInt32.max, at: table + 4)
    let system = try edited.open()
    let node = try PathWalk.resolve("/numbers", in: system).node
    #expect(try system.extents(of: node).first == .zeros(byteCount: 4096))
    #expect(try system.extents(of: node).count == 2)
  }

  @Test func directoriesAreLimited() throws {
    let (offset, number) = try EditedImage.plain.get().inode("/many")
    #expect(
      try error(at: "/many") { $0.put(UInt32(65 << 20), at: offset + 8) }
        == .directoryTooLarge(inode: number, byteCount: 65 << 20))
  }

  @Test func entriesOfDirectoriesAreChecked() throws {
    let number = try EditedImage.plain.get().inode("/many").number
    let start = try EditedImage.plain.get().firstBlock("/many")
    for (place, value) in [(8, 0), (8, 13), (8, 4104), (20, 5000), (20, 11), (32, 0)] {
      #expect(
        try error(at: "/many") { $0.put(UInt16(value), at: start + place) }
          == .badDirectory(inode: number, block: 0), "\(value) at \(place)")
    }
    // The last block is after the inode.
    let second = try EditedImage.plain.get().end("/many")
    #expect(
      try error(at: "/many/x") { $0.put(0 as UInt16, at: second + 8) }
        == .badDirectory(inode: number, block: 1))
  }

  @Test func namesThatAreNoNamesAreRefused() throws {
    let image = try EditedImage.plain.get()
    let number = try image.inode("/many").number
    let start = try image.firstBlock("/many")
    let third = Int(image.u16(start + 2 * 12 + 8))
    for byte in [ASCII.slash, 0] {
      #expect(
        try error(at: "/many") { $0.bytes[start + third + 3] = byte }
          == .badName(inode: number, block: 0))
    }
    // The second name begins where the third one does, and is empty.
    #expect(
      try error(at: "/many") { $0.put(UInt16(third), at: start + 12 + 8) }
        == .badName(inode: number, block: 0))
    // A name goes on where others are: its end is that of the 20th.
    let far = try EditedImage.plain.get().u16(start + 20 * 12 + 8)
    #expect(
      try error(at: "/many") { $0.put(far, at: start + 3 * 12 + 8) }
        == .badName(inode: number, block: 0))
  }

  @Test func linksThatMakeNoSenseAreRefused() throws {
    let image = EditedImage.inline
    let (offset, number) = try image.get().inode("/link")
    for count in [0, 4097] as [UInt32] {
      #expect(
        try error(image, at: "/link") { $0.put(count, at: offset + 8) }
          == .badLink(inode: number))
    }
    let start = try image.get().firstBlock("/link")
    #expect(
      try error(image, at: "/link") { $0.bytes[start + 4] = 0 } == .badLink(inode: number))
  }

  @Test func nodesAreOfTheKindThatIsAsked() throws {
    let system = try EditedImage.plain.get().open()
    let file = try PathWalk.resolve("/numbers", in: system).node
    let directory = try PathWalk.resolve("/boot", in: system).node
    #expect(throws: EROFSError.notADirectory(inode: file.number)) {
      try system.entries(of: file)
    }
    #expect(throws: EROFSError.notADirectory(inode: file.number)) {
      try system.lookUp("x", in: file)
    }
    #expect(throws: EROFSError.notALink(inode: file.number)) {
      try system.linkTarget(of: file)
    }
    #expect(throws: EROFSError.notAFile(inode: directory.number)) {
      try system.extents(of: directory)
    }
  }
}
