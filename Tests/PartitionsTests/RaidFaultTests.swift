// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import Partitions

/// One test for each error of a superblock, and damage at random.
struct RaidFaultTests {
  private let disk: MemoryDevice
  private let disks: [MemoryDevice]

  init() throws {
    disks = try RaidImages.disks("1.2", "5", 2, 3)
    disk = disks[0]
  }

  private func read() throws -> RaidSuperblock? { try RaidSuperblock.read(Volume(whole: disk)) }

  private func array() throws { _ = try RaidImages.array(disks) }

  private func putAll<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    for disk in disks { RaidEditing.put(value, at: offset, in: disk) }
  }

  @Test func aWrongChecksumIsTold() throws {
    let stored = ByteView(disk.bytes).u32(at: 4096 + 216) ?? 0
    RaidEditing.put(UInt8(9), at: 64, in: disk, sealing: false)
    let view = ByteView(Array(disk.bytes[4096..<8192]))
    let computed = RaidSuperblock.checksum(view, byteCount: 512, zeroedAt: 216)
    #expect(
      throws: RaidError.badChecksum(.behindStart, stored: stored, computed: computed)
    ) { try read() }
  }

  @Test func moreRolesThanRoomAreTold() {
    RaidEditing.put(UInt32(1921), at: 220, in: disk)
    #expect(throws: RaidError.tooManyRoles(.behindStart, 1921)) { try read() }
  }

  @Test func unknownFeaturesAreTold() {
    RaidEditing.put(UInt32(0x8000), at: 8, in: disk)
    #expect(throws: RaidError.unknownFeatures(.behindStart, 0x8000)) { try read() }
  }

  @Test func arraysOfNoOrTooManyMembersAreTold() {
    for count in [0, 385] as [UInt32] {
      RaidEditing.put(count, at: 92, in: disk)
      #expect(throws: RaidError.badMemberCount(.behindStart, count)) { try read() }
    }
  }

  @Test func dataOutsideTheMemberIsTold() {
    for offset in [128, 136, 80] {
      let before = disk.bytes
      RaidEditing.put(UInt64.max / 256, at: offset, in: disk)
      #expect(throws: RaidError.dataOutside(.behindStart)) { try read() }
      disk.bytes = before
    }
  }

  @Test func aBigEndianSuperblockIsTold() throws {
    let disk = try RaidImages.disks("0.90", "1", 0, 2, "endian=big")[0]
    #expect(throws: RaidError.bigEndian) { try RaidSuperblock.read(Volume(whole: disk)) }
  }

  @Test func otherLevelsAreTold() {
    putAll(Int32(-4), at: 72)
    #expect(throws: RaidError.unsupportedLevel(-4)) { try array() }
  }

  @Test func otherLayoutsAreTold() {
    for layout in [6, 8, .max] as [UInt32] {
      putAll(layout, at: 76)
      #expect(throws: RaidError.unsupportedLayout(level: 5, layout: layout)) { try array() }
    }
    putAll(Int32(10), at: 72)
    putAll(UInt32(0x20102), at: 76)
    #expect(throws: RaidError.unsupportedLayout(level: 10, layout: 0x20102)) { try array() }
  }

  @Test func aReshapeIsTold() throws {
    putAll(UInt32(4), at: 8)
    #expect(throws: RaidError.reshaping) { try array() }
  }

  @Test func chunksThatDoNotFitAreTold() {
    putAll(UInt32(1), at: 88)
    #expect(throws: RaidError.badGeometry(level: 5, chunkByteCount: 512)) { try array() }
    putAll(UInt32.max, at: 88)
    #expect(throws: RaidError.badGeometry(level: 5, chunkByteCount: UInt64(UInt32.max) * 512)) {
      try array()
    }
  }

  @Test func membersThatSayOtherThingsAreTold() {
    RaidEditing.put(UInt32(16), at: 88, in: disk)
    #expect(throws: RaidError.membersDiffer) { try array() }
  }

  @Test func arraysOnArraysHaveAnEnd() throws {
    var members = try disks.map { disk in
      RaidMember(Volume(whole: disk), try #require(try RaidSuperblock.read(Volume(whole: disk))))
    }
    let block = members[0].superblock
    for _ in 0..<VolumeLimits.depthMax {
      let volume = try RaidArray(members, name: "md/0").volume
      // The array is the data of the next one's first member.
      let parts = try #require(volume.segments(at: 0, count: volume.byteCount))
      let head = VolumeSegment<MemoryDevice>(.zeros, at: 0, byteCount: block.dataByteOffset)
      members[0] = RaidMember(try #require(Volume(name: "md/0", segments: [head] + parts)), block)
    }
    #expect(throws: RaidError.tooDeep) { try RaidArray(members, name: "md/0") }
  }

  @Test func membersThatAreNotUsedSayWhy() throws {
    let cases: [(offset: Int, value: UInt32, reason: ByteString)] = [
      (256, 0xffff, "a spare"), (256, 0xfffd, "the array's journal"), (256, 7, "member 7 of 3"),
      (8, 16, "a replacement"), (8, 2, "not yet rebuilt"),
    ]
    let before = disk.bytes
    for (offset, value, reason) in cases {
      if offset == 256 {
        RaidEditing.put(UInt16(value), at: offset, in: disk)
      } else {
        RaidEditing.put(value, at: offset, in: disk)
      }
      #expect(try read()?.role == .unused(reason))
      disk.bytes = before
    }
  }

  @Test func everyFieldAtItsEndsNeitherTrapsNorHangs() throws {
    let before = disk.bytes
    for offset in stride(from: 0, to: 256, by: 4) {
      for value in [0, 1, .max, .max - 1, 0x8000_0000] as [UInt32] {
        RaidEditing.put(value, at: offset, in: disk)
        for count in [1, 3] { survey(Array(disks[..<count])) }
        disk.bytes = before
      }
    }
  }

  @Test func damageNeitherTrapsNorHangs() throws {
    var generator = SplitMix(seed: 41)
    for (metadata, level, layout) in [("1.2", "6", 2), ("0.90", "10", 0x102)] {
      let disks = try RaidImages.disks(metadata, level, UInt32(layout), 4)
      let place = metadata == "1.2" ? 4096 : disks[0].bytes.count - (64 << 10)
      let range = place..<place + 300
      let good = disks.map { $0.bytes }
      for _ in 0..<DamageCount.of(200) {
        for disk in disks where generator.below(2) == 0 {
          _ = generator.damage(&disk.bytes, in: [range])
          if metadata == "1.2" { RaidEditing.seal(disk, at: place) } else { sealOld(disk, place) }
        }
        survey(disks)
        for (disk, bytes) in zip(disks, good) { disk.bytes = bytes }
      }
    }
  }

  private func sealOld(_ disk: MemoryDevice, _ place: Int) {
    let view = ByteView(Array(disk.bytes[place..<place + 4096]))
    let sum = RaidSuperblock.checksum(view, byteCount: 4096, zeroedAt: 152)
    for index in 0..<4 {
      disk.bytes[place + 152 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index))
    }
  }

  /// Puts an array together, and reads at its start, in its middle and at its end.
  private func survey(_ disks: [MemoryDevice]) {
    var members: [RaidMember<MemoryDevice>] = []
    for volume in disks.map({ Volume(whole: $0) }) {
      if let block = try? RaidSuperblock.read(volume) { members.append(RaidMember(volume, block)) }
    }
    guard !members.isEmpty, let volume = try? RaidArray(members, name: "md/0").volume else {
      return
    }
    for place in [0, volume.byteCount / 2, volume.byteCount &- min(volume.byteCount, 9000)] {
      _ = try? volume.read(at: place, count: Int(min(9000, volume.byteCount - place)))
    }
  }
}
