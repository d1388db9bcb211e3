// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension Ext4FileSystem {
  /// Whether `count` blocks from `block` on are in the file system, and behind block 0, where the
  /// boot sector or the superblock is.
  func hasBlocks(_ block: UInt64, _ count: UInt64) -> Bool {
    block > UInt64(superblock.firstDataBlock) && block < superblock.blockCount
      && count <= superblock.blockCount - block
  }

  /// The contents of a block, which `hasBlocks`.
  func block(_ block: UInt64) throws(Ext4Error) -> ByteView {
    let size = superblock.blockByteCount
    return try bytes(at: block * UInt64(size), count: size)
  }

  /// Bytes of the volume.
  func bytes(at offset: UInt64, count: Int) throws(Ext4Error) -> ByteView {
    do { return ByteView(try volume.read(at: offset, count: count)) } catch {
      throw .device(error)
    }
  }

  /// The inode `number`, which is in use.
  func inode(_ number: UInt32) throws(Ext4Error) -> Inode {
    guard number > 0, number <= superblock.inodeCount else { throw .inodeOutOfRange(number) }
    let group = (number - 1) / superblock.inodesPerGroup
    let index = (number - 1) % superblock.inodesPerGroup
    let descriptor = try GroupDescriptor(
      bytes(
        at: GroupDescriptor.byteOffset(of: UInt64(group), in: superblock),
        count: superblock.descriptorByteCount),
      group: group, of: superblock)
    let offset = UInt64(index) * UInt64(superblock.inodeByteCount)
    let blockByteCount = UInt64(superblock.blockByteCount)
    let tableBlockCount = offset / blockByteCount + 1
    guard hasBlocks(descriptor.inodeTable, tableBlockCount) else {
      throw .blockOutOfRange(.groupDescriptor(group), block: descriptor.inodeTable)
    }
    let view = try bytes(
      at: descriptor.inodeTable * blockByteCount + offset, count: superblock.inodeByteCount)
    return try Inode(view, number: number, of: superblock)
  }

  /// Where the contents of `inode` are.
  func extents(of inode: Inode) throws(Ext4Error) -> [Extent] {
    inode.hasExtents
      ? try ExtentTree.extents(of: inode, in: self) : try BlockMap.extents(of: inode, in: self)
  }
}
