// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Partitions
import TestSupport
import Testing

struct GPTTests {
  /// 200 sectors, two partitions.
  var disk: DiskBuilder {
    var disk = DiskBuilder(sectorCount: 200)
    disk.gpt([(40, 59), (60, 99)])
    return disk
  }

  func defect(of disk: DiskBuilder) -> GPTDefect? {
    do {
      _ = try PartitionTable.read(disk.device)
    } catch {
      if case .unusableGPT(let primary, _) = error { return primary }
    }
    return nil
  }

  @Test func readsWhatSgdiskMakes() throws {
    let device = try TestImage("part-gpt").device()
    let partitions = try PartitionTable.read(device)
    #expect(partitions.map { $0.number } == [1, 2, 5])
    #expect(partitions.map { $0.byteOffset / 512 } == [2048, 4096, 8192])
    #expect(partitions.map { $0.byteCount / 512 } == [2048, 4096, 8159])
    #expect(partitions.map { $0.isActive } == [false, true, false])
    #expect(partitions[1].label == "größe 漢字")
    #expect(partitions[1].identifier == "01234567-89ab-cdef-0123-456789abcdef")
    guard case .gpt(let type) = partitions[0].type else {
      Issue.record("not a GPT type")
      return
    }
    #expect(type.text == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
    #expect(partitions[2].volume(on: device)?.name == "xvda5")
  }

  @Test func readsEntriesOfOtherSizesAnd4096ByteSectors() throws {
    var disk = DiskBuilder(sectorCount: 100, sectorByteCount: 4096)
    disk.gpt([(20, 29)], entryCount: 12, entryByteCount: 256)
    let partitions = try PartitionTable.read(disk.device)
    #expect(partitions.map { $0.byteOffset } == [20 * 4096])
    #expect(partitions.map { $0.byteCount } == [10 * 4096])
  }

