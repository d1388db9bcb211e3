// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import XFS

struct SuperblockTests {
  /// The error of opening an image with one field of the superblock changed.
  func error<Number: FixedWidthInteger>(
    _ offset: Int, _ value: Number, in image: Result<EditedImage, any Error> = EditedImage.checked
  ) throws -> XFSError? {
    var image = try image.get()
    image.put(value, at: offset)
    image.seal(.superblock, at: 0)
    do { _ = try EditedImage.System.open(image.volume) } catch { return error }
    return nil
  }

  func expect<Number: FixedWidthInteger>(
    _ field: ByteString, _ offset: Int, _ values: Number...
  ) throws {
    for value in values {
      let expected = XFSError.badSuperblock(
        field: field, value: UInt64(truncatingIfNeeded: value))
      #expect(try error(offset, value) == expected)
      #expect(try error(offset, value, in: EditedImage.plain) == expected)
    }
  }

  @Test func tellsWhatItIs() throws {
    for image in [EditedImage.checked, EditedImage.plain] {
      let system = try image.get().open()
      #expect(system.formatName == "xfs")
      #expect(system.label == "test-label")
      #expect(system.uuid.count == 36)
      #expect(system.log == .clean)
      #expect(!system.needsRecovery)
      #expect(system.remark == nil)
      #expect(system.facts.count == 3)
    }
    let facts = try EditedImage.checked.get().open().facts
    #expect(facts[0] == "4096 blocks of 4096 bytes in 1 groups")
    #expect(facts[2].hasPrefix("features v5 ftype "))
    #expect(try EditedImage.plain.get().open().facts[2] == "features v4 ftype")
  }

