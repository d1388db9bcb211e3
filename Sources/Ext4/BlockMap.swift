// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The block map of ext2 and ext3: 12 direct blocks, then blocks of block numbers, one, two and
/// three levels deep. 0 is a hole, of as many blocks as the level spans.
struct BlockMap<Device: BlockDevice> {
  private let system: Ext4FileSystem<Device>
  private let inode: Inode
  private let place: Ext4Structure
  private var list: ExtentList
  private var readByteCount = 0
  /// The file block that comes next.
  private var logical: UInt64 = 0

  /// The extents of `inode`, which does not have the flag of an extent tree.
  static func extents(
    of inode: Inode, in system: Ext4FileSystem<Device>
  ) throws(Ext4Error) -> [Extent] {
    let fanOut = UInt64(system.superblock.blockByteCount / 4)  // At most 2^14.
    let blockCountMax = 12 + fanOut + fanOut * fanOut + fanOut * fanOut * fanOut
    guard inode.byteCount <= blockCountMax * UInt64(system.superblock.blockByteCount) else {
      throw .badSize(inode: inode.number, byteCount: inode.byteCount)
    }
    var map = BlockMap(system, inode)
    for slot in 0..<15 where !map.list.isComplete {
      let block = inode.blockField.u32(at: 4 * slot) ?? 0
      try map.visit(block, level: max(0, slot - 11), at: map.place)
    }
    return try map.list.finish()
  }

  private init(_ system: Ext4FileSystem<Device>, _ inode: Inode) {
    self.system = system
    self.inode = inode
    place = .inode(inode.number)
    list = ExtentList(
      inode: inode.number, byteCount: inode.byteCount,
      blockByteCount: system.superblock.blockByteCount, work: system.volume.work)
  }

  /// Lists what is below a block `level` levels over the data. Recursion ends with the level,
  /// which is 3 at most.
  private mutating func visit(
    _ block: UInt32, level: Int, at parent: Ext4Structure
  ) throws(Ext4Error) {
    let shift = system.superblock.blockByteCount.trailingZeroBitCount - 2
    if block == 0 {
      let span: UInt64 = 1 << UInt64(level * shift)
      try list.append(logical: logical, physical: nil, count: span)
      logical += span
      return
    }
    guard system.hasBlocks(UInt64(block), 1) else {
      throw .blockOutOfRange(parent, block: UInt64(block))
    }
    if level == 0 {
      try list.append(logical: logical, physical: UInt64(block), count: 1)
      logical += 1
      return
    }
    readByteCount += system.superblock.blockByteCount
    guard readByteCount <= Ext4Limits.mapByteCount else {
      throw .tooFragmented(inode: inode.number)
    }
    let place = Ext4Structure.indirectBlock(inode: inode.number, block: UInt64(block))
    let node = try system.block(UInt64(block))
    try system.pay(.comparisons, node.count / 4)
    for slot in 0..<system.superblock.blockByteCount / 4 where !list.isComplete {
      try visit(node.u32(at: 4 * slot) ?? 0, level: level - 1, at: place)
    }
  }
}
