// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

struct SuperblockTests {
  /// The error of opening an image with one field of the superblock changed.
  func error<Number: FixedWidthInteger>(
    _ offset: Int, _ value: Number, in image: Result<EditedImage, any Error> = EditedImage.plain
  ) throws -> Ext4Error? {
    var image = try image.get()
    image.put(value, at: EditedImage.superblock + offset)
    do { _ = try EditedImage.System.open(image.volume) } catch { return error }
    return nil
  }

  @Test func tellsWhatItIs() throws {
    let system = try EditedImage.checksummed.get().open()
    #expect(system.formatName == "ext4")
    #expect(system.label == "test-label")
    #expect(system.uuid == "01234567-89ab-cdef-0123-456789abcdef")
    #expect(!system.needsRecovery)
    #expect(try EditedImage.mapped.get().open().formatName == "ext2")
    let ext3 = try TestImage("ext4-ext3").device()
    #expect(try Ext4FileSystem.open(Volume(whole: ext3)).formatName == "ext3")
  }

  @Test func probesWithoutAnError() throws {
    let small = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 2047))
    #expect(try Ext4FileSystem.probe(Volume(whole: small)) == nil)
    let blank = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 4096))
    #expect(try Ext4FileSystem.probe(Volume(whole: blank)) == nil)
    #expect(try EditedImage.System.probe(try EditedImage.plain.get().volume) != nil)
  }

  @Test func refusesOtherMagicNumbers() throws {
    #expect(try error(0x38, UInt16(0xef52)) == .notExt4)
  }

  @Test func namesFeaturesThatItHasNot() throws {
    let flags = try EditedImage.plain.get().u32(EditedImage.superblock + 0x60)
    #expect(try error(0x60, flags | 0x1) == .unsupportedFeature("compression"))
    #expect(try error(0x60, flags | 0x8) == .unsupportedFeature("journal_dev"))
    #expect(try error(0x60, flags | 0x1000) == .unsupportedFeature("dirdata"))
    #expect(try error(0x60, flags | 0x80020) == .unsupportedFeature("incompat bits 0x80020"))
    // mmp, ea_inode, large_dir, inline_data, encrypt, casefold.
    #expect(try error(0x60, flags | 0x3c500) == nil)
  }

  @Test func saysThatTheJournalWasNotReplayed() throws {
    var image = try EditedImage.plain.get()
    let flags = image.u32(EditedImage.superblock + 0x60)
    image.put(flags | 0x4, at: EditedImage.superblock + 0x60)
    #expect(try image.open().needsRecovery)
  }

  @Test func checksEveryFieldOfTheGeometry() throws {
    func expect<Number: FixedWidthInteger>(
      _ field: ByteString, _ offset: Int, _ value: Number,
      in image: Result<EditedImage, any Error> = EditedImage.plain
    ) throws {
      let expected = Ext4Error.badSuperblock(field: field, value: UInt64(value))
      #expect(try error(offset, value, in: image) == expected)
    }
    try expect("log_block_size", 0x18, UInt32(7))
    try expect("log_block_size", 0x18, UInt32.max)
    try expect("inode_size", 0x58, UInt16(0))
    try expect("inode_size", 0x58, UInt16(192))
    try expect("inode_size", 0x58, UInt16(2048))
    try expect("blocks_per_group", 0x20, UInt32(0))
    try expect("blocks_per_group", 0x20, UInt32(8193))
    try expect("inodes_per_group", 0x28, UInt32(0))
    try expect("inodes_per_group", 0x28, UInt32(8193))
    try expect("first_data_block", 0x14, UInt32(2))
    try expect("blocks_count", 0x4, UInt32(0))
    try expect("blocks_count", 0x4, UInt32(1))
    try expect("inodes_count", 0x0, UInt32(0))
    try expect("inodes_count", 0x0, UInt32(513))
    let checksums = try EditedImage.checksummed.get().u32(EditedImage.superblock + 0x174)
    #expect(
      try error(0x174, checksums & ~0xff00 | 0x200, in: EditedImage.checksummed)
        == .badSuperblock(field: "checksum_type", value: 2))
  }

  @Test func checksTheFieldsOfFeatures() throws {
    var image = try EditedImage.plain.get()
    let superblock = EditedImage.superblock
    image.put(image.u32(superblock + 0x60) | 0x80, at: superblock + 0x60)
    for size: UInt16 in [0, 32, 96, 2048] {
      image.put(size, at: superblock + 0xfe)
      #expect(throws: Ext4Error.badSuperblock(field: "desc_size", value: UInt64(size))) {
        try image.open()
      }
    }
    image.put(UInt16(64), at: superblock + 0xfe)
    image.put(UInt32(0x8000), at: superblock + 0x150)
    #expect(
      throws: Ext4Error.badSuperblock(field: "blocks_count", value: 0x8000 << 32 | 1024)
    ) { try image.open() }
    image = try EditedImage.plain.get()
    image.put(image.u32(superblock + 0x64) | 0x200, at: superblock + 0x64)
    for log: UInt32 in [21, .max] {
      image.put(log, at: superblock + 0x1c)
      #expect(throws: Ext4Error.badSuperblock(field: "log_cluster_size", value: UInt64(log))) {
        try image.open()
      }
    }
  }

  @Test func mustFitItsVolume() throws {
    var image = try EditedImage.plain.get()
    image.bytes.removeLast(1024)
    #expect(
      throws: Ext4Error.largerThanVolume(byteCount: 1 << 20, volumeByteCount: 1 << 20 - 1024)
    ) { try image.open() }
  }

  @Test func checksItsChecksum() throws {
    let stored = try EditedImage.checksummed.get().u32(EditedImage.superblock + 0x3fc)
    guard
      case .badChecksum(.superblock, stored, _) =
        try error(0x78, UInt8(0x41), in: EditedImage.checksummed)
    else {
      Issue.record("no error")
      return
    }
  }

  @Test func passesTheDevicesErrorsOn() throws {
    let device = FaultyDevice(try EditedImage.plain.get().volume.devices[0])
    device.failingRead = 1
    #expect(throws: Ext4Error.device(.readFailed(sector: 2))) {
      try Ext4FileSystem.open(Volume(whole: device))
    }
  }
}
