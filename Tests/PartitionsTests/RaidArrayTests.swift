// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import Partitions

/// A kind of array, and how many members it can do without.
struct RaidKind: CustomTestStringConvertible, Sendable {
  var metadata = "1.2"
  let level: String
  var layout: UInt32 = 0
  let count: Int
  var spareCount = 0

  var testDescription: String { "\(metadata) RAID \(level) \(layout) of \(count)" }

  static let all: [RaidKind] =
    [
      RaidKind(metadata: "0.90", level: "linear", count: 3), RaidKind(level: "linear", count: 2),
      RaidKind(metadata: "0.90", level: "0", count: 2), RaidKind(level: "0", count: 3),
      RaidKind(metadata: "0.90", level: "1", count: 2, spareCount: 1),
      RaidKind(metadata: "1.0", level: "1", count: 2, spareCount: 1),
      RaidKind(metadata: "1.1", level: "1", count: 3, spareCount: 2),
      RaidKind(level: "1", count: 2, spareCount: 1),
      RaidKind(level: "4", count: 4, spareCount: 1),
      RaidKind(level: "10", layout: 0x102, count: 4, spareCount: 1),
      RaidKind(level: "10", layout: 0x102, count: 3, spareCount: 1),
      RaidKind(level: "10", layout: 0x103, count: 5, spareCount: 2),
      RaidKind(level: "10", layout: 0x201, count: 4, spareCount: 1),
      RaidKind(level: "10", layout: 0x201, count: 5, spareCount: 1),
      RaidKind(level: "10", layout: 0x10201, count: 3, spareCount: 1),
      RaidKind(level: "10", layout: 0x10301, count: 5, spareCount: 2),
      RaidKind(level: "10", layout: 0x202, count: 4, spareCount: 3),
    ] + [0, 1, 2, 3, 4, 5].map { RaidKind(level: "5", layout: $0, count: 4, spareCount: 1) }
    + [0, 1, 2, 3, 4, 5, 8, 9, 10, 16, 17, 18, 19, 20].map {
      RaidKind(level: "6", layout: $0, count: 5, spareCount: 2)
    }
}

struct RaidArrayTests {
  private let data = RaidImages.data

