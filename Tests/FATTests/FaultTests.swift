// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import FAT

struct FaultTests {
  let first: ByteString = "/a/first"

  @Test func whatIsNoFATIsPassedOver() throws {
    let blank = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 4096))
    #expect(try FATFileSystem.probe(Volume(whole: blank)) == nil)
    #expect(throws: FATError.notFAT) { try FATFileSystem.open(Volume(whole: blank)) }
    let short = MemoryDevice(name: "xvda", bytes: [1, 2, 3])
    #expect(try FATFileSystem.probe(Volume(whole: short)) == nil)
    // Boot code of a hard disk: the signature, and anything before it.
    blank.bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    (blank.bytes[510], blank.bytes[511]) = (0x55, 0xaa)
    #expect(try FATFileSystem.probe(Volume(whole: blank)) == nil)
  }

  /// Old makers left the name out: then the table has to confirm what the fields say.
  @Test func aBootSectorWithoutTheNameNeedsItsTable() throws {
    var image = try EditedImage.fat16.get()
    image.bytes.replaceSubrange(54..<62, with: [UInt8](repeating: 0, count: 8))
    #expect(try image.open().formatName == "fat16")
    image.bytes[try image.tableEntry(0)] = 0
    #expect(image.error { $0 } == .notFAT)
    image = try EditedImage.fat16.get()
    image.bytes.replaceSubrange(54..<62, with: [UInt8](repeating: 0, count: 8))
    image.bytes[13] = 3
    #expect(image.error { $0 } == .notFAT)
  }

  @Test func relativesAreNamed() throws {
    var image = try EditedImage.fat16.get()
    for (maker, name) in [("NTFS    ", "NTFS"), ("-FVE-FS-", "BitLocker")] {
      image.bytes.replaceSubrange(3..<11, with: Array(maker.utf8))
      #expect(image.error { $0 } == .unsupportedFormat(ByteString(name)))
    }
    image = try EditedImage.fat32.get()
    image.bytes[42] = 1
    #expect(image.error { $0 } == .unsupportedFormat("this version of FAT32"))
  }

  @Test(arguments: [
    (11, 2, 513, "sector size", 513), (11, 2, 256, "sector size", 256),
    (11, 2, 8192, "sector size", 8192), (13, 1, 0, "sectors of a cluster", 0),
    (13, 1, 3, "sectors of a cluster", 3), (14, 2, 0, "reserved sectors", 0),
    (16, 1, 0, "number of tables", 0), (16, 1, 5, "number of tables", 5),
    (17, 2, 0, "root entries", 0), (19, 2, 9, "number of sectors", 9),
    (21, 1, 1, "media", 1),
  ])
  func fieldsOfTheBootSectorAreChecked(
    offset: Int, byteCount: Int, value: UInt32, field: String, told: UInt64
  ) throws {
    var image = try EditedImage.fat16.get()
    image.put(value, byteCount: byteCount, at: offset)
    #expect(image.error { $0 } == .badBootSector(field: ByteString(field), value: told))
  }

  @Test func fieldsOfFAT32AreChecked() throws {
    let good = try EditedImage.fat32.get()
    for root in [0, 1, 0x1ffff] as [UInt32] {
      var image = good
      image.put(root, byteCount: 4, at: 44)
      #expect(
        image.error { $0 } == .badBootSector(field: "root cluster", value: UInt64(root)))
    }
    var image = good
    image.put(0, byteCount: 4, at: 36)
    #expect(image.error { $0 } == .badBootSector(field: "size of a table", value: 0))
    image = good
    image.put(0x85, byteCount: 2, at: 40)
    #expect(image.error { $0 } == .badBootSector(field: "active table", value: 5))
    image = good
    image.put(4, byteCount: 2, at: 17)
    #expect(image.error { $0 } == .badBootSector(field: "root entries", value: 4))
  }

  /// Without mirroring, one table alone is kept up to date.
  @Test func theActiveTableOfFAT32IsRead() throws {
    var image = try EditedImage.fat32.get()
    let cluster = try image.cluster(first)
    try image.link(cluster, to: 0)
    #expect(image.error(at: first) == .badCluster(0, from: cluster))
    image.put(0x81, byteCount: 2, at: 40)
    #expect(image.error(at: first) == nil)
  }

  @Test(arguments: ["fat16", "fat32"])
  func chainsThatLeaveTheFileSystemAreRefused(kind: String) throws {
    let good = try (kind == "fat16" ? EditedImage.fat16 : EditedImage.fat32).get()
    let mask: UInt32 = kind == "fat16" ? 0xffff : 0x0fff_ffff
    let cluster = try good.cluster(first)
    for next in [0, 1, 0x0fff_fff0, 0x0fff_fff7] as [UInt32] {
      var image = good
      try image.link(cluster, to: next)
      #expect(image.error(at: first) == .badCluster(next & mask, from: cluster))
    }
    var image = good
    try image.link(cluster, to: 0x0fff_ffff)
    #expect(image.error(at: first) == .chainTooShort(first: cluster, byteCount: 3000))
  }

  @Test func chainsOfFAT12AreChecked() throws {
    var image = try EditedImage.fat12.get()
    let cluster = try image.cluster(first)
    let offset = try image.tableEntry(cluster)
    (image.bytes[offset], image.bytes[offset + 1]) = (0xf0, 0xff)
    let expected: UInt32 = cluster % 2 == 0 ? 0xff0 : 0xfff
    #expect(
      image.error(at: first)
        == (expected == 0xff0
          ? .badCluster(expected, from: cluster)
          : .chainTooShort(first: cluster, byteCount: 3000)))
  }

  @Test(arguments: ["fat16", "fat32"])
  func chainsThatGoInACircleEnd(kind: String) throws {
    var image = try (kind == "fat16" ? EditedImage.fat16 : EditedImage.fat32).get()
    // A file of many clusters that goes round two of its own.
    let cluster = try image.cluster(first)
    try image.link(cluster + 1, to: cluster)
    let entry = try image.entry("FIRST      ")
    image.put(60_000, byteCount: 4, at: entry + 28)
    #expect(image.error(at: first) == .chainLoops(first: cluster))
    // A directory has no size: only the circle ends it.
    let directory = try image.cluster("/a")
    try image.link(directory, to: directory)
    #expect(image.error(at: "/a") == .chainLoops(first: directory))
  }

  @Test func sizesBeyondTheFileSystemAreRefused() throws {
    var image = try EditedImage.fat16.get()
    let cluster = try image.cluster(first)
    let entry = try image.entry("FIRST      ")
    image.put(0xffff_ffff, byteCount: 4, at: entry + 28)
    #expect(image.error(at: first) == .badSize(first: cluster, byteCount: 0xffff_ffff))
    image.put(3000, byteCount: 4, at: entry + 28)
    image.put(0, byteCount: 2, at: entry + 26)
    #expect(image.error(at: first) == .badCluster(0, from: 0))
  }

  @Test func aVolumeThatWasCutIsReadAsFarAsItGoes() throws {
    var image = try EditedImage.fat16.get()
    let entry = try image.entry("FIRST      ")
    let last = try image.open().bootSector.clusterCount + 1
    image.put(last, byteCount: 2, at: entry + 26)
    image.put(10, byteCount: 4, at: entry + 28)
    let sector = try image.open().bootSector
    let end = Int(sector.dataByteOffset + UInt64(last - 2) * sector.clusterByteCount)
    image.bytes.removeSubrange(end...)
    #expect(image.error(at: first) == .clusterBeyondVolume(last))
    #expect(image.error(at: "/boot/grub/menu.lst") == nil)
  }

  @Test func directoriesOverTheLimitAreRefused() throws {
    var image = try EditedImage.fat16.get()
    // 128 sectors a cluster: 33 clusters are over 2 MiB, and the table has them.
    let directory = try image.cluster("/a")
    image.bytes[13] = 128
    image.put(0, byteCount: 2, at: 19)
    image.put(0x10_0000, byteCount: 4, at: 32)
    let system = try image.open()
    image.bytes += [UInt8](
      repeating: 0, count: Int(system.bootSector.dataByteOffset) + 100 * 65536 - image.bytes.count)
    for cluster in directory..<directory + 40 { try image.link(cluster, to: cluster + 1) }
    let node = FATNode(ByteView([UInt8](repeating: 0, count: 32)), isFAT32: false)
    #expect(!node.isDirectory)
    let raw =
      Array("A          ".utf8) + [0x10] + [UInt8](repeating: 0, count: 14)
      + [
        UInt8(truncatingIfNeeded: directory), UInt8(truncatingIfNeeded: directory >> 8), 0, 0, 0, 0,
      ]
    let large = FATNode(ByteView(raw), isFAT32: false)
    #expect(throws: FATError.directoryTooLarge(first: directory)) {
      try image.open().entries(of: large)
    }
  }

  @Test func nodesAreOfTheKindThatIsAsked() throws {
    let system = try EditedImage.fat12.get().open()
    let file = try PathWalk.resolve(first, in: system).node
    let directory = try PathWalk.resolve("/a", in: system).node
    #expect(throws: FATError.notADirectory(first: file.firstCluster)) {
      try system.entries(of: file)
    }
    #expect(throws: FATError.notAFile(first: directory.firstCluster)) {
      try system.extents(of: directory)
    }
    #expect(throws: FATError.notALink(first: file.firstCluster)) {
      try system.linkTarget(of: file)
    }
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try EditedImage.fat32.get().bytes)
    func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<FATError>) {
      let volume = Volume(whole: device)
      let system: FATFileSystem<FaultyDevice<MemoryDevice>>
      do { system = try FATFileSystem.open(volume) } catch { throw .reader(error) }
      _ = try FileContents.readAll("/a/b/deep.txt", in: system, on: volume, limit: 1000)
    }
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount >= 10)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      #expect(throws: FileError<FATError>.self) { try readAll(device) }
      #expect(device.readCount == failing)
    }
  }
}