  /// As after `dd` of a disk with 4096-byte sectors to one with 512, or the other way.
  @Test(arguments: [(4096, 512), (512, 4096)])
  func takesATableForSectorsOfTheOtherSize(of table: Int, on sector: Int) throws {
    var disk = DiskBuilder(sectorCount: 100 * 4096 / table, sectorByteCount: table)
    disk.gpt([(60, 69)], entryCount: 4096 / 128)
    func read() throws(PartitionError) -> (ranges: [[UInt64]], problems: [PartitionError]) {
      let device = MemoryDevice(name: "xvda", bytes: disk.bytes, sectorByteCount: sector)
      var problems: [PartitionError] = []
      let partitions = try PartitionTable.read(Volume(whole: device)) { problems.append($0) }
      return (partitions.map { [$0.byteOffset, $0.byteCount] }, problems)
    }
    let found = try read()
    #expect(found.ranges == [[60 * UInt64(table), 10 * UInt64(table)]])
    #expect(found.problems == [.otherSectors(table: table, disk: sector)])
    let message: ByteString =
      "partition table: made for sectors of \(table) bytes, not \(sector); Linux won't see it"
    #expect(found.problems.map { $0.message } == [message])
    // Nothing is written to such a table, and a damaged one is damaged.
    #expect(
      GPTTries.take(
        of: 1,
        on: Volume(
          whole: MemoryDevice(name: "xvda", bytes: disk.bytes, sectorByteCount: sector)))
        == "the partition table is damaged: no signature")
    disk.bytes[table + 24] ^= 1
    #expect(throws: PartitionError.unusableGPT(primary: .badSignature, backup: .badSignature)) {
      try read()
    }
  }

  @Test func fallsBackToTheBackup() throws {
    var disk = disk
    disk.bytes[512] = 0
    #expect(try PartitionTable.read(disk.device).map { $0.number } == [1, 2])
    // Entries damaged, header good.
    disk = self.disk
    disk.bytes[1024 + 40] ^= 1
    #expect(try PartitionTable.read(disk.device).map { $0.byteCount / 512 } == [20, 40])
  }

  @Test func withoutAGoodCopyItIsAnError() {
    var disk = disk
    disk.bytes[512] = 0
    disk.bytes[199 * 512 + 24] ^= 1
    #expect(defect(of: disk) == .badSignature)
  }

  @Test func aHybridTableFallsBackToItsMBR() throws {
    var disk = disk
    disk.entry(1, type: 0x83, first: 60, count: 40)
    #expect(try PartitionTable.read(disk.device).map { $0.scheme } == [.gpt, .gpt])
    disk.bytes[512] = 0
    disk.bytes[199 * 512] = 0
    let partitions = try PartitionTable.read(disk.device)
    #expect(partitions.map { $0.number } == [2])
    #expect(partitions.map { $0.scheme } == [.msdos])
  }

  @Test func namesEachDefect() {
    /// Edits the header in sector 1, makes its checksum right, and ruins the backup.
    func edited(_ edit: (inout DiskBuilder) -> Void, sealing: Bool = true) -> GPTDefect? {
      var disk = disk
      disk.bytes[199 * 512] = 0
      edit(&disk)
      if sealing { disk.sealHeader(1) }
      return defect(of: disk)
    }
    #expect(edited({ _ in }) == nil)
    #expect(edited({ $0.put(UInt32(91), at: 512 + 12) }) == .badHeaderSize(91))
    #expect(edited({ $0.put(UInt32(513), at: 512 + 12) }) == .badHeaderSize(513))
    #expect(edited({ $0.put(UInt64(2), at: 512 + 24) }) == .wrongSector(2))
    #expect(edited({ $0.put(UInt32(64), at: 512 + 84) }) == .badEntrySize(64))
    #expect(edited({ $0.put(UInt32(384), at: 512 + 84) }) == .badEntrySize(384))
    #expect(edited({ $0.put(UInt32.max, at: 512 + 84) }) == .badEntrySize(.max))
    #expect(edited({ $0.put(UInt32(1025), at: 512 + 80) }) == .tooManyEntries(1025))
    #expect(edited({ $0.put(UInt64.max, at: 512 + 72) }) == .outsideDisk)
    #expect(edited({ $0.put(UInt64(199), at: 512 + 72) }) == .outsideDisk)
    let headerDefect = edited({ $0.bytes[512 + 40] ^= 1 }, sealing: false)
    if case .badHeaderChecksum = headerDefect {} else { Issue.record("\(headerDefect as Any)") }
    let entriesDefect = edited({ $0.bytes[1024 + 100] ^= 1 })
    if case .badEntriesChecksum = entriesDefect {} else { Issue.record("\(entriesDefect as Any)") }
  }

  @Test func anUnreadableCopyIsADefect() throws {
    let device = FaultyDevice(disk.device)
    device.badSectors = 1..<2
    #expect(try PartitionTable.read(device).count == 2)
    device.badSectors = 1..<200
    #expect(throws: PartitionError.unusableGPT(primary: .unreadable, backup: .unreadable)) {
      try PartitionTable.read(device)
    }
  }

  @Test func passesOverEntriesThatAreNoPartitions() throws {
    var disk = DiskBuilder(sectorCount: 200)
    disk.gpt([(60, 59), (200, 300), (0, .max), (.max, .max), (150, 1000)])
    let partitions = try PartitionTable.read(disk.device)
    #expect(partitions.map { $0.number } == [5])
    #expect(partitions.first?.isClipped == true)
    #expect(partitions.first?.byteCount == 50 * 512)
  }

  @Test func randomBytesNeverTrap() throws {
    var random = SystemRandomNumberGenerator()
    let seed = random.next()
    var state = seed
    for _ in 0..<2000 {
      var disk = DiskBuilder(sectorCount: 80)
      disk.gpt([(40, 49), (50, 59)], entryCount: 8)
      disk.entry(1, type: 0x05, first: 60, count: 20)
      disk.entry(0, type: 0x83, first: 1, count: 2, sector: 60)
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let area = [446..<512, 512..<604, 60 * 512 + 446..<61 * 512, 79 * 512..<79 * 512 + 92]
        let range = area[Int(state >> 60) % area.count]
        disk.bytes[range.lowerBound + Int(state >> 33) % range.count] = UInt8(state >> 24 & 0xff)
      }
      if state & 1 == 0 { disk.sealHeader(1) }
      do {
        for partition in try PartitionTable.read(disk.device) {
          #expect(partition.volume(on: disk.device) != nil, "seed \(seed)")
        }
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
  }
}
