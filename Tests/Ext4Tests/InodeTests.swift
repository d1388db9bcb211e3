// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Testing

@testable import Ext4
import TestSupport

struct InodeTests {
  @Test func mustExist() throws {
    let system = try EditedImage.plain.get().open()
    for number: UInt32 in [0, 513, .max] {
      #expect(throws: Ext4Error.inodeOutOfRange(number)) {
        try system.attributes(of: Ext4Node(inode: number))
      }
    }
  }

  @Test func mustBeInUse() throws {
    var image = try EditedImage.plain.get()
    #expect(throws: Ext4Error.unusedInode(500)) {
      try image.open().attributes(of: Ext4Node(inode: 500))
    }
    let number = try image.inode("/one-byte")
    image.put(UInt16(0), at: image.offset(ofInode: number) + 0x1a)
    #expect(throws: Ext4Error.unusedInode(number)) {
      try image.open().attributes(of: Ext4Node(inode: number))
    }
  }

  @Test func mustBeOfTheKindThatIsWanted() throws {
    let image = try EditedImage.plain.get()
    let system = try image.open()
    let file = try image.inode("/one-byte")
    #expect(throws: Ext4Error.notADirectory(inode: file)) {
      try system.entries(of: Ext4Node(inode: file))
    }
    #expect(throws: Ext4Error.notADirectory(inode: file)) {
      try system.lookUp("x", in: Ext4Node(inode: file))
    }
    #expect(throws: Ext4Error.notALink(inode: file)) {
      try system.linkTarget(of: Ext4Node(inode: file))
    }
    #expect(throws: Ext4Error.notAFile(inode: 2)) { try system.extents(of: Ext4Node(inode: 2)) }
    let pipe = try system.attributes(of: Ext4Node(inode: image.inode("/fifo")))
    #expect(pipe.kind == .special)
    #expect(pipe.byteCount == 0)
  }

  @Test func namesEncryptedFiles() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/one-byte")
    let flags = image.offset(ofInode: number) + 0x20
    image.put(image.u32(flags) | 0x800, at: flags)
    let system = try image.open()
    #expect(try system.attributes(of: Ext4Node(inode: number)).byteCount == 1)
    #expect(throws: Ext4Error.unsupportedFile(inode: number, feature: "encryption")) {
      try system.extents(of: Ext4Node(inode: number))
    }
  }

  @Test func checksItsChecksum() throws {
    var image = try EditedImage.checksummed.get()
    let number = try image.inode("/one-byte")
    image.bytes[image.offset(ofInode: number) + 4] ^= 2
    let system = try image.open()
    #expect(throws: (any Error).self) { try system.attributes(of: Ext4Node(inode: number)) }
    do {
      _ = try system.attributes(of: Ext4Node(inode: number))
    } catch {
      guard case .badChecksum(.inode(number), _, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func groupDescriptorsWithWrongChecksumsAreUsedAndNamed() throws {
    for image in [EditedImage.checksummed, EditedImage.groupChecksummed] {
      var image = try image.get()
      #expect(try image.open().remark == nil)
      image.bytes[EditedImage.descriptor + 0x10] ^= 1
      let system = try image.open()
      #expect(try system.attributes(of: Ext4Node(inode: 2)).kind == .directory)
      #expect(system.remark?.hasPrefix("group descriptor 0: checksum ") == true)
      #expect(system.remark?.hasSuffix("; read anyway, e2fsck should be run") == true)
      #expect(system.writeObstacle == "the file system is in use, or has errors")
    }
  }

  /// Attributes may take a cluster, or inodes of their own: the size alone says where a target is.
  @Test(arguments: [(2, 0), (128, 40), (2048, 40), (6, 40), (0, 40)] as [(UInt32, UInt32)])
  func shortLinksAreInTheInodeWhateverIsAllocated(_ sectors: UInt32, _ attributes: UInt32) throws {
    for path: ByteString in ["/vmlinuz", "/link-59"] {
      var image = try EditedImage.plain.get()
      let number = try image.inode(path)
      let inode = image.offset(ofInode: number)
      let target = try image.open().linkTarget(of: Ext4Node(inode: number))
      image.put(sectors, at: inode + 0x1c)
      image.put(attributes, at: inode + 0x68)
      #expect(try image.open().linkTarget(of: Ext4Node(inode: number)) == target)
    }
  }

  @Test func inodeTablesLieInTheFileSystem() throws {
    var image = try EditedImage.plain.get()
    for block: UInt32 in [0, 1, 1024, .max] {
      image.put(block, at: EditedImage.descriptor + 8)
      #expect(throws: Ext4Error.blockOutOfRange(.groupDescriptor(0), block: UInt64(block))) {
        try image.open().attributes(of: Ext4Node(inode: 2))
      }
    }
  }

  @Test func readsTimesAfter2038() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/one-byte")
    let inode = image.offset(ofInode: number)
    func time() throws -> Int64 {
      try image.open().attributes(of: Ext4Node(inode: number)).modificationTime
    }
    // The recipe sets 2040-03-04 05:06:07 UTC, of which mke2fs writes the low 32 bits only.
    #expect(try time() == 2_214_450_367 - (1 << 32))
    image.put(UInt32(1), at: inode + 0x88)
    #expect(try time() == 2_214_450_367)
    image.put(UInt16(8), at: inode + 0x80)
    #expect(try time() == 2_214_450_367 - (1 << 32))
  }

  @Test func linksHaveALimit() throws {
    var image = try EditedImage.plain.get()
    let number = try image.inode("/link-1000")
    image.put(UInt32(4097), at: image.offset(ofInode: number) + 4)
    #expect(throws: Ext4Error.badSize(inode: number, byteCount: 4097)) {
      try image.open().linkTarget(of: Ext4Node(inode: number))
    }
    // More than its block: the rest is a hole.
    image.put(UInt32(1025), at: image.offset(ofInode: number) + 4)
    #expect(throws: Ext4Error.badSize(inode: number, byteCount: 1025)) {
      try image.open().linkTarget(of: Ext4Node(inode: number))
    }
  }
}