  @Test func probesWithoutAnError() throws {
    let small = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 511))
    #expect(try XFSFileSystem.probe(Volume(whole: small)) == nil)
    let blank = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 4096))
    #expect(try XFSFileSystem.probe(Volume(whole: blank)) == nil)
    #expect(throws: XFSError.notXFS) { try XFSFileSystem.open(Volume(whole: blank)) }
    #expect(try EditedImage.System.probe(try EditedImage.plain.get().volume) != nil)
  }

  @Test func labelsLoseTheirLastBlanks() throws {
    var image = try EditedImage.checked.get()
    image.bytes.replaceSubrange(108..<120, with: Array("a b  \0\0\0\0\0\0\0".utf8))
    image.seal(.superblock, at: 0)
    #expect(try image.open().label == "a b")
  }

  @Test func namesFeaturesThatItHasNot() throws {
    func incompatible(_ bits: UInt32) throws -> XFSError? { try error(216, bits) }
    #expect(try incompatible(0x1ff) == nil)
    #expect(try incompatible(0x20b) == .unsupportedFeature("zoned"))
    #expect(try incompatible(0x40b) == .unsupportedFeature("zone_gaps"))
    #expect(try incompatible(0x8080_000b) == .unsupportedFeature("incompat bits 0x80800000"))
    // What concerns only who writes.
    #expect(try error(212, UInt32.max) == nil)
    #expect(try error(208, UInt32.max) == nil)
    #expect(try error(220, UInt32.max) == nil)
    let plain = EditedImage.plain
    #expect(try error(100, UInt16(0xb4a3), in: plain) == .unsupportedFeature("version 3"))
    #expect(try error(100, UInt16(0xb4a6), in: plain) == .unsupportedFeature("version 6"))
    #expect(
      try error(100, UInt16(0x94a4), in: plain) == .unsupportedFeature("directories of version 1"))
    #expect(
      try error(200, UInt32(0x150a), in: plain)
        == .unsupportedFeature("features2 bits 0x1500"))
    // Version 4 has no such fields.
    #expect(try error(216, UInt32.max, in: plain) == nil)
  }

  @Test func saysThatItNeedsRepair() throws {
    var image = try EditedImage.checked.get()
    let bits = ByteView(image.bytes).u32BigEndian(at: 216) ?? 0
    image.put(bits | 0x10, at: 216)
    image.seal(.superblock, at: 0)
    let system = try image.open()
    #expect(system.remark == "xfs_repair must be run on it")
    #expect(try system.lookUp("boot", in: system.root()) != nil)
  }

  /// As after `xfs_admin -U`: the identifier is another one than that of the structures.
  @Test func structuresHaveTheMetaUUID() throws {
    var image = try EditedImage.checked.get()
    let bits = ByteView(image.bytes).u32BigEndian(at: 216) ?? 0
    let old = Array(image.bytes[32..<48])
    image.bytes[32] ^= 0xff
    image.seal(.superblock, at: 0)
    let root = try image.open().superblock.rootInode
    #expect(throws: XFSError.wrongUUID(.inode(root))) {
      let system = try image.open()
      return try system.attributes(of: system.root())
    }
    image.put(bits | 0x4, at: 216)
    image.bytes.replaceSubrange(248..<264, with: old)
    image.seal(.superblock, at: 0)
    let system = try image.open()
    #expect(try system.entries(of: system.root()).count > 8)
    #expect(system.uuid != system.superblock.metaUUID.text)
  }

  @Test func mustFitItsVolume() throws {
    var image = try EditedImage.checked.get()
    image.bytes.removeLast(1024)
    #expect(
      throws: XFSError.largerThanVolume(
        blockCount: 4096, blockByteCount: 4096, volumeByteCount: 1 << 24 - 1024)
    ) { try image.open() }
  }

  @Test func checksItsChecksum() throws {
    var image = try EditedImage.checked.get()
    image.bytes[108] ^= 1
    do {
      _ = try EditedImage.System.open(image.volume)
      Issue.record("no error")
    } catch {
      guard case .badChecksum(.superblock, _, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func passesTheDevicesErrorsOn() throws {
    let device = FaultyDevice(try EditedImage.plain.get().volume.devices[0])
    device.failingRead = 1
    #expect(throws: XFSError.device(.readFailed(sector: 0))) {
      try XFSFileSystem.open(Volume(whole: device))
    }
  }

  @Test func checksEveryFieldOfTheGeometry() throws {
    try expect("sectlog", 121, UInt8(8), 16, 0, 255)
    try expect("sectsize", 102, UInt16(0), 513, 1024, .max)
    try expect("blocklog", 120, UInt8(8), 17, 0, 255)
    try expect("blocksize", 4, UInt32(0), 4097, 8192, .max)
    try expect("inodelog", 122, UInt8(7), 12, 0, 255)
    try expect("inodesize", 104, UInt16(0), 256, 513, .max)
    try expect("inopblog", 123, UInt8(0), 2, 4, 255)
    try expect("inopblock", 106, UInt16(0), 7, 9, .max)
    try expect("dirblklog", 192, UInt8(5), 16, 255)
    try expect("agblklog", 124, UInt8(0), 11, 13, 31, 63, 64, 255)
    try expect("agblocks", 84, UInt32(0), 63, 0x1000_0001, .max)
    try expect("agcount", 88, UInt32(0))
    try expect("dblocks", 8, UInt64(0), 4097, .max)
    try expect("inprogress", 126, UInt8(1))
  }

  /// XSA-443: a reader that took the sizes from here and their logarithms from there wrote after
  /// its buffers. Here each pair must agree, whatever the other fields are.
  @Test func sizesAndLogarithmsThatDisagreeAreRefused() throws {
    for (log, size, width): (Int, Int, Int) in [(120, 4, 4), (121, 102, 2), (122, 104, 2)] {
      for value in UInt8.min...UInt8.max {
        var image = try EditedImage.plain.get()
        guard value != image.bytes[log] else { continue }
        image.put(value, at: log)
        #expect(throws: XFSError.self) { try image.open() }
        // A size that agrees with the lie is refused by the fields that follow from it.
        guard value < 32 else { continue }
        if width == 4 {
          image.put(UInt32(1) << UInt32(value), at: size)
        } else {
          image.put(UInt16(truncatingIfNeeded: 1 << Int(value)), at: size)
        }
        let isSector = log == 121 && value <= 12 && value >= 9
        if !isSector { #expect(throws: XFSError.self) { try image.open() } }
      }
    }
  }

  /// The same for what shifts inode and block numbers: nothing is read from a wrong place.
  @Test func numbersAreCheckedAgainstTheGroups() throws {
    var image = try EditedImage.checked.get()
    for (offset, value): (Int, UInt64) in [(56, 0), (56, 7), (56, 1 << 15), (56, .max)] {
      image.put(value, at: offset)
      image.seal(.superblock, at: 0)
      #expect(throws: XFSError.inodeOutOfRange(value)) {
        let system = try image.open()
        return try system.attributes(of: system.root())
      }
    }
  }
}
