// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

struct DirectoryTests {
  /// The error of listing a directory after an edit that gets the offset of one of its blocks.
  func error(
    _ path: ByteString, block: UInt64, in image: Result<EditedImage, any Error> = EditedImage.plain,
    _ edit: (inout EditedImage, Int) -> Void
  ) throws -> Ext4Error? {
    var image = try image.get()
    let number = try image.inode(path)
    edit(&image, try image.offset(ofBlock: block, in: path))
    let system = try image.open()
    do { _ = try system.entries(of: Ext4Node(inode: number)) } catch { return error }
    return nil
  }

  /// The same for looking up a name by the index of `/many`.
  func lookUpError(
    in image: Result<EditedImage, any Error> = EditedImage.plain,
    _ edit: (inout EditedImage, Int) -> Void
  ) throws -> Ext4Error? {
    var image = try image.get()
    let number = try image.inode("/many")
    edit(&image, try image.offset(ofBlock: 0, in: "/many"))
    let system = try image.open()
    do { _ = try system.lookUp("x", in: Ext4Node(inode: number)) } catch { return error }
    return nil
  }

  @Test func recordsAreChecked() throws {
    let number = try EditedImage.plain.get().inode("/boot")
    let place = Ext4Structure.directoryBlock(inode: number, index: 0)
    func bad(_ offset: Int) -> Ext4Error { .badDirectoryEntry(place, offset: offset) }
    #expect(try error("/boot", block: 0) { _, _ in } == nil)
    #expect(try error("/boot", block: 0) { $0.put(UInt16(0), at: $1 + 4) } == bad(0))
    #expect(try error("/boot", block: 0) { $0.put(UInt16(8), at: $1 + 4) } == bad(0))
    #expect(try error("/boot", block: 0) { $0.put(UInt16(13), at: $1 + 4) } == bad(0))
    #expect(try error("/boot", block: 0) { $0.put(UInt16(1028), at: $1 + 4) } == bad(0))
    #expect(try error("/boot", block: 0) { $0.put(UInt16(1020), at: $1 + 4) } == bad(1020))
    #expect(try error("/boot", block: 0) { $0.put(UInt32(513), at: $1 + 12) } == bad(12))
    #expect(try error("/boot", block: 0) { $0.put(UInt8(0), at: $1 + 18) } == bad(12))
    #expect(try error("/boot", block: 0) { $0.put(UInt8(200), at: $1 + 18) } == bad(12))
  }

  @Test func unusedRecordsArePassedOver() throws {
    var image = try EditedImage.plain.get()
    let offset = try image.offset(ofBlock: 0, in: "/boot/grub")
    // `.` and `..` take 24 bytes, then comes menu.lst.
    image.put(UInt32(0), at: offset + 24)
    let node = Ext4Node(inode: try image.inode("/boot/grub"))
    #expect(try image.open().entries(of: node).isEmpty)
    #expect(try image.open().lookUp("menu.lst", in: node) == nil)
  }

  @Test func aDirectoryHasNoHoles() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/boot")
    image.put(UInt32(2048), at: image.offset(ofInode: number) + 4)
    #expect(throws: Ext4Error.directoryHole(inode: number, index: 1)) {
      try image.open().entries(of: Ext4Node(inode: number))
    }
  }

  @Test func theSizeOfADirectoryIsWholeBlocksAndLimited() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/boot")
    for size: UInt32 in [1, 1023, 128 << 20 + 1024, .max] {
      image.put(size, at: image.offset(ofInode: number) + 4)
      #expect(throws: Ext4Error.badSize(inode: number, byteCount: UInt64(size))) {
        try image.open().entries(of: Ext4Node(inode: number))
      }
    }
  }

  @Test func blocksHaveChecksums() throws {
    let plain = try error("/boot", block: 0, in: EditedImage.checksummed) { $0.bytes[$1 + 20] ^= 1 }
    guard case .badChecksum(.directoryBlock(_, 0), _, _) = plain else {
      Issue.record("\(plain as Any)")
      return
    }
    let leaf = try error("/many", block: 1, in: EditedImage.checksummed) { $0.bytes[$1 + 9] ^= 1 }
    guard case .badChecksum(.directoryBlock(_, 1), _, _) = leaf else {
      Issue.record("\(leaf as Any)")
      return
    }
    let root = try error("/many", block: 0, in: EditedImage.checksummed) { $0.bytes[$1 + 50] ^= 1 }
    guard case .badChecksum(.directoryIndex(_, 0), _, _) = root else {
      Issue.record("\(root as Any)")
      return
    }
  }

  @Test func aBlockWithoutRoomForItsChecksumIsBad() throws {
    let found = try error("/boot", block: 0, in: EditedImage.checksummed) {
      $0.put(UInt8(0), at: $1 + 1019)
    }
    guard case .badDirectoryEntry(.directoryBlock(_, 0), 1012) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func theIndexLeadsToBlocksOfTheDirectory() throws {
    let number = try EditedImage.plain.get().inode("/many")
    let bad = Ext4Error.badDirectoryIndex(.directoryIndex(inode: number, index: 0))
    #expect(try lookUpError { _, _ in } == nil)
    for block: UInt32 in [0, 1000] {
      #expect(
        try lookUpError { image, offset in
          for slot in 0..<12 { image.put(block, at: offset + 36 + 8 * slot) }
        } == bad)
    }
  }

  @Test func anIndexBlockLooksLikeOne() throws {
    let number = try EditedImage.plain.get().inode("/many")
    // One level more than there is: a leaf is taken for an index block.
    let found = try lookUpError { $0.put(UInt8(1), at: $1 + 30) }
    guard case .badDirectoryIndex(.directoryIndex(number, _)) = found else {
      Issue.record("\(found as Any)")
      return
    }
  }

  @Test func aDamagedRootOfTheIndexIsNotUsed() throws {
    var image = try EditedImage.plain.get()
    let name: ByteString = "an-entry-with-quite-a-long-name-000100"
    let node = Ext4Node(inode: try image.inode("/many"))
    let expected = try image.open().lookUp(name, in: node)
    #expect(expected != nil)
    let root = try image.offset(ofBlock: 0, in: "/many")
    for (offset, value): (Int, UInt8) in [(28, 6), (29, 7), (30, 3), (34, 200), (34, 0)] {
      let before = image.bytes[root + offset]
      image.bytes[root + offset] = value
      #expect(try image.open().lookUp(name, in: node) == expected)
      image.bytes[root + offset] = before
    }
  }

  @Test func anIndexSparesReads() throws {
    let image = try TestImage("ext4-htree")
    let device = FaultyDevice(try image.device())
    let system = try Ext4FileSystem.open(Volume(whole: device))
    let many = try #require(try system.lookUp("many", in: try system.root()))
    let before = device.readCount
    #expect(try system.lookUp("an-entry-with-quite-a-long-name-004321", in: many) != nil)
    // Descriptor, inode, extent tree's blocks, root, index block, leaf.
    #expect(device.readCount - before <= 8)
  }

  @Test func readsARealPath() throws {
    let system = try EditedImage.checksummed.get().open()
    let menu = try FileContents.readAll(
      "/absolute", in: system, on: system.volume, limit: 1000)
    #expect(ByteString(menu).hasPrefix("default 0\ntimeout 5\n"))
    #expect(throws: FileError<Ext4Error>.tooManyLinks("/loop-a", limit: 40)) {
      try PathWalk.resolve("/loop-a", in: system)
    }
    #expect(try PathWalk.resolve("/vmlinuz", in: system).path == "/boot/vmlinuz")
  }
}
