// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Testing

@testable import Ext4

/// Extent trees and block maps with one field changed.
struct FileMapTests {
  /// The error of reading the map of the file at `path` after an edit that gets the offset of its
  /// `i_block`.
  func error(
    _ path: ByteString, in image: Result<EditedImage, any Error> = EditedImage.plain,
    _ edit: (inout EditedImage, Int) -> Void
  ) throws -> Ext4Error? {
    var image = try image.get()
    let number = try image.inode(path)
    edit(&image, image.offset(ofInode: number) + 0x28)
    let system = try image.open()
    do { _ = try system.extents(of: Ext4Node(inode: number)) } catch { return error }
    return nil
  }

  /// The inode of `path` in all images: they are made the same way.
  func place(_ path: ByteString) throws -> Ext4Structure {
    .inode(try EditedImage.plain.get().inode(path))
  }

  @Test func extentHeadersAreChecked() throws {
    let bad = Ext4Error.badExtentHeader(try place("/sparse"))
    #expect(try error("/sparse") { _, _ in } == nil)
    #expect(try error("/sparse") { $0.put(UInt16(0xf30b), at: $1) } == bad)
    #expect(try error("/sparse") { $0.put(UInt16(5), at: $1 + 2) } == bad)
    #expect(try error("/sparse") { $0.put(UInt16(5), at: $1 + 4) } == bad)
    #expect(try error("/sparse") { $0.put(UInt16(6), at: $1 + 6) } == bad)
  }

  @Test func theDepthOfAChildIsOneLess() throws {
    let found = try error("/pieces") { $0.put(UInt16(2), at: $1 + 6) }
    guard case .badExtentHeader(.extentBlock) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func anExtentTreeThatLoopsEnds() throws {
    // The block of the first index entry gets depth 1 and itself as its child.
    let found = try error("/pieces") { image, offset in
      let block = image.u32(offset + 12 + 4)
      image.put(UInt16(2), at: offset + 6)
      image.put(UInt16(1), at: Int(block) * 1024 + 6)
      image.put(block, at: Int(block) * 1024 + 12 + 4)
      image.put(UInt16(0), at: Int(block) * 1024 + 12 + 8)
    }
    guard case .badExtentHeader(.extentBlock) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func extentsAreInOrder() throws {
    let place = try place("/sparse")
    func bad(_ block: UInt32) -> Ext4Error { .badExtentOrder(place, logicalBlock: block) }
    let second = try EditedImage.plain.get()
    let logical = second.u32(second.offset(ofInode: try second.inode("/sparse")) + 0x28 + 24)
    #expect(try error("/sparse") { $0.put(UInt16(0), at: $1 + 12 + 4) } == bad(0))
    #expect(try error("/sparse") { $0.put(UInt32.max, at: $1 + 12) } == bad(logical))
    #expect(try error("/sparse") { $0.put(UInt32(0), at: $1 + 24) } == bad(0))
    let index = try error("/pieces") { $0.put(UInt32(0), at: $1 + 24) }
    guard case .badExtentOrder = index else {
      Issue.record("\(index as Any)")
      return
    }
  }

  @Test func extentsLieInTheFileSystem() throws {
    let place = try place("/sparse")
    for block: UInt32 in [0, 1, 1024, .max] {
      #expect(
        try error("/sparse") { $0.put(block, at: $1 + 12 + 8) }
          == .blockOutOfRange(place, block: UInt64(block)))
    }
    #expect(
      try error("/sparse") { $0.put(UInt16(1), at: $1 + 12 + 6) }.map {
        if case .blockOutOfRange(place, let block) = $0 { block >> 32 == 1 } else { false }
      } == true)
    let pieces = try self.place("/pieces")
    #expect(
      try error("/pieces") { $0.put(UInt32(5000), at: $1 + 12 + 4) }
        == .blockOutOfRange(pieces, block: 5000))
  }

  @Test func extentBlocksHaveChecksums() throws {
    let found = try error("/pieces", in: EditedImage.checksummed) { image, offset in
      image.bytes[Int(image.u32(offset + 12 + 4)) * 1024 + 20] ^= 1
    }
    guard case .badChecksum(.extentBlock, _, _) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func unwrittenExtentsAreZeros() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/boot/vmlinuz")
    let length = image.offset(ofInode: number) + 0x28 + 12 + 4
    let count = UInt16(truncatingIfNeeded: image.u32(length))
    image.put(count + 32768, at: length)
    let extents = try image.open().extents(of: Ext4Node(inode: number))
    #expect(extents.first == .zeros(byteCount: min(300001, UInt64(count) * 1024)))
    #expect(extents.reduce(0) { $0 + $1.byteCount } == 300001)
  }

  @Test func sizesStayInWhatMapsCanHold() throws {
    let extents = try error("/sparse") { image, offset in
      image.put(UInt32(1 << 10), at: offset - 0x28 + 0x6c)
    }
    guard case .badSize = extents else {
      Issue.record("\(extents as Any)")
      return
    }
    let map = try error("/sparse", in: EditedImage.mapped) { image, offset in
      image.put(UInt32(5), at: offset - 0x28 + 0x6c)
    }
    guard case .badSize = map else {
      Issue.record("\(map as Any)")
      return
    }
  }

  @Test func aHugeFileOfHolesIsOneExtent() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/all-hole")
    image.put(UInt32(1 << 9), at: image.offset(ofInode: number) + 0x6c)
    #expect(
      try image.open().extents(of: Ext4Node(inode: number)) == [.zeros(byteCount: 1 << 41 + 5000)])
  }

  @Test func mappedBlocksLieInTheFileSystem() throws {
    let number = try EditedImage.mapped.get().inode("/sparse")
    #expect(
      try error("/sparse", in: EditedImage.mapped) { $0.put(UInt32(1024), at: $1) }
        == .blockOutOfRange(.inode(number), block: 1024))
    let found = try error("/sparse", in: EditedImage.mapped) { image, offset in
      let indirect = image.u32(offset + 13 * 4)
      image.put(UInt32.max, at: Int(indirect) * 1024 + 4)
    }
    guard case .blockOutOfRange(.indirectBlock(number, _), 0xffff_ffff) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func aBlockMapThatLoopsEnds() throws {
    // A block full of its own number, as double indirect block of a file as large as can be.
    let number = try EditedImage.mapped.get().inode("/sparse")
    let found = try error("/sparse", in: EditedImage.mapped) { image, offset in
      let block = image.u32(offset + 13 * 4)
      for slot in 0..<256 { image.put(block, at: Int(block) * 1024 + 4 * slot) }
      image.put(block, at: offset + 14 * 4)
      image.put(UInt32(3), at: offset - 0x28 + 0x6c)
    }
    #expect(found == .tooFragmented(inode: number))
  }
}
