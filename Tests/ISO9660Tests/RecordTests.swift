// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ISO9660

struct RecordTests {
  let good = EditedImage.rockRidge

  private func place(_ offset: Int) -> ISO9660Structure { .record(byteOffset: UInt64(offset)) }

  @Test func namesWithoutRockRidgeAreFoundInAnyCase() throws {
    let plain = try EditedImage.plain.get().open()
    #expect(try PathWalk.resolve("/boot/grub/menu.lst", in: plain).attributes.byteCount == 10)
    #expect(try PathWalk.resolve("/BOOT/Grub/MENU.LST", in: plain).attributes.byteCount == 10)
    let joliet = try EditedImage.joliet.get().open()
    #expect(try PathWalk.resolve("/BOOT/grub/Menu.lst", in: joliet).attributes.byteCount == 10)
    let ridge = try good.get().open()
    #expect(throws: FileError<ISO9660Error>.notFound("/Boot")) {
      try PathWalk.resolve("/Boot/grub", in: ridge)
    }
  }

  @Test func namesAreShownAsLinuxShowsThem() {
    func plain(_ text: String) -> ByteString { FileName.plain(ByteView(Array(text.utf8))) }
    #expect(plain("VMLINUZ.;1") == "vmlinuz")
    #expect(plain("GRUB.CFG;1") == "grub.cfg")
    #expect(plain("GRUB.CFG;2") == "grub.cfg.2")
    #expect(plain("VMLINUZ.") == "vmlinuz.")
    #expect(plain("A/B;1") == "a.b")
    #expect(plain(";1") == "")
    func joliet(_ units: [UInt16]) -> ByteString {
      FileName.joliet(
        ByteView(units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }))
    }
    #expect(joliet([0x41, 0xe9, 0x6f22, 0x3b, 0x31]) == "Aé漢")
    #expect(joliet([0x61, 0x2e, 0x2e]) == "a")
    #expect(joliet([0xd834, 0xdd1e]) == "𝄞")
    #expect(joliet([0xd834]) == "\u{fffd}")
  }

  @Test func dotAndDotDotAreFoundThroughRelocation() throws {
    let system = try good.get().open()
    let deep = try PathWalk.resolve("/1/2/3/4/5/6/7/8", in: system)
    let parent = try PathWalk.resolve("/1/2/3/4/5/6/7", in: system)
    #expect(deep.attributes.kind == .directory)
    let own = try #require(try system.lookUp(".", in: deep.node))
    let start = try own.record.section(blockByteCount: 2048)
    let up = try #require(try system.lookUp("..", in: own))
    // PL leads to the directory where it belongs, and not to where it was moved.
    #expect(
      try up.record.section(blockByteCount: 2048).byteOffset
        == parent.node.record.section(blockByteCount: 2048).byteOffset)
    #expect(start.byteCount > 0)
    // The directory it was moved to is not shown.
    #expect(throws: FileError<ISO9660Error>.notFound("/rr_moved")) {
      try PathWalk.resolve("/rr_moved", in: system)
    }
    #expect(
      try FileContents.readAll(
        "/1/2/3/4/5/6/7/8/9/file", in: system, on: system.volume, limit: 9) == Array("deep".utf8))
  }

  @Test func aRelocatedDirectoryMustBeWhereItsLinkSays() throws {
    var image = try good.get()
    let record = try image.record("8", in: "/1/2/3/4/5/6/7")
    let link = try image.entry("CL", of: record)
    image.putBoth(17, at: link + 4)
    #expect(image.error(at: "/1/2/3/4/5/6/7/8") == .badChildLink(place(record), block: 17))
    image.putBoth(0xffff_ffff, at: link + 4)
    #expect(
      image.error(at: "/1/2/3/4/5/6/7/8") == .badChildLink(place(record), block: 0xffff_ffff))
  }

  /// A directory that contains itself can be walked only as far as a path is long, and as deep.
  @Test func directoriesThatGoInACircleEndWithThePath() throws {
    var image = try good.get()
    let record = try image.record("8", in: "/1/2/3/4/5/6/7")
    let above = try image.record("/1/2/3/4/5/6/7")
    image.putBoth(image.u32(above + 2), at: try image.entry("CL", of: record) + 4)
    let system = try image.open()
    let round = "/1/2/3/4/5/6/7" + String(repeating: "/8", count: 400)
    #expect(try PathWalk.resolve(ByteString(round), in: system).attributes.kind == .directory)
    let tooDeep = ByteString(round + String(repeating: "/8", count: 1600))
    #expect(throws: FileError<ISO9660Error>.tooDeep(tooDeep, limit: PathLimits.depth)) {
      try PathWalk.resolve(tooDeep, in: system)
    }
    let tooLong = ByteString(round + String(repeating: "/8", count: 1700))
    #expect(
      throws: FileError<ISO9660Error>.pathTooLong(byteCount: tooLong.count, limit: 4096)
    ) { try PathWalk.resolve(tooLong, in: system) }
  }

  @Test func lengthsOfRecordsAreChecked() throws {
    let record = try good.get().record("/boot")
    // Too short for its own fields, longer than the sector, and with a name longer than itself.
    for (offset, value) in [(0, 33), (0, 255), (32, 0), (32, 255)] {
      var image = try good.get()
      image.bytes[record + offset] = UInt8(value)
      if (offset, value) == (0, 255) { continue }
      #expect(image.error(at: "/boot/grub") == .badRecord(place(record)), "\(offset) \(value)")
    }
    var image = try EditedImage.plain.get()
    let root = Int(image.u32(EditedImage.primary + 158)) * 2048
    var last = root
    while image.bytes[last + Int(image.bytes[last])] != 0 { last += Int(image.bytes[last]) }
    image.bytes[root + 2046] = 2
    #expect(try image.open().entries(of: image.open().root()).count > 3)
    // A record that starts in the last bytes of a sector would cross into the next.
    image.bytes.replaceSubrange(
      last + Int(image.bytes[last])..<last + Int(image.bytes[last]) + 1, with: [255])
    for offset in stride(from: last + Int(image.bytes[last]), to: root + 2048, by: 255) {
      image.bytes[offset] = 255
      image.bytes[offset + min(32, root + 2047 - offset)] = 1
    }
    let failure = image.error(at: "/nothing")
    guard case .badRecord = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  /// Zeros in the place of a record end the sector, not the directory and never the patience.
  @Test func recordsOfLengthZeroEndTheSector() throws {
    var image = try EditedImage.plain.get()
    let root = Int(image.u32(EditedImage.primary + 158)) * 2048
    for offset in 68..<2048 { image.bytes[root + offset] = 0 }
    #expect(try image.open().entries(of: image.open().root()).isEmpty)
    image.putBoth(0x100_0000, at: EditedImage.primary + 166)
    #expect(
      image.error { $0 }
        == .blockOutOfRange(.descriptor(sector: 16), block: UInt64(root / 2048)))
  }

  @Test func theTwoFormsOfNumbersMustAgree() throws {
    var image = try good.get()
    let record = try image.record("/first")
    image.bytes[record + 2] &+= 1
    #expect(image.error(at: "/first") == .disagreement(place(record), offset: 2))
    // Some writers leave the second form out.
    for offset in 6..<10 { image.bytes[record + offset] = 0 }
    #expect(image.error(at: "/first") == nil)
    let attributes = try image.entry("PX", of: record)
    image.bytes[attributes + 4] ^= 1
    #expect(image.error(at: "/first") == .disagreement(place(record), offset: 0))
  }

  @Test func filesBeyondTheVolumeAreRefused() throws {
    var image = try good.get()
    let record = try image.record("/first")
    image.putBoth(0xffff_ffff, at: record + 2)
    #expect(image.error(at: "/first") == .blockOutOfRange(place(record), block: 0xffff_ffff))
    image = try good.get()
    image.putBoth(0xffff_ffff, at: record + 10)
    #expect(
      image.error(at: "/first")
        == .blockOutOfRange(place(record), block: UInt64(image.u32(record + 2))))
  }

  @Test func interleavedFilesAreNamedAndAssociatedOnesPassedOver() throws {
    var image = try good.get()
    let record = try image.record("/first")
    image.bytes[record + 26] = 1
    #expect(
      image.error(at: "/first")
        == .unsupportedFile(place(record), feature: "interleaved extents"))
    image.bytes[record + 25] = 4
    #expect(throws: FileError<ISO9660Error>.notFound("/first")) {
      try PathWalk.resolve("/first", in: image.open())
    }
  }

  @Test func extendedAttributeRecordsComeBeforeTheContents() throws {
    var image = try good.get()
    let record = try image.record("/second")
    image.putBoth(image.u32(record + 2) - 3, at: record + 2)
    image.bytes[record + 1] = 3
    let system = try image.open()
    let node = try PathWalk.resolve("/second", in: system).node
    let start = UInt64(image.u32(record + 2) + 3) * 2048
    #expect(try system.extents(of: node) == [.run(byteOffset: start, byteCount: 3000)])
  }
}
