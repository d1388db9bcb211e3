// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import Partitions

/// One test for each error of LVM2's metadata, and damage at random.
struct LVMFaultTests {
  private let images: LVMImages
  private var disk: MemoryDevice { images.disks[0] }
  private let area = LVMImages.area.byteOffset

  init() throws { images = try LVMImages(1, "root:linear:@0") }

  private func read() throws -> PhysicalVolume<MemoryDevice>? {
    try PhysicalVolume.read(Volume(whole: disk))
  }

  /// What the group's text can't be read for.
  private func failure() throws -> LVMError? { try read()?.failure }

  /// What putting a number into the area's header gives.
  private func failure(_ value: UInt64, at offset: Int) throws -> LVMError? {
    LVMImages.put(value, at: area + offset, in: disk)
    LVMImages.sealArea(disk)
    return try failure()
  }

  @Test func aDamagedLabelIsTold() throws {
    disk.bytes[560] ^= 1
    let stored = try #require(ByteView(disk.bytes).u32(at: 528))
    let computed = CRC32.ieee.update(0xf597_a6cf, Array(disk.bytes[532..<1024]))
    #expect(throws: LVMError.badLabelChecksum(stored: stored, computed: computed)) { try read() }
  }

  @Test func aHeaderThatBreaksOffIsTold() throws {
    for start in [500, 513, UInt32.max] as [UInt32] {
      LVMImages.put(start, at: 532, in: disk)
      LVMImages.sealLabel(disk)
      #expect(throws: LVMError.badHeader) { try read() }
    }
    // A list of areas without an end.
    LVMImages.put(UInt32(32), at: 532, in: disk)
    for offset in stride(from: 584, to: 1024, by: 8) {
      LVMImages.put(UInt64(1), at: offset, in: disk)
    }
    LVMImages.sealLabel(disk)
    #expect(throws: LVMError.badHeader) { try read() }
  }

  @Test func aLabelInAnotherSectorIsNone() throws {
    LVMImages.put(UInt64(2), at: 520, in: disk)
    LVMImages.sealLabel(disk)
    #expect(try read() == nil)
    #expect(try PhysicalVolume.read(Volume(whole: MemoryDevice(name: "x", bytes: []))) == nil)
  }

  @Test func aDamagedAreaIsTold() throws {
    let stored = try #require(ByteView(disk.bytes).u32(at: area))
    disk.bytes[area + 100] ^= 1
    let computed = CRC32.ieee.update(0xf597_a6cf, Array(disk.bytes[area + 4..<area + 512]))
    #expect(try failure() == .badAreaChecksum(stored: stored, computed: computed))
    disk.bytes[area + 4] ^= 1
    #expect(try failure() == .badArea(byteOffset: UInt64(area)))
  }

  @Test func anotherVersionOfTheAreaIsTold() throws {
    LVMImages.put(UInt32(2), at: area + 20, in: disk)
    LVMImages.sealArea(disk)
    #expect(try failure() == .unsupportedAreaVersion(2))
  }

  @Test func aTextOutsideItsAreaIsTold() throws {
    let count = UInt64(images.text().count)
    for offset in [511, 60 << 10, UInt64.max] as [UInt64] {
      let expected = LVMError.badTextPlace(byteOffset: offset, byteCount: count)
      #expect(try failure(offset, at: 40) == expected)
    }
    _ = try failure(512, at: 40)
    for size in [60 << 10, UInt64(LVMLimits.textByteCountMax) + 1, .max] as [UInt64] {
      #expect(try failure(size, at: 48) == .badTextPlace(byteOffset: 512, byteCount: size))
    }
  }