  @Test(arguments: RaidKind.all)
  func readsBackWithAndWithoutMembers(_ kind: RaidKind) throws {
    let disks = try RaidImages.disks(kind.metadata, kind.level, kind.layout, kind.count)
    #expect(try RaidImages.contents(of: disks) == data)
    #expect(try RaidImages.contents(of: disks.reversed()) == data, "in any order")
    for first in disks.indices where kind.spareCount > 0 {
      for second in first..<(kind.spareCount > 1 ? disks.count : first + 1) {
        let rest = disks.indices.filter { $0 != first && $0 != second }.map { disks[$0] }
        // Two members of a stripe of three copies may be all of them where copies overlap.
        guard !rest.isEmpty else { continue }
        #expect(try RaidImages.contents(of: rest) == data, "without \(first) and \(second)")
        #expect(
          try RaidImages.array(rest).remarks == [
            "md/boot: \(rest.count) of \(kind.count) members are there"
          ])
      }
    }
  }

  @Test func everyRangeOfAnArrayIsTheSame() throws {
    let disks = try RaidImages.disks("1.2", "5", 2, 3)
    for members in [disks, Array(disks.dropFirst())] {
      let volume = try RaidImages.array(members).volume
      var generator = SplitMix(seed: 3)
      for _ in 0..<200 {
        let start = generator.below(data.count)
        let count = generator.below(min(30_000, data.count - start))
        let bytes = try volume.read(at: UInt64(start), count: count)
        #expect(bytes == Array(data[start..<start + count]))
      }
    }
  }

  @Test(arguments: [1, 2] as [UInt32])
  func membersOfDifferentSizesAreUsedToTheirEnds(layout: UInt32) throws {
    var generator = SplitMix(seed: 5)
    let data = (0..<(6 << 20)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let disks = try RaidImages.disks(
      "1.2", "0", layout, 3, "sizes=1,3,2", "chunk=12288", holding: data)
    // Chunks of 12 KiB do not divide a MiB.
    let volume = try RaidImages.array(disks).volume
    let whole = [1 << 20, 3 << 20, 2 << 20].map { $0 / 12288 * 12288 }.reduce(0, +)
    #expect(volume.byteCount == UInt64(whole))
    #expect(try volume.read(at: 0, count: whole) == Array(data[..<whole]))
  }

  @Test func withoutARecordedLayoutSuchMembersAreRefused() throws {
    let disks = try RaidImages.disks("1.2", "0", 0, 3, "sizes=1,3,2")
    #expect(throws: RaidError.unknownZoneLayout) { try RaidImages.array(disks) }
  }

  @Test(arguments: [("0", 3, 1), ("linear", 2, 1), ("1", 2, 2), ("5", 4, 2), ("6", 5, 3)])
  func tooFewMembersAreToldByTheirNumber(level: String, count: Int, missing: Int) throws {
    let disks = try RaidImages.disks("1.2", level, 2, count)
    let blank = MemoryDevice(name: "xvdz", bytes: disks[0].bytes)
    blank.bytes[4096 + 160] = 100  // A spare, so that there is at least one.
    seal(blank)
    let number = level == "linear" ? -1 : try #require(Int32(level))
    let expected = RaidError.missingMembers(level: number, present: count - missing, of: count)
    #expect(throws: expected) {
      try RaidImages.array([blank] + disks.dropFirst(missing))
    }
  }

  @Test func copiesThatAreAllMissingAreTold() throws {
    let disks = try RaidImages.disks("1.2", "10", 0x102, 4)
    #expect(throws: RaidError.missingMembers(level: 10, present: 2, of: 4)) {
      try RaidImages.array(Array(disks[2...]))
    }
    // One of each pair is enough.
    #expect(try RaidImages.contents(of: [disks[0], disks[3]]) == data)
  }

  @Test func staleAndFaultyMembersAreLeftOut() throws {
    let disks = try RaidImages.disks("1.2", "5", 2, 3, "stale=1")
    // What a stale member holds is old.
    disks[1].bytes.replaceSubrange(
      (64 << 10)..<(80 << 10), with: [UInt8](repeating: 7, count: 16384))
    #expect(try RaidImages.contents(of: disks) == data)
    #expect(
      try RaidImages.array(disks).remarks == [
        "md/boot: xvdb is left out: it knows 15 of 20 changes",
        "md/boot: 2 of 3 members are there",
      ])
    let faulty = try RaidImages.array(try RaidImages.disks("0.90", "1", 0, 2, "faulty=0"))
    #expect(
      faulty.remarks == [
        "md/boot: xvda is marked as faulty", "md/boot: 1 of 2 members are there",
      ])
  }

  @Test func aMemberThatIsThereTwiceCountsOnce() throws {
    let disks = try RaidImages.disks("1.2", "1", 0, 2)
    let copy = MemoryDevice(name: "xvdc", bytes: disks[0].bytes)
    #expect(
      try RaidImages.array(disks + [copy]).remarks == [
        "md/boot: xvdc is left out: xvda is the same member"
      ])
  }

  @Test func aJournalIsToldOf() throws {
    let disks = try RaidImages.disks("1.2", "5", 2, 3, "features=512")
    #expect(try RaidImages.array(disks).remarks == ["md/boot: its journal is not replayed"])
  }

  @Test func partsAreAsTheSuperblocksSay() throws {
    let new = try #require(
      try RaidSuperblock.read(Volume(whole: try RaidImages.disks("1.2", "10", 0x102, 4)[2])))
    #expect(new.identifier == "00112233445566778899aabbccddeeff")
    #expect(new.name == "boot")
    #expect(new.role == .active(2))
    #expect(new.description == "RAID 10, metadata 1.2")
    let old = try #require(
      try RaidSuperblock.read(
        Volume(whole: try RaidImages.disks("0.90", "1", 0, 2, "number=3")[1])))
    #expect(old.identifier == "00112233445566778899aabbccddeeff")
    #expect(old.number == 3)
    #expect(old.role == .active(1))
    #expect(old.description == "RAID 1, metadata 0.90")
  }

  @Test(arguments: ["0.90", "1.0", "1.1", "1.2"])
  func mdadmFindsTheSuperblocksRight(metadata: String) throws {
    let images = try MemberImages(
      "md", count: 2, data: [data], [metadata, "1", "0", "2", "@0"])
    for path in images.paths {
      let words = String(
        decoding: try HostTool.output(["mdadm", "--examine", path]), as: UTF8.self)
      #expect(words.contains("- correct"))
      #expect(words.contains("raid1"))
    }
  }

  /// Makes the checksum of a superblock of version 1.2 right.
  private func seal(_ disk: MemoryDevice) { RaidEditing.seal(disk, at: 4096) }
}

/// Changes of superblocks.
enum RaidEditing {
  /// Puts a little-endian number into a superblock at 4096 and makes its checksum right.
  static func put<Number: FixedWidthInteger>(
    _ value: Number, at offset: Int, in disk: MemoryDevice, sealing: Bool = true
  ) {
    withUnsafeBytes(of: value.littleEndian) {
      disk.bytes.replaceSubrange(4096 + offset..<4096 + offset + $0.count, with: $0)
    }
    if sealing { seal(disk, at: 4096) }
  }

  /// Makes the checksum of a superblock of version 1 right.
  static func seal(_ disk: MemoryDevice, at place: Int) {
    let view = ByteView(Array(disk.bytes[place..<place + 4096]))
    let count = min(1920, Int(view.u32(at: 220) ?? 0))
    let sum = RaidSuperblock.checksum(view, byteCount: 256 + 2 * count, zeroedAt: 216)
    for index in 0..<4 {
      disk.bytes[place + 216 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index))
    }
  }
}
