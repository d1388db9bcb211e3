// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

struct SuperblockTests {
  static let place = BtrfsStructure.superblock(at: 65536)

  /// The error of a superblock with a field changed.
  func error(_ offset: Int, _ width: Int, _ value: UInt64) throws -> BtrfsError? {
    var builder = ImageBuilder()
    builder.editSuperblock = { block in
      for byte in 0..<width {
        block[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
      }
    }
    return Sample.error(builder.image(), at: "/")
  }

  @Test func whatIsNoBtrfsIsPassedOver() throws {
    var bytes = [UInt8](repeating: 0, count: 80_000)
    #expect(try System.probe(Sample.volume(bytes)) == nil)
    #expect(Sample.error(bytes) == .notBtrfs)
    #expect(try System.membership(of: Sample.volume(bytes)) == nil)
    bytes.removeLast(20_000)
    #expect(try System.probe(Sample.volume(bytes)) == nil)
  }

  @Test(arguments: [
    (0x30, 8, 65537, "bytenr", 65537), (0x90, 4, 0, "sectorsize", 0),
    (0x90, 4, 512, "sectorsize", 512), (0x90, 4, 5000, "sectorsize", 5000),
    (0x90, 4, 131_072, "sectorsize", 131_072), (0x94, 4, 2048, "nodesize", 2048),
    (0x94, 4, 131_072, "nodesize", 131_072), (0x94, 4, 4097, "nodesize", 4097),
    (0x90, 4, 8192, "nodesize", 4096), (0xc6, 1, 8, "root_level", 8),
    (0xc7, 1, 8, "chunk_root_level", 8), (0xa0, 4, 2049, "sys_chunk_array_size", 2049),
    (0xa0, 4, 0xffff_ffff, "sys_chunk_array_size", 0xffff_ffff),
  ])
  func fieldsAreChecked(offset: Int, width: Int, value: UInt64, field: String, told: UInt64) throws
  {
    #expect(
      try error(offset, width, value)
        == .badField(Self.place, field: ByteString(field), value: told))
  }

  @Test(arguments: [
    (0xbc, UInt64(0x1361), "zoned"), (0xbc, 0x2361, "extent_tree_v2"),
    (0xbc, 0x4361, "raid_stripe_tree"), (0xbc, 0x8361, "incompat:0x8000"),
    (0xbc, 0x30_0361, "incompat:0x300000"), (0x38, 1 << 33, "metadump (an image without data)"),
    (0x38, 1 << 35, "an unfinished change of the UUID"),
    (0x38, 1 << 39, "an unfinished conversion"), (0xc4, 4, "checksum type 4"),
  ])
  func featuresAreNamed(offset: Int, value: UInt64, name: String) throws {
    let error = try error(offset, offset == 0xc4 ? 2 : 8, value)
    #expect(error == .unsupportedFeature(ByteString(name)))
    #expect(error?.family == .unsupported)
  }

  @Test func knownFeaturesAreRead() throws {
    // All but metadata_uuid, which needs its field.
    #expect(try error(0xbc, 8, 0x1_0bff) == nil)
    let names = FeatureFlags(incompatible: 0x10_0fff).names
    #expect(names.count == 13)
    #expect(names.last == "incompat:0x100000")
  }

  @Test func theFileSystemMustFitOnItsVolume() throws {
    #expect(
      try error(0xd1, 8, 1 << 40)
        == .largerThanVolume(byteCount: 1 << 40, volumeByteCount: 1_245_184))
  }

  @Test func chunksInTheSuperblockAreChecked() throws {
    #expect(
      try error(0x32b + 8, 1, 1)
        == .badField(.chunkArray, field: "key at byte", value: 0))
    // The second key is cut off.
    #expect(
      try error(0xa0, 4, 100) == .badField(.chunkArray, field: "key at byte", value: 97))
    #expect(try error(0xa0, 4, 0) == .unmapped(logical: ImageBuilder.systemLogical))
  }

  @Test func theChecksumIsChecked() throws {
    var builder = ImageBuilder()
    var bytes = builder.image()
    bytes[ImageBuilder.superblock + 0x12b] ^= 1
    guard case .badChecksum(let place, let stored, let computed) = Sample.error(bytes) else {
      Issue.record("no error")
      return
    }
    #expect(place == Self.place)
    #expect(stored != computed)
  }

  /// The copy at 64 MiB takes over where the first is damaged, but not where it is gone.
  @Test func aCopyStandsInForABadSuperblock() throws {
    let image = try TestImage("btrfs", "0")
    let device = MemoryDevice(name: "xvda", bytes: try image.bytes())
    device.bytes[65536 + 0x80] ^= 0xff
    let system = try System.open(Volume(whole: device))
    #expect(system.usesSuperblockCopy)
    #expect(
      system.remark == "the first superblock is bad; the one at byte 67108864 is used")
    #expect(try Sample.contents("/one-byte", in: system) == [0x78])
    // A read error does the same.
    let faulty = FaultyDevice(device)
    faulty.badSectors = 128..<129
    #expect(try BtrfsFileSystem.open(Volume(whole: faulty)).usesSuperblockCopy)
    // The copy is bad as well: what is wrong with the first is told.
    device.bytes[67_108_864 + 0x80] ^= 0xff
    #expect(throws: BtrfsError.self) { try System.open(Volume(whole: device)) }
    do { _ = try System.open(Volume(whole: device)) } catch {
      guard case .badChecksum(Self.place, _, _) = error else {
        Issue.record("\(error.message.text)")
        return
      }
    }
    device.bytes[67_108_864 + 0x80] ^= 0xff
    device.bytes[65536 + 0x40] = 0
    #expect(try System.probe(Volume(whole: device)) == nil)
  }

  @Test func theLogIsToldOf() throws {
    var builder = ImageBuilder()
    builder.logRoot = 12345
    let system = try Sample.open(builder.image())
    #expect(system.hasLog)
    #expect(
      system.remark
        == "was not unmounted; its log of fsync is not replayed, and what is only there is missing")
  }

  @Test func factsNameSizesAndFeatures() throws {
    var builder = ImageBuilder()
    builder.checksum = .xxHash64
    let facts = try Sample.open(builder.image()).facts
    #expect(facts.count == 4)
    #expect(
      facts[1] == "nodes of 4096 bytes, sectors of 4096 bytes, checksums by xxhash64")
    #expect(
      facts[3]
        == "features mixed_backref big_metadata extended_iref skinny_metadata no_holes")
  }
}