  @Test func anAreaThatIsNotOnTheDiskIsTold() throws {
    LVMImages.put(UInt64(1 << 40), at: 616, in: disk)
    LVMImages.sealLabel(disk)
    #expect(
      try failure()
        == .device(
          .outOfRange(
            byteOffset: 1 << 40, byteCount: 512, deviceByteCount: UInt64(disk.bytes.count))))
  }

  @Test func anAreaWithoutATextIsEmpty() throws {
    #expect(try failure(0, at: 40) == nil)
    #expect(LogicalVolumeMap.groups(try images.physicalVolumes()).isEmpty)
  }

  @Test func aDamagedTextIsTold() throws {
    let stored = try #require(ByteView(disk.bytes).u32(at: area + 56))
    disk.bytes[area + 600] ^= 1
    let computed = CRC32.ieee.update(0xf597_a6cf, images.text().bytes)
    #expect(try failure() == .badTextChecksum(stored: stored, computed: computed))
  }

  @Test(
    arguments: [
      ("seqno = 7", "seqno 7"), ("seqno = 7", "seqno = "), ("seqno = 7", "seqno = x"),
      ("\"READ\", \"WRITE\"]", "\"READ\" \"WRITE\"]"), ("id = \"VG", "id = VG\""),
      ("creation_host = \"lab\"", "creation_host = \"lab"), ("seqno = 7", "= 7"),
      ("seqno = 7", "seqno = 99999999999999999999"),
    ])
  func brokenGrammarIsTold(old: String, new: String) throws {
    images.edit(old, new)
    guard case .badSyntax? = try failure() else {
      Issue.record("\(String(describing: try failure()))")
      return
    }
  }

  @Test func anEndWithinASectionIsTold() throws {
    images.replaceText(Array(images.text().bytes.prefix(300)))
    #expect(try failure() == .badSyntax(byteOffset: 300))
  }

  @Test func textsBeyondTheLimitsAreTold() throws {
    images.replaceText(Array(String(repeating: "a {", count: 9).utf8))
    #expect(try failure() == .tooComplex)
    images.replaceText(Array(("a { b = " + String(repeating: "[", count: 9)).utf8))
    #expect(try failure() == .tooComplex)
    let many = String(repeating: "1,", count: LVMLimits.itemCountMax + 1)
    #expect(throws: LVMError.tooComplex) { try LVMTextParser.parse(Array("a=[\(many)]".utf8)) }
  }

  @Test(
    arguments: [
      ("id = \"VG", "ix = \"VG", LVMError.missingValue("id")),
      ("seqno = 7", "seqno = \"7\"", .missingValue("seqno")),
      ("seqno = 7", "seqno = -7", .badValue("seqno")),
      ("extent_size = 128", "extent_size = 0", .badValue("extent_size")),
      ("extent_size = 128", "extent_size = 9223372036854775807", .badValue("extent_size")),
      ("pe_start = 2048", "pe_start = 9223372036854775807", .badValue("pe_start")),
      ("physical_volumes", "other_volumes", .missingValue("physical_volumes")),
      ("segment_count = 1", "segment_count = 2", .badValue("segment_count")),
      ("stripes = [\n\"pv0\", 0", "stripes = [\n\"pv0\", -1", .badValue("stripes")),
      ("stripes = [\n\"pv0\", 0", "stripes = [\n\"pv0\"", .badValue("stripes")),
      ("format = \"lvm2\"", "format = \"lvm1\"", .unsupportedFormat("lvm1")),
    ])
  func valuesThatCanNotBeAreTold(old: String, new: String, error: LVMError) throws {
    images.edit(old, new)
    #expect(try failure() == error)
  }

  @Test func aTextWithoutAGroupIsTold() throws {
    images.replaceText(Array("version = 1\n".utf8))
    #expect(try failure() == .missingValue("volume group"))
  }

  @Test(
    arguments: [
      ("stripes = [\n\"pv0\", 0", "stripes = [\n\"pv9\", 0", LVMError.unknownName("pv9")),
      ("stripes = [\n\"pv0\", 0", "stripes = [\n\"pv0\", 5", .outOfRange("xvda")),
      (
        "stripes = [\n\"pv0\", 0", "stripes = [\n\"pv0\", 9223372036854775807",
        .outOfRange("pv0")
      ),
      ("start_extent = 0", "start_extent = 1", .segmentGap),
      ("extent_count = 4", "extent_count = 9223372036854775807", .outOfRange("root")),
      ("stripes = [\n\"pv0\", 0", "stripes = [\n\"root\", 0", .tooDeep),
      ("\"VISIBLE\"]", "\"VISIBLE\", \"RESHAPE\"]", .reshaping),
      (
        "type = \"striped\"", "type = \"raid5_ls\"\ndata_offset = 8",
        .unsupportedType("raid5_ls")
      ),
    ])
  func segmentsThatCanNotBeAreTold(old: String, new: String, error: LVMError) throws {
    images.edit(old, new)
    #expect(try images.failure() == error)
  }

  @Test func stripesThatDoNotFitAreTold() throws {
    let images = try LVMImages(2, "root:striped:@0")
    images.edit("stripe_size = 16", "stripe_size = 1")
    #expect(try images.failure() == .badValue("stripe_size"))
    images.edit("stripe_size = 1", "stripe_size = 16")
    images.edit("extent_count = 4", "extent_count = 3")
    #expect(try images.failure() == .badValue("extent_count"))
  }

  @Test func raidImagesSmallerThanTheVolumeAreTold() throws {
    let images = try LVMImages(3, "root:raid5_ls:@0")
    images.edit("extent_count = 4", "extent_count = 99")
    #expect(try images.failure() == .outOfRange("raid5_ls"))
  }

  @Test func damagedTextsNeitherTrapNorHang() throws {
    for words in [["root:split:@0"], ["root:raid5_ls:@0"], ["root:raid10:@0", "thin:thin"]] {
      let images = try LVMImages(4, words[0], words.last ?? "")
      let text = images.text().bytes
      var generator = SplitMix(seed: 7)
      for _ in 0..<DamageCount.of(100) {
        images.replaceText(generator.damaged(text, inserting: "{}[]=\"0123456789,pv\n"))
        survey(images)
      }
    }
  }

  @Test func damagedHeadersNeitherTrapNorHang() throws {
    var generator = SplitMix(seed: 11)
    let good = disk.bytes
    for _ in 0..<DamageCount.of(300) {
      _ = generator.damage(&disk.bytes, in: [528..<680, area + 16..<area + 80])
      LVMImages.sealLabel(disk)
      LVMImages.sealArea(disk)
      survey(images)
      disk.bytes = good
    }
  }

  @Test func everyNumberAtItsEndsNeitherTrapsNorHangs() throws {
    let images = try LVMImages(3, "root:raid5_ls:@0", "other:striped:@0")
    let text = images.text().text
    // After an equals sign, or after a name in a list.
    for range in text.ranges(of: /[=,] [0-9]+/) {
      let digits = text.index(range.lowerBound, offsetBy: 2)..<range.upperBound
      for value in ["0", "4294967295", "9223372036854775807"] {
        images.replaceText(Array(text.replacingCharacters(digits, value).utf8))
        survey(images)
      }
    }
  }

  /// Maps everything, and reads at the start and at the end of each volume.
  private func survey(_ images: LVMImages) {
    var physical: [PhysicalVolume<MemoryDevice>] = []
    for disk in images.disks {
      if let found = try? PhysicalVolume.read(Volume(whole: disk)) { physical.append(found) }
    }
    for group in LogicalVolumeMap.groups(physical) {
      for found in group.volumes() {
        guard let volume = try? found.volume.get() else { continue }
        let count = Int(min(4096, volume.byteCount))
        _ = try? volume.read(at: 0, count: count)
        _ = try? volume.read(at: volume.byteCount - UInt64(count), count: count)
      }
    }
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<String.Index>, _ text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
