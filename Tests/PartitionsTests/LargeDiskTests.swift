// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import Partitions

/// Disks over 2 TiB, and such of sectors of 4096 bytes.
struct LargeDiskTests {
  private static let tebibyte: UInt64 = 1 << 40

  /// A disk with both copies of a GPT whose second partition begins after 2^32 sectors.
  private func disk(_ sector: Int, backupOnly: Bool = false) -> SparseDevice {
    let size = 20 * Self.tebibyte
    let disk = SparseDevice(byteCount: size, sectorByteCount: sector)
    // The tables of a small disk, moved to the places of a large one.
    var small = DiskBuilder(sectorCount: 100, sectorByteCount: sector)
    let start: UInt64 = (1 << 32) + 5
    small.gpt([(34, 50), (start, start + 9)])
    let last = size / UInt64(sector) - 1
    small.put(last, at: 99 * sector + 24)
    let entries = 128 * 128 / sector
    small.put(last - UInt64(entries), at: 99 * sector + 72)
    small.sealHeader(99)
    if backupOnly { small.put(UInt8(0), at: sector) }
    disk.put(Array(small.bytes[..<(34 * sector)]), at: 0)
    let tail = (99 - entries) * sector
    disk.put(Array(small.bytes[tail...]), at: size - UInt64(small.bytes.count - tail))
    return disk
  }

  @Test(arguments: [512, 4096], [false, true])
  func aPartitionBehind32BitsOfSectorsIsWhereItIs(sector: Int, backupOnly: Bool) throws {
    let disk = disk(sector, backupOnly: backupOnly)
    let partitions = try PartitionTable.read(disk)
    #expect(partitions.map { $0.byteOffset / UInt64(sector) } == [34, (1 << 32) + 5])
    #expect(partitions.map { $0.byteCount / UInt64(sector) } == [17, 10])
    disk.put(Array("here".utf8), at: ((1 << 32) + 5) * UInt64(sector))
    let volume = try #require(partitions[1].volume(on: disk))
    #expect(try volume.read(at: 0, count: 4) == Array("here".utf8))
    #expect(volume.sectorByteCount == sector)
  }

  @Test func anMBRReaches16TebibytesIn4096ByteSectors() throws {
    var small = DiskBuilder(sectorCount: 1, sectorByteCount: 4096)
    small.entry(0, type: 0x83, first: .max - 10, count: 10)
    let disk = SparseDevice(byteCount: 20 * Self.tebibyte, sectorByteCount: 4096)
    disk.put(small.bytes, at: 0)
    let partition = try #require(try PartitionTable.read(disk).first)
    #expect(partition.byteOffset == (UInt64(UInt32.max) - 10) * 4096)
    #expect(partition.byteCount == 10 * 4096)
  }

  @Test func aTableIn512ByteSectorsKeepsItsUnitsOnADiskWith4096() throws {
    var small = DiskBuilder(sectorCount: 104)
    small.gpt([(34, 50)])
    small.bytes.replaceSubrange(34 * 512..<34 * 512 + 4, with: Array("here".utf8))
    let disk = MemoryDevice(name: "xvda", bytes: small.bytes, sectorByteCount: 4096)
    let partition = try #require(try PartitionTable.read(disk).first)
    #expect(partition.byteOffset == 34 * 512)
    #expect(partition.byteCount == 17 * 512)
    let volume = try #require(partition.volume(on: disk))
    #expect(try volume.read(at: 0, count: 4) == Array("here".utf8))
  }

  @Test(arguments: ["0.90", "1.0"])
  func aSuperblockAtTheEndOfALargeMemberIsFound(metadata: String) throws {
    let small = try RaidImages.disks(metadata, "1", 0, 2)[0]
    let size = 6 * Self.tebibyte + 12288
    let disk = SparseDevice(byteCount: size)
    let format = metadata == "1.0" ? RaidFormat.atEnd : .old
    let from = try #require(format.byteOffset(onVolumeOf: small.byteCount))
    let place = try #require(format.byteOffset(onVolumeOf: size))
    let copy = MemoryDevice(
      name: "x", bytes: Array(small.bytes[Int(from)..<Int(from) + 4096]))
    if metadata == "1.0" {
      withUnsafeBytes(of: (place / 512).littleEndian) {
        copy.bytes.replaceSubrange(144..<152, with: $0)
      }
      RaidEditing.seal(copy, at: 0)
    }
    disk.put(copy.bytes, at: place)
    disk.put(Array("data".utf8), at: 0)
    let volume = Volume(whole: disk)
    let block = try #require(try RaidSuperblock.read(volume))
    #expect(block.format == format)
    let array = try RaidArray([RaidMember(volume, block)], name: "md/0")
    #expect(try array.volume.read(at: 0, count: 4) == Array("data".utf8))
  }
}
