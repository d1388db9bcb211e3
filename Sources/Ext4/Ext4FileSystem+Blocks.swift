// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension Ext4FileSystem {
  /// Whether `count` blocks from `block` on are in the file system, and after block 0, where the
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

  /// Bytes of the file system, from the journal where it has newer ones.
  func bytes(at offset: UInt64, count: Int) throws(Ext4Error) -> ByteView {
    do throws(BlockError) {
      guard overlay.count > 0, count > 0, offset <= volume.byteCount,
        UInt64(count) <= volume.byteCount - offset
      else { return ByteView(try volume.read(at: offset, count: count)) }
      let pieces = overlay.pieces(at: offset, count: UInt64(count))
      var result: [UInt8] = []
      for piece in pieces {
        switch piece {
        case .run(let place, let byteCount):
          // Parts of `count`.
          let part = try volume.read(at: place, count: Int(byteCount))
          if pieces.count == 1 { return ByteView(part) }
          result += part
        case .inline(let bytes): result += bytes
        case .zeros, .encoded: break  // An overlay has none.
        }
      }
      return ByteView(result)
    } catch { throw .device(error) }
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(Ext4Error) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  /// The inode `number`, which is in use.
  func inode(_ number: UInt32) throws(Ext4Error) -> Inode {
    guard number > 0, number <= superblock.inodeCount else { throw .inodeOutOfRange(number) }
    let group = (number - 1) / superblock.inodesPerGroup
    let index = (number - 1) % superblock.inodesPerGroup
    let descriptor = try descriptor(of: group)
    let offset = UInt64(index) * UInt64(superblock.inodeByteCount)
    let blockByteCount = UInt64(superblock.blockByteCount)
    let tableBlockCount = offset / blockByteCount + 1
    guard hasBlocks(descriptor.inodeTable, tableBlockCount) else {
      throw .blockOutOfRange(.groupDescriptor(group), block: descriptor.inodeTable)
    }
    let view = try bytes(
      at: descriptor.inodeTable * blockByteCount + offset, count: superblock.inodeByteCount)
    try pay(.copiedBytes, view.count)  // For the checksum.
    return try Inode(view, number: number, of: superblock)
  }

  /// The descriptor of a block group. Files of a directory share a group, so the last one is kept.
  private func descriptor(of group: UInt32) throws(Ext4Error) -> GroupDescriptor {
    if let last = lastGroup.last, last.group == group { return last.descriptor }
    let descriptor = try GroupDescriptor(
      bytes(
        at: GroupDescriptor.byteOffset(of: UInt64(group), in: superblock),
        count: superblock.descriptorByteCount),
      group: group, of: superblock)
    lastGroup.last = (group, descriptor)
    lastGroup.damage = lastGroup.damage ?? descriptor.damage
    return descriptor
  }

  /// Where the blocks of `inode` are, without regard to the journal: what is there is read by
  /// `bytes`.
  func extents(of inode: Inode) throws(Ext4Error) -> [Extent] {
    inode.hasExtents
      ? try ExtentTree.extents(of: inode, in: self) : try BlockMap.extents(of: inode, in: self)
  }
}
