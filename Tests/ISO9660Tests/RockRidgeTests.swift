// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ISO9660

struct RockRidgeTests {
  let good = EditedImage.rockRidge
  let here = ISO9660Structure.record(byteOffset: 7)

  private func place(_ offset: Int) -> ISO9660Structure { .record(byteOffset: UInt64(offset)) }

  private func entry(_ signature: UInt16, _ data: [UInt8], version: UInt8 = 1) -> SystemUseEntry {
    SystemUseEntry(signature: signature, version: version, data: ByteView(data), place: here)
  }

  private func target(_ entries: [UInt8]...) throws -> ByteString {
    var link = SymbolicLink()
    for data in entries { try link.take(entry(SystemUseEntry.Signature.symbolicLink, data)) }
    return try link.finish(here)
  }

  private func name(_ entries: [UInt8]...) throws -> ByteString? {
    var name = RockRidgeName()
    for data in entries { try name.take(entry(SystemUseEntry.Signature.name, data)) }
    return name.text
  }

  /// CVE-2026-42494 and its like: a continuation area that leads back to itself.
  @Test func continuationsThatGoInACircleEnd() throws {
    var image = try good.get()
    let record = try image.record("/long-link")
    let link = try image.entry("CE", of: record)
    let area = Int(image.u32(link + 4)) * 2048 + Int(image.u32(link + 12))
    image.bytes.replaceSubrange(area..<area + 28, with: image.bytes[link..<link + 28])
    image.putBoth(28, at: link + 20)
    image.putBoth(28, at: area + 20)
    #expect(image.error(at: "/long-link") == .tooManyContinuations(place(record)))
    // In the root it would keep the whole volume from being opened, and so it does, in no time.
    image = try good.get()
    let root = Int(image.u32(EditedImage.primary + 158)) * 2048
    let first = try image.entry("CE", of: root)
    let rootArea = Int(image.u32(first + 4)) * 2048 + Int(image.u32(first + 12))
    image.putBoth(28, at: first + 20)
    image.bytes.replaceSubrange(rootArea..<rootArea + 28, with: image.bytes[first..<first + 28])
    #expect(image.error { $0 } == .tooManyContinuations(place(root)))
  }

