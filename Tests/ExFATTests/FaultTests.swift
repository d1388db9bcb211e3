// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ExFAT

/// One test for each error.
struct FaultTests {
  private func small() throws -> EditedImage { try EditedImage.small.get() }

  @Test func whatIsNoExFATIsNone() throws {
    for offset in [3, 510, 11, 63] {
      var image = try small()
      image.bytes[offset] ^= 1
      #expect(image.openingError == .notExFAT)
      #expect(try ExFATFileSystem.probe(image.volume) == nil)
    }
    let short = Volume(whole: MemoryDevice(name: "xvda", bytes: [1, 2, 3]))
    #expect(try ExFATFileSystem.probe(short) == nil)
  }

  /// In both regions, for the second one is taken otherwise.
  @Test(arguments: [
    (80, 4, 23, "sector of the table", 23), (84, 4, 1, "size of a table", 1),
    (88, 4, 30, "sector of the clusters", 30), (92, 4, 0, "number of clusters", 0),
    (92, 4, 0xffff_fff6, "number of clusters", 0xffff_fff6), (96, 4, 1, "root cluster", 1),
    (96, 4, 1 << 31, "root cluster", 1 << 31), (108, 1, 8, "sector size's exponent", 8),
    (108, 1, 13, "sector size's exponent", 13), (109, 1, 17, "cluster size's exponent", 17),
    (109, 1, 255, "cluster size's exponent", 255), (110, 1, 0, "number of tables", 0),
    (110, 1, 3, "number of tables", 3),
  ])
  func fieldsOfTheBootSectorAreChecked(
    offset: Int, width: Int, value: UInt64, field: ByteString, told: UInt64
  ) throws {
    var image = try small()
    for region in 0...1 {
      if width == 1 {
        image.putBoot(UInt8(value), at: offset, region: region)
      } else {
        image.putBoot(UInt32(value), at: offset, region: region)
      }
    }
    #expect(image.openingError == .badBootSector(field: field, value: told))
    #expect(image.openingError?.family == .corrupt)
  }

  @Test func otherRevisionsAreNamed() throws {
    var image = try small()
    image.putBoot(0x0203 as UInt16, at: 104)
    image.putBoot(0x0203 as UInt16, at: 104, region: 1)
    #expect(image.openingError == .unknownRevision(0x0203))
    #expect(image.openingError?.message == "revision 2.3 is not supported")
    #expect(image.openingError?.family == .unsupported)
  }

  @Test func theSecondBootRegionStandsIn() throws {
    var image = try small()
    image.bytes[200] ^= 1
    let system = try image.open()
    #expect(system.remark == "the first boot region is damaged; the second one is used")
    #expect(try image.contents("/boot/grub/grub.cfg") == Array("timeout=3\n".utf8))
    // Nonsense with the right checksum is passed over too.
    image = try small()
    image.putBoot(200 as UInt8, at: 108)
    #expect(try image.contents("/boot/grub/grub.cfg") == Array("timeout=3\n".utf8))
    // Three bytes change while it is mounted.
    image = try small()
    for offset in [106, 107, 112] { image.bytes[offset] = 0x54 }
    #expect(try image.open().remark == nil)
    image.bytes[200] ^= 1
    image.bytes[12 * 512 + 300] ^= 1
    guard case .wrongChecksum(let stored, let computed)? = image.openingError else {
      Issue.record("\(String(describing: image.openingError))")
      return
    }
    #expect(stored == image.u32(11 * 512) && computed != stored)
  }

  @Test func aDamagedTableOfCapitalsLeavesThoseOfASCII() throws {
    var image = try small()
    image.bytes[try image.cluster(image.u32(try image.rootEntry(0x82) + 20)) + 300] ^= 1
    var system = try image.open()
    #expect(system.remark == "the table of capital letters is damaged")
    #expect(try system.lookUp("NUMBERS", in: system.root()) != nil)
    for (offset, value) in [(20, UInt64(0)), (24, 0), (24, 1 << 40), (0, 2)] {
      image = try small()
      let place = try image.rootEntry(0x82)
      if offset == 0 { image.bytes[place] = 2 } else { image.put(value, at: place + offset) }
      system = try image.open()
      #expect(system.remark != nil)
      #expect(try system.lookUp("Numbers", in: system.root()) != nil)
    }
  }

