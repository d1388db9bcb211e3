// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Foundation
import TestSupport
import Testing

@testable import Partitions

struct LVMTests {
  private let data = LVMImages.data

  @Test(
    arguments: [
      ("linear", 1), ("linear", 2), ("split", 2), ("split", 1), ("striped", 2), ("striped", 3),
      ("mirror", 2), ("raid0", 2), ("raid0_meta", 3), ("raid1", 2), ("raid10", 4),
      ("raid5_ls", 3), ("raid5_la", 3), ("raid5_ra", 3), ("raid5_rs", 4), ("raid5_n", 3),
      ("raid5", 3), ("raid6", 5), ("raid6_zr", 5), ("raid6_nr", 5), ("raid6_nc", 5),
      ("raid6_n_6", 5), ("raid6_ls_6", 5), ("raid6_rs_6", 5), ("raid6_la_6", 5),
      ("raid6_ra_6", 5),
    ])
  func logicalVolumesReadBack(type: String, count: Int) throws {
    var images = try LVMImages(count, "root:\(type):@0")
    #expect(try images.contents() == data)
    // Every byte of a stripe's boundary.
    let volume = try #require(try images.volumes().first).volume.get()
    for start in stride(from: 8191, to: 100_000, by: 8192) {
      let bytes = try volume.read(at: UInt64(start), count: 3)
      #expect(bytes == Array(data[start..<start + 3]))
    }
    guard
      ["mirror", "raid1", "raid10"].contains(type) || type.hasPrefix("raid5")
        || type.hasPrefix("raid6")
    else { return }
    let all = images.disks
    for missing in all.indices {
      images.disks.remove(at: missing)
      #expect(try images.contents() == data, "without \(missing)")
      images.disks = all
    }
  }