  @Test func continuationAreasAreInTheVolumeAndOfLimitedSize() throws {
    var image = try good.get()
    let record = try image.record("/long-link")
    let link = try image.entry("CE", of: record)
    image.putBoth(0xffff_ffff, at: link + 4)
    #expect(image.error(at: "/long-link") == .blockOutOfRange(place(record), block: 0xffff_ffff))
    image = try good.get()
    image.putBoth(0x7fff_ffff, at: link + 12)
    #expect(
      image.error(at: "/long-link")
        == .blockOutOfRange(place(record), block: UInt64(image.u32(link + 4))))
    image.putBoth(1 << 20, at: link + 20)
    #expect(
      image.error(at: "/long-link") == .continuationTooLong(place(record), byteCount: 1 << 20))
  }

  @Test func lengthsOfEntriesAreChecked() throws {
    for length in [1, 3, 255] as [UInt8] {
      var image = try good.get()
      let record = try image.record("/first")
      let attributes = try image.entry("PX", of: record)
      image.bytes[attributes + 2] = length
      var area = record + 33 + Int(image.bytes[record + 32])
      if image.bytes[record + 32] % 2 == 0 { area += 1 }
      #expect(
        image.error(at: "/first") == .badSystemUse(place(record), offset: attributes - area))
    }
  }

  @Test func namesComeInParts() throws {
    #expect(try name([1] + Array("first-".utf8), [0] + Array("second".utf8)) == "first-second")
    // What follows a name that is complete does not belong to it.
    #expect(try name([0] + Array("first".utf8), [0] + Array("second".utf8)) == "first")
    #expect(try name([2]) == ".")
    #expect(try name([4]) == "..")
    #expect(try name() == nil)
  }

  /// CVE-2026-62423 and its like: names longer than any buffer.
  @Test func overlongNamesAreRefused() throws {
    let part = [1] + [UInt8](repeating: 0x61, count: 200)
    #expect(throws: ISO9660Error.nameTooLong(here)) { try name(part, part) }
    #expect(try name([0] + [UInt8](repeating: 0x61, count: 250))?.count == 250)
    #expect(throws: ISO9660Error.badName(here)) { try name([6]) }
  }

  @Test func namesThatAreNoNamesAreRefused() throws {
    for byte in [ASCII.slash, 0] {
      var image = try good.get()
      let record = try image.record("/first")
      image.bytes[try image.entry("NM", of: record) + 6] = byte
      #expect(image.error(at: "/first") == .badName(place(record)))
    }
  }

  @Test func recordsWithoutANameHaveTheirPlainOne() throws {
    var image = try good.get()
    let record = try image.record("/first")
    image.bytes[try image.entry("NM", of: record)] = 0x58
    #expect(image.error(at: "/first") == nil)
    #expect(throws: FileError<ISO9660Error>.notFound("/FIRST")) {
      try PathWalk.resolve("/FIRST", in: image.open())
    }
  }

  @Test func linksArePutTogetherFromComponents() throws {
    #expect(try target([0, 0, 1, 0x61, 0, 1, 0x62]) == "a/b")
    #expect(try target([0, 8, 0, 0, 1, 0x61, 4, 0, 2, 0]) == "/a/../.")
    // A component goes on in the next record, and a link in the next entry.
    #expect(try target([0, 1, 1, 0x61, 0, 1, 0x62, 0, 1, 0x63]) == "ab/c")
    #expect(try target([1, 0, 1, 0x61], [0, 0, 1, 0x62]) == "a/b")
    #expect(try target([1, 1, 1, 0x61], [0, 0, 1, 0x62]) == "ab")
    #expect(try target([0, 8, 0]) == "/")
  }

  @Test func linksThatMakeNoSenseAreRefused() throws {
    let bad = ISO9660Error.badLink(here)
    #expect(throws: bad) { try target() }
    #expect(throws: bad) { try target([0]) }
    // The second component is longer than the entry; one byte is left over.
    #expect(throws: bad) { try target([0, 0, 1, 0x61, 0, 9, 0x62]) }
    #expect(throws: bad) { try target([0, 0, 1, 0x61, 0]) }
    // It was said to go on, and did not; it was said to be at its end, and went on.
    #expect(throws: bad) { try target([1, 0, 1, 0x61]) }
    #expect(throws: bad) { try target([0, 0, 1, 0x61], [0, 0, 1, 0x62]) }
    #expect(throws: bad) { try target([0, 0x40, 1, 0x61]) }
    #expect(throws: bad) { try target([0, 0, 1, 0]) }
    #expect(throws: bad) { try target([]) }
  }

  @Test func linksOverTheLimitAreRefused() throws {
    let part = [1, 0, 250] + [UInt8](repeating: 0x61, count: 250)
    var link = SymbolicLink()
    for _ in 0..<16 { try link.take(entry(SystemUseEntry.Signature.symbolicLink, part)) }
    #expect(throws: ISO9660Error.linkTooLong(here)) {
      try link.take(entry(SystemUseEntry.Signature.symbolicLink, part))
    }
  }

  @Test func componentsThatNobodyCanFollowAreNamed() throws {
    #expect(
      throws: ISO9660Error.unsupportedFile(
        here, feature: "a link to where the volume is mounted")
    ) { try target([0, 0x10, 0]) }
    #expect(throws: ISO9660Error.unsupportedFile(here, feature: "a link to a host")) {
      try target([0, 0x20, 0])
    }
  }

  @Test func sparseFilesAreNamed() throws {
    var image = try good.get()
    let record = try image.record("/first")
    let times = try image.entry("TF", of: record)
    image.bytes.replaceSubrange(times..<times + 2, with: Array("SF".utf8))
    #expect(
      image.error(at: "/first")
        == .unsupportedFile(place(record), feature: "holes (Rock Ridge SF)"))
  }

  @Test func timesComeInTwoForms() throws {
    func time(_ data: [UInt8]) throws -> Int64? {
      var ridge = RockRidge()
      try ridge.take(entry(SystemUseEntry.Signature.timeStamps, data))
      return ridge.modificationTime
    }
    let date: [UInt8] = [124, 2, 29, 12, 0, 1, 0]
    #expect(try time([2] + date) == 1_709_208_001)
    #expect(try time([3] + [UInt8](repeating: 0, count: 7) + date) == 1_709_208_001)
    let long = Array("2024022912000100".utf8) + [0]
    #expect(try time([0x82] + long) == 1_709_208_001)
    #expect(try time([0x83] + long + long) == 1_709_208_001)
    #expect(try time([1] + date) == nil)
    #expect(try time([3] + date) == nil)
    #expect(try time([]) == nil)
  }

  @Test func nodesAreOfTheKindThatIsAsked() throws {
    let system = try good.get().open()
    let file = try PathWalk.resolve("/first", in: system).node
    let directory = try PathWalk.resolve("/boot", in: system).node
    #expect(throws: ISO9660Error.notADirectory(file.record.place)) {
      try system.entries(of: file)
    }
    #expect(throws: ISO9660Error.notALink(file.record.place)) { try system.linkTarget(of: file) }
    #expect(throws: ISO9660Error.notAFile(directory.record.place)) {
      try system.extents(of: directory)
    }
  }

  /// Entries after an ES for another extension are not Rock Ridge's, whatever they look like.
  @Test func entriesOfOtherExtensionsAreSkipped() throws {
    var image = try good.get()
    let record = try image.record("/first")
    let attributes = try image.entry("PX", of: record)
    // ES takes the place of the PX entry's first bytes; the rest looks like an NM entry.
    let length = image.bytes[attributes + 2]
    image.bytes.replaceSubrange(
      attributes..<attributes + 5, with: [0x45, 0x53, 5, 1, 1])
    image.bytes.replaceSubrange(
      attributes + 5..<attributes + 9, with: [0x52, 0x45, length - 5, 1])
    let system = try image.open()
    let target = try PathWalk.resolve("/first", in: system)
    #expect(target.attributes.mode == 0o555)
  }
}
