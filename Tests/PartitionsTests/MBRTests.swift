// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Partitions
import TestSupport
import Testing

struct MBRTests {
  @Test func readsWhatSfdiskMakes() throws {
    let device = try TestImage("part-mbr").device()
    let partitions = try PartitionTable.read(device)
    #expect(partitions.map { $0.number } == [1, 2, 4, 5, 6, 7])
    #expect(partitions.map { $0.byteOffset / 512 } == [2048, 4096, 6144, 8192, 12288, 16384])
    #expect(partitions.map { $0.byteCount / 512 } == [2048, 2048, 22528, 512, 512, 4096])
    #expect(partitions.map { $0.isActive } == [false, true, false, false, false, false])
    #expect(partitions.map { $0.type } == [0x83, 0x82, 0x0f, 0x83, 0x8e, 0xfd].map { .msdos($0) })
    #expect(partitions.allSatisfy { $0.scheme == .msdos && !$0.isClipped })
    #expect(partitions.first?.identifier == "deadbeef-01")
    #expect(partitions.last?.identifier == "deadbeef-07")
    #expect(partitions.last?.volume(on: device)?.name == "xvda7")
  }

  @Test func countsIn4096ByteSectors() throws {
    var disk = DiskBuilder(sectorCount: 100, sectorByteCount: 4096)
    disk.entry(2, type: 0x83, first: 8, count: 10)
    let partitions = try PartitionTable.read(disk.device)
    #expect(partitions.map { $0.number } == [3])
    #expect(partitions.first?.byteOffset == 8 * 4096)
    #expect(partitions.first?.byteCount == 10 * 4096)
  }

  @Test func aBlankDiskHasNoTable() throws {
    #expect(try PartitionTable.read(DiskBuilder(sectorCount: 10).device) == [])
    #expect(try PartitionTable.read(DiskBuilder(sectorCount: 0).device) == [])
  }

  @Test func bootCodeInPlaceOfEntriesIsNoTable() throws {
    var disk = DiskBuilder(sectorCount: 100)
    disk.entry(0, type: 0x83, first: 8, count: 10)
    disk.entry(3, status: 0x41, type: 0x42, first: 1, count: 1)
    #expect(try PartitionTable.read(disk.device) == [])
  }

  @Test(arguments: [(54, "FAT16   "), (82, "FAT32   "), (3, "NTFS    "), (3, "EXFAT   ")])
  func whatAFATLeftInFrontOfTheEntriesSaysNothing(offset: Int, name: String) throws {
    var disk = DiskBuilder(sectorCount: 100)
    disk.entry(0, type: 0x83, first: 8, count: 10)
    disk.bytes.replaceSubrange(offset..<offset + 8, with: Array(name.utf8))
    #expect(try PartitionTable.read(disk.device).map { $0.byteOffset } == [4096])
    // With code in the place of an entry it is a boot sector.
    disk.bytes[446 + 48] = 0x33
    #expect(try PartitionTable.read(disk.device) == [])
  }

  @Test func aWholeDiskFileSystemIsAnEmptyList() throws {
    #expect(try PartitionTable.read(try TestImage("ext4-ext2-1k").device()) == [])
  }

  @Test func clipsAtTheDisksEnd() throws {
    var disk = DiskBuilder(sectorCount: 100)
    disk.entry(0, type: 0x83, first: 90, count: .max)
    disk.entry(1, type: 0x83, first: 100, count: 1)
    disk.entry(2, type: 0x83, first: .max, count: .max)
    let partitions = try PartitionTable.read(disk.device)
    #expect(partitions.map { $0.number } == [1])
    #expect(partitions.first?.byteCount == 10 * 512)
    #expect(partitions.first?.isClipped == true)
  }

  @Test func aPartitionMayStartAtSectorZero() throws {
    var disk = DiskBuilder(sectorCount: 100)
    disk.entry(0, status: 0x80, type: 0x17, first: 0, count: 100)
    #expect(try PartitionTable.read(disk.device).first?.byteCount == 51200)
  }

  @Test func aChainOfLogicalPartitionsThatLoopsEndsThere() throws {
    var disk = DiskBuilder(sectorCount: 100)
    disk.entry(1, type: 0x83, first: 1, count: 5)
    disk.entry(0, type: 0x05, first: 10, count: 90)
    disk.entry(0, type: 0x83, first: 1, count: 5, sector: 10)
    disk.entry(1, type: 0x05, first: 10, count: 10, sector: 10)
    disk.entry(0, type: 0x83, first: 1, count: 5, sector: 20)
    disk.entry(1, type: 0x05, first: 0, count: 10, sector: 20)
    var problem: PartitionError?
    let partitions = try PartitionTable.read(Volume(whole: disk.device)) { problem = $0 }
    #expect(partitions.map { $0.number } == [1, 2, 5, 6])
    #expect(problem == .logicalChainLoops(sector: 10))
  }

  @Test func aChainOfLogicalPartitionsHasALimit() throws {
    var disk = DiskBuilder(sectorCount: 1000)
    disk.entry(0, type: 0x0f, first: 10, count: 990)
    for sector in 10..<210 {
      disk.entry(1, type: 0x05, first: UInt32(sector - 9), count: 10, sector: sector)
    }
    var problem: PartitionError?
    #expect(
      try PartitionTable.read(Volume(whole: disk.device)) { problem = $0 }.map { $0.number } == [1])
    #expect(problem == .logicalChainTooLong(limit: 128))
  }

  @Test func aChainThatBreaksOffKeepsWhatItHad() throws {
    var disk = DiskBuilder(sectorCount: 100)
    disk.entry(1, type: 0x85, first: 10, count: 90)
    disk.entry(0, type: 0x83, first: 1, count: 5, sector: 10)
    disk.entry(1, type: 0x05, first: 80, count: 10, sector: 10)
    #expect(try PartitionTable.read(disk.device).map { $0.number } == [2, 5])
    disk.entry(1, type: 0x05, first: .max, count: 10, sector: 10)
    #expect(try PartitionTable.read(disk.device).map { $0.number } == [2, 5])
  }

  @Test func aDiskThatCanNotBeReadIsAnError() {
    let device = FaultyDevice(DiskBuilder(sectorCount: 10).device)
    device.failingRead = 1
    #expect(throws: PartitionError.device(.readFailed(sector: 0))) {
      try PartitionTable.read(device)
    }
  }
}
