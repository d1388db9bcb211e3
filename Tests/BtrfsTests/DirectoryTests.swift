// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

struct DirectoryTests {
  static let top = BtrfsStructure.inode(tree: 5, inode: 256)

  /// The error of finding `/a` where its entry is changed, and of listing.
  func errors(_ edit: (inout [UInt8]) -> Void) -> [BtrfsError?] {
    let hash = UInt64(CRC32.castagnoli.update(~1, Array("a".utf8)))
    var found = ImageBuilder()
    found.addFile("a", inode: 257, [.inline([1])])
    var listed = found
    found.edit(TreeKey(256, ItemType.directoryItem, hash), in: 5, edit)
    listed.edit(TreeKey(256, ItemType.directoryIndex, 257), in: 5, edit)
    return [Sample.error(found.image(), at: "/a"), Sample.error(listed.image(), at: "/")]
  }

  @Test func entriesAreChecked() {
    let hash = UInt64(CRC32.castagnoli.update(~1, Array("a".utf8)))
    let bad: [BtrfsError?] = [
      .badDirectoryEntry(Self.top, index: hash), .badDirectoryEntry(Self.top, index: 257),
    ]
    #expect(errors { $0[27] = 0 } == bad)
    #expect(errors { $0[27] = 2 } == bad)
    #expect(errors { $0[28] = 1 } == bad)
    #expect(errors { $0[30] = ASCII.slash } == bad)
    #expect(errors { $0[30] = 0 } == bad)
    // To an item that is neither an inode nor a root.
    #expect(errors { $0[8] = 12 } == bad)
    #expect(errors { $0.removeLast() } == bad)
    #expect(errors { $0 += [1, 2, 3] } == bad)
    let encrypted = BtrfsError.unsupportedFile(Self.top, feature: "encryption")
    #expect(errors { $0[29] = 0x81 } == [encrypted, encrypted])
  }

  @Test func entriesMustLeadSomewhere() {
    #expect(errors { $0[0] = 77 }[0] == .missingInode(.inode(tree: 5, inode: 256 + 77)))
    // A subvolume that is not there, and numbers that no subvolume can have.
    for tree: UInt64 in [300, 7, 0, .max] {
      #expect(
        errors { $0.replaceSubrange(0..<17, with: key(TreeKey(tree, ItemType.root, .max))) }[0]
          == .missingTree(tree))
    }
  }

  /// The names differ by the polynomial of CRC-32C, so their hashes are the same.
  @Test func namesWithTheSameHashAreToldApart() throws {
    let name = Array("kernel-file".utf8)
    var other = name
    for (index, byte) in [0xf1 as UInt8, 0x76, 0xec, 5, 1].enumerated() { other[index] ^= byte }
    #expect(
      CRC32.castagnoli.update(~1, name) == CRC32.castagnoli.update(~1, other))
    var builder = ImageBuilder()
    for inode: UInt64 in [257, 258] {
      builder.addInode(inode, in: 5, mode: 0x81a4, byteCount: 0)
    }
    builder.addName(
      name, in: 5, 256, to: TreeKey(257, ItemType.inode, 0), type: 1, index: 2)
    builder.addName(
      other, in: 5, 256, to: TreeKey(258, ItemType.inode, 0), type: 1, index: 3)
    let system = try Sample.open(builder.image())
    let root = try system.root()
    #expect(try system.lookUp(ByteString(name), in: root)?.inode.inode == 257)
    #expect(try system.lookUp(ByteString(other), in: root)?.inode.inode == 258)
    #expect(try system.entries(of: root).map { $0.node.inode.inode } == [257, 258])
  }

  @Test func namesThatNothingCanHaveAreNotThere() throws {
    let system = try Sample.open(FileTests.simple())
    #expect(try system.lookUp("", in: system.root()) == nil)
    let long = ByteString([UInt8](repeating: 0x61, count: 256))
    #expect(try system.lookUp(long, in: system.root()) == nil)
  }
}