  @Test func chainsAreChecked() throws {
    let system = try small().open()
    let node = try PathWalk.resolve("/row", in: system).node
    #expect(node.isDirectory)
    // The file that the table has in pieces.
    func error(_ edit: (inout EditedImage, UInt32) throws -> Void) throws -> ExFATError? {
      var image = try small()
      let first = image.u32(try image.entries("numbers") + 52)
      try edit(&image, first)
      // Of all files, the ones by the table are those without the mark.
      try image.putEntry("numbers", 1 as UInt8, at: 33)
      return image.error(at: "/numbers")
    }
    func chain(_ image: inout EditedImage, _ first: UInt32) {
      for cluster in first..<first + 100 { image.put(cluster + 1, at: image.tableEntry(cluster)) }
    }
    #expect(try error { chain(&$0, $1) } == nil)
    var first: UInt32 = 0
    #expect(
      try error {
        first = $1
        chain(&$0, $1)
        $0.put(0 as UInt32, at: $0.tableEntry($1 + 3))
      } == .badCluster(0, from: first + 3))
    #expect(
      try error {
        chain(&$0, $1)
        $0.put($1, at: $0.tableEntry($1 + 5))
      } == .chainLoops(first: first))
    let size: UInt64 = 43893
    #expect(
      try error {
        chain(&$0, $1)
        $0.put(UInt32.max, at: $0.tableEntry($1 + 5))
      } == .chainTooShort(first: first, byteCount: size))
    #expect(
      try error {
        try $0.putEntry("numbers", 1 as UInt32, at: 52); _ = $1
      }
        == .badCluster(1, from: 1))
  }

  @Test func sizesAreChecked() throws {
    func error(_ edit: (inout EditedImage) throws -> Void) throws -> ExFATError? {
      var image = try small()
      // One after the other, whatever the table says.
      try image.putEntry("numbers", 3 as UInt8, at: 33)
      try edit(&image)
      return image.error(at: "/numbers")
    }
    let first = try small().u32(try small().entries("numbers") + 52)
    #expect(try error { _ in } == nil)
    #expect(
      try error { try $0.putEntry("numbers", 43894 as UInt64, at: 40) }
        == .badSize(first: first, byteCount: 43894))
    for size in [1 << 40, UInt64.max] {
      #expect(
        try error {
          try $0.putEntry("numbers", size, at: 56)
          try $0.putEntry("numbers", size, at: 40)
        } == .badSize(first: first, byteCount: size))
    }
    let all = UInt64(try small().u32(92)) * 512
    #expect(
      try error {
        try $0.putEntry("numbers", all, at: 56)
        try $0.putEntry("numbers", all, at: 40)
      } == .chainTooShort(first: first, byteCount: all))
    // The volume is shorter than the file system.
    var image = try small()
    image.bytes.removeSubrange((try image.cluster(first) + 700)...)
    #expect(image.openingError == .clusterBeyondVolume(image.u32(96)))
  }

  @Test func directoriesAreLimited() throws {
    var image = try small()
    try image.putEntry("row", UInt64(5 << 20), at: 56)
    let first = image.u32(try image.entries("row") + 52)
    #expect(image.error(at: "/row") == .directoryTooLarge(first: first))
  }

  @Test func damagedEntriesAreToldWhereANameIsMissing() throws {
    var image = try small()
    let root = image.u32(96)
    let place = try image.entries("numbers")
    let number = UInt64((place - (try image.cluster(root))) / 32)
    for offset in [5, 40, 66] {
      image = try small()
      image.bytes[place + offset] ^= 1
      #expect(image.error(at: "/numbers") == .badEntries(first: root, entry: number))
      // Others are found all the same, and the list is without it.
      #expect(try image.contents("/boot/grub/grub.cfg") == Array("timeout=3\n".utf8))
      let system = try image.open()
      #expect(
        try system.entries(of: system.root()).map { $0.name } == ["boot", "preallocated", "row"])
    }
    // The set begins, but does not go on: what comes next is not lost.
    for (offset, value) in [(1, UInt8(1)), (1, 19), (32, 0xc1), (32, 0x85), (35, 0), (35, 16)] {
      image = try small()
      image.bytes[place + offset] = value
      if offset == 35 { image.sealSet(at: place) }
      #expect(image.error(at: "/numbers") == .badEntries(first: root, entry: number))
      #expect(try image.contents("/PREALLOCATED").count > 5000)
    }
  }

  @Test func namesThatNoPathCanHaveAreLeftOut() throws {
    for unit: UInt16 in [0x2f, 0, 0x1f] {
      var image = try small()
      try image.putEntry("numbers", unit, at: 68)
      let system = try image.open()
      #expect(
        try system.entries(of: system.root()).map { $0.name } == ["boot", "preallocated", "row"])
    }
  }

  @Test func wrongRequestsAreTold() throws {
    let system = try small().open()
    let file = try PathWalk.resolve("/numbers", in: system).node
    let first = file.firstCluster
    let root = try system.root()
    #expect(throws: ExFATError.notADirectory(first: first)) { try system.entries(of: file) }
    #expect(throws: ExFATError.notADirectory(first: first)) { try system.lookUp("a", in: file) }
    #expect(throws: ExFATError.notAFile(first: root.firstCluster)) {
      try system.extents(of: root)
    }
    #expect(throws: ExFATError.notALink(first: first)) { try system.linkTarget(of: file) }
    #expect(ExFATError.notALink(first: 3).family == .wrongRequest)
  }

  @Test func aTimeMayBeAheadOfUTC() throws {
    var image = try small()
    let before = try PathWalk.resolve("/numbers", in: image.open()).attributes.modificationTime
    // An hour and a half ahead, then behind; then without the mark.
    for (zone, difference) in [(UInt8(0x86), -5400), (0xfa, 5400), (0x06, 0)] as [(UInt8, Int64)] {
      try image.putEntry("numbers", zone, at: 23)
      let now = try PathWalk.resolve("/numbers", in: image.open()).attributes.modificationTime
      #expect(now - before == difference)
    }
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try small().bytes)
    func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<ExFATError>) {
      let volume = Volume(whole: device)
      let system: ExFATFileSystem<FaultyDevice<MemoryDevice>>
      do { system = try ExFATFileSystem.open(volume) } catch { throw .reader(error) }
      for path: ByteString in ["/boot/grub/grub.cfg", "/numbers", "/row/more-numbers"] {
        _ = try FileContents.readAll(path, in: system, on: volume, limit: 100_000)
      }
    }
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount > 10)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      do throws(FileError<ExFATError>) {
        try readAll(device)
        Issue.record("read \(failing) failed, and nobody said so")
      } catch {
        switch error {
        case .device(.readFailed), .reader(.device(.readFailed)): break
        default: Issue.record("\(error)")
        }
      }
    }
  }
}