  @Test func namesAreGrubsAndLinuxs() throws {
    let images = try LVMImages(1, "root-a:linear:@0", "x:zero")
    let found = try images.volumes()
    #expect(
      found[0].names == [
        "lvm/my--vg-root--a",
        "lvmid/VG000x-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx/LV000x-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx",
        "mapper/my--vg-root--a", "my-vg/root-a",
      ])
    #expect(found[1].names.first == "lvm/my--vg-x")
    #expect(try found[1].volume.get().read(at: 1 << 17, count: 4) == [0, 0, 0, 0])
  }

  @Test func partsOfOtherVolumesAreNotListed() throws {
    let images = try LVMImages(2, "root:raid1:@0")
    #expect(try images.volumes().map { $0.names[0] } == ["lvm/my--vg-root"])
  }

  @Test func aTextGoesRoundTheEndOfItsArea() throws {
    #expect(try LVMImages(2, "wrap=1", "root:striped:@0").contents() == data)
  }

  @Test func theNewestTextWins() throws {
    for old in ["0", "1"] {
      #expect(try LVMImages(2, "old=\(old)", "root:split:@0").contents() == data)
    }
  }

  @Test func aPhysicalVolumeNeedsNoTextOfItsOwn() throws {
    for bare in ["0", "1"] {
      #expect(try LVMImages(2, "nometadata=\(bare)", "root:striped:@0").contents() == data)
    }
  }

  @Test func aMissingPhysicalVolumeIsNamed() throws {
    var images = try LVMImages(2, "root:split:@0", "swap:linear:@0")
    images.disks.removeLast()
    let found = try images.volumes()
    #expect(
      found[0].volume.failure
        == .missingPhysicalVolume("PV001x-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx"))
    // What is not on it can be read.
    #expect(try found[1].volume.get().read(at: 0, count: data.count) == data)
  }

  @Test func aPhysicalVolumeThatCameBackIsOld() throws {
    let images = try LVMImages(2, "missing=0", "root:raid1:@0")
    images.disks[0].bytes.replaceSubrange(
      (1 << 20)..<(1 << 20) + 4096, with: [UInt8](repeating: 1, count: 4096))
    #expect(try images.contents() == data)
    #expect(
      try LVMImages(2, "missing=0", "root:linear:@0").failure()
        == .missingPhysicalVolume("PV000x-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx"))
  }

  @Test(arguments: ["raid1", "raid5_ls"])
  func anImageThatIsOutOfDateIsLeftOut(type: String) throws {
    let images = try LVMImages(3, "stale=1", "root:\(type):@0")
    images.disks[1].bytes.replaceSubrange(
      (1 << 20)..<(1 << 20) + 32768, with: [UInt8](repeating: 1, count: 32768))
    #expect(try images.contents() == data)
    #expect(try images.volumes().first?.remarks == ["root_rimage_1 is left out: it is out of date"])
  }

  @Test func imagesThatAreMissingAreTold() throws {
    var images = try LVMImages(3, "root:raid5_ls:@0")
    images.disks = [images.disks[0]]
    #expect(try images.failure() == .missingImages("raid5_ls"))
    var legs = try LVMImages(2, "nometadata=1", "root:raid1:@0")
    legs.disks[0].bytes.replaceSubrange(512..<520, with: [UInt8](repeating: 0, count: 8))
    legs.disks.removeFirst()
    #expect(LogicalVolumeMap.groups(try legs.physicalVolumes()).isEmpty)
  }

  @Test(
    arguments: [
      "thin", "thin-pool", "cache", "cache-pool", "writecache", "vdo", "vdo-pool", "integrity",
      "raid4", "error", "anything",
    ])
  func typesThatAreNotSupportedAreNamed(type: String) throws {
    let images = try LVMImages(1, "root:linear:@0", "other:\(type)")
    #expect(try images.failure() == .unsupportedType(ByteString(type)))
    #expect(try images.contents() == data, "the others can be read")
  }

  @Test func whatASnapshotKeepsIsNotTakenForItsContents() throws {
    let images = try LVMImages(1, "root:linear:@0", "snapshot0:snapshot")
    let found = try images.volumes()
    #expect(found.map { $0.names[0] } == ["lvm/my--vg-root", "lvm/my--vg-store"])
    #expect(found[1].volume.failure == .unsupportedType("snapshot"))
    #expect(try images.contents() == data)
    images.edit("cow_store", "merging_store")
    #expect(try images.volumes()[0].volume.failure == .unsupportedType("snapshot-merge"))
  }

  @Test func lvm2ReadsTheMetadataAlike() throws {
    let images = try MemberImages(
      "lvm", count: 2, data: [data],
      ["2", "wrap=1", "root:split:@0", "mirrored:raid1:@0", "striped:striped:@0"])
    for path in images.paths {
      let environment = ["LVM_SUPPRESS_FD_WARNINGS": "1"]
      let headers = String(
        decoding: try HostTool.run(
          ["pvck", "--dump", "headers", path], environment: environment, keepingErrors: true
        ).output, as: UTF8.self)
      #expect(headers.contains("vgname my-vg seqno 7"))
      #expect(!headers.contains("CHECK"), "pvck: \(headers)")
      let text = try HostTool.run(
        ["pvck", "--dump", "metadata", path], environment: environment
      ).output
      let device = try #require(FileDevice(path: path))
      let volume = try #require(try PhysicalVolume.read(Volume(whole: device)))
      let lines = ByteString(text).split(on: ASCII.newline)
      let first = try #require(lines.firstIndex(of: "my-vg {"))
      let dumped = lines[first...].reduce(into: [UInt8]()) { $0 += $1.bytes + [ASCII.newline] }
      let last = try #require(
        String(decoding: dumped, as: UTF8.self).range(of: "\n---", options: .backwards)
          ?? String(decoding: dumped, as: UTF8.self).range(of: "---", options: .backwards))
      let cut = String(decoding: dumped, as: UTF8.self)[..<last.lowerBound]
      #expect(try VolumeGroup(text: Array(cut.utf8)) == volume.group)
    }
    let kind = try HostTool.output(["blkid", "-p", "-o", "value", "-s", "UUID", images.paths[1]])
    #expect(ByteString(kind).trimmed == "PV001x-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx")
  }
}

extension Result {
  /// The error; nil if there is none.
  var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
