// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import ISO9660

/// Files in several extents, as files over 4 GiB are.
struct SectionTests {
  /// `/first` and `/second` as one file of two extents, which follow each other in the directory.
  private func joined() throws -> (image: EditedImage, first: Int, second: Int) {
    var image = try EditedImage.plain.get()
    let root = Int(image.u32(EditedImage.primary + 158)) * 2048
    // Two records with the same name: the second is a copy of the first one after it.
    let first = try image.record("/readme.txt")
    let byteCount = Int(image.bytes[first])
    let record = Array(image.bytes[first..<first + byteCount])
    image.bytes.replaceSubrange(
      first + byteCount..<root + 2048,
      with: record + image.bytes[first + byteCount..<root + 2048 - byteCount])
    let blocks = try image.record("/boot/grub/menu.lst")
    image.bytes[first + 25] |= 0x80
    image.putBoth(image.u32(blocks + 2), at: first + 2)
    image.putBoth(image.u32(blocks + 10), at: first + 10)
    return (image, first, first + byteCount)
  }

  @Test func filesInSeveralExtentsAreRead() throws {
    let (image, first, second) = try joined()
    let system = try image.open()
    let target = try PathWalk.resolve("/readme.txt", in: system)
    #expect(target.attributes.byteCount == 11)
    #expect(
      try system.extents(of: target.node) == [
        .run(byteOffset: UInt64(image.u32(first + 2)) * 2048, byteCount: 10),
        .run(byteOffset: UInt64(image.u32(second + 2)) * 2048, byteCount: 1),
      ])
    let bytes = try FileContents.readAll(
      "/readme.txt", in: system, on: system.volume, limit: 100)
    #expect(bytes == Array("timeout 3\nx".utf8))
    // libarchive reads the same.
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(FileManager.default.createFile(atPath: path, contents: Data(image.bytes)))
    let theirs = try Listing(libarchive: path).files[Array("README.TXT".utf8)]
    #expect(theirs?.byteCount == 11)
    #expect(theirs?.checksum == posixChecksum(bytes))
  }

  @Test func extentsThatFollowEachOtherAreOneRun() throws {
    var (image, first, second) = try joined()
    let block = image.u32(first + 2)
    image.putBoth(2048, at: first + 10)
    image.putBoth(block + 1, at: second + 2)
    let system = try image.open()
    let target = try PathWalk.resolve("/readme.txt", in: system)
    #expect(
      try system.extents(of: target.node)
        == [.run(byteOffset: UInt64(block) * 2048, byteCount: 2049)])
  }

  @Test func theNextExtentMustBeThere() throws {
    var (image, first, second) = try joined()
    image.bytes[second + 33] ^= 1
    #expect(
      image.error(at: "/readme.txt") == .missingSection(.record(byteOffset: UInt64(first))))
    image = try joined().image
    image.bytes[second + 25] |= 0x80
    #expect(
      image.error(at: "/readme.txt") == .missingSection(.record(byteOffset: UInt64(first))))
  }

  @Test func aFileOfTooManyExtentsIsRefused() throws {
    var image = try EditedImage.plain.get()
    let first = try image.record("/readme.txt")
    let record = Array(image.bytes[first..<first + Int(image.bytes[first])])
    // A root directory of its own at the end of the disk, full of one file.
    let root = image.bytes.count
    let old = Int(image.u32(EditedImage.primary + 158)) * 2048
    var sector = Array(image.bytes[old..<old + 68])
    var endless = record
    endless[25] |= 0x80
    for _ in 0..<60 {
      while sector.count + endless.count <= 2048 { sector += endless }
      image.bytes += sector + [UInt8](repeating: 0, count: 2048 - sector.count)
      sector = []
    }
    image.putBoth(UInt32(root / 2048), at: EditedImage.primary + 158)
    image.putBoth(60 * 2048, at: EditedImage.primary + 166)
    image.putBoth(UInt32(root / 2048), at: root + 2)
    image.putBoth(60 * 2048, at: root + 10)
    #expect(
      image.error(at: "/readme.txt") == .tooManySections(.record(byteOffset: UInt64(root + 68))))
  }

  /// The size on the disk has 32 bits for an extent: two make more than 4 GiB.
  @Test func sizesOver4GiBAddUp() throws {
    var (image, first, second) = try joined()
    image.putBoth(0xffff_f800, at: first + 10)
    image.putBoth(0xffff_f800, at: second + 10)
    let system = try image.open()
    let node = try PathWalk.resolve("/readme.txt", in: system)
    #expect(node.attributes.byteCount == 0x1_ffff_f000)
    #expect(
      image.error(at: "/readme.txt")
        == .blockOutOfRange(
          .record(byteOffset: UInt64(first)), block: UInt64(image.u32(first + 2))))
  }
}
