// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

/// Directories that are far longer than the image that they are in.
struct WorkTests {
  /// A directory with an index, and the block map of ext2: its blocks are at hand.
  private func ownBlocks(
    _ image: EditedImage
  ) throws -> (inode: UInt32, blocks: [UInt32]) {
    let inode = try image.inode("/many")
    let blocks = try (0..<8).map { UInt32(try image.offset(ofBlock: $0, in: "/many") / 1024) }
    return (inode, blocks)
  }

  /// An image whose `/many` has 65,804 blocks of 1 KiB. All are the same one, but for the last, in
  /// which is `d`, the directory itself.
  private func endless() throws -> (image: EditedImage, inode: UInt32) {
    var image = try EditedImage.mapped.get()
    let (inode, blocks) = try ownBlocks(image)
    let (names, last) = (blocks[1], blocks[2])
    let (pointers, lastPointers, root) = (blocks[3], blocks[4], blocks[5])
    for slot in 0..<256 {
      image.put(names, at: Int(pointers) * 1024 + 4 * slot)
      image.put(slot == 255 ? last : names, at: Int(lastPointers) * 1024 + 4 * slot)
      image.put(slot == 255 ? lastPointers : pointers, at: Int(root) * 1024 + 4 * slot)
    }
    image.bytes.replaceSubrange(
      Int(last) * 1024..<Int(last + 1) * 1024, with: [UInt8](repeating: 0, count: 1024))
    image.put(inode, at: Int(last) * 1024)
    image.put(UInt16(1024), at: Int(last) * 1024 + 4)
    image.put(UInt8(1), at: Int(last) * 1024 + 6)
    image.put(UInt8(2), at: Int(last) * 1024 + 7)
    image.put(UInt8(0x64), at: Int(last) * 1024 + 8)
    let place = image.offset(ofInode: inode)
    image.put(UInt32((12 + 256 + 65536) * 1024), at: place + 4)
    for slot in 0..<12 { image.put(names, at: place + 0x28 + 4 * slot) }
    image.put(pointers, at: place + 0x28 + 48)
    image.put(root, at: place + 0x28 + 52)
    return (image, inode)
  }

  @Test func aListThatNeverEndsIsGivenUp() throws {
    let (image, inode) = try endless()
    let volume = image.volume
    let system = try Ext4FileSystem.open(volume)
    var count = 0
    #expect(
      LittleWork.endsWithin(6 * LittleWork.limit, on: volume, Ext4Error.device) {
        try system.visitEntries(of: Ext4Node(inode: inode)) { _, _ in
          count += 1
          return true
        }
      })
    // The map alone is paid for before the first name.
    #expect(count > 0)
  }

  @Test func whoeverHasEnoughNamesStops() throws {
    let (image, inode) = try endless()
    let system = try image.open()
    var names: [ByteString] = []
    try system.visitEntries(of: Ext4Node(inode: inode)) { name, _ in
      names.append(name)
      return names.count < 3
    }
    #expect(names.count == 3)
  }

  @Test func aWayThroughADirectoryInItselfIsGivenUp() throws {
    let (image, _) = try endless()
    let volume = image.volume
    let system = try Ext4FileSystem.open(volume)
    var path: ByteString = "/many"
    for _ in 0..<2000 { path += "/d" }
    #expect(
      LittleWork.endsWithin(4 * LittleWork.limit, on: volume, Ext4Error.device) {
        try PathWalk.resolve(path, in: system)
      })
  }

  @Test func namesArePaidFor() throws {
    for image in [EditedImage.plain, EditedImage.checksummed, EditedImage.inline] {
      let volume = try image.get().volume
      let system = try Ext4FileSystem.open(volume)
      let many = try PathWalk.resolve("/many", in: system).node
      #expect(
        try LittleWork.isPaid(on: volume, Ext4Error.device) { try system.entries(of: many) })
      volume.work.renew(limit: .max)
      #expect(UInt64(try system.entries(of: many).count) < volume.work.count(of: .names))
      #expect(
        try LittleWork.isPaid(on: volume, Ext4Error.device) {
          try system.lookUp("none", in: Ext4Node(inode: 2))
        })
      #expect(
        try LittleWork.isPaid(on: volume, Ext4Error.device) {
          try ReaderError.look(at: "/pieces", in: system)
        })
    }
  }
}
