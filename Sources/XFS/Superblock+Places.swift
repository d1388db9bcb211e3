// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Numbers of blocks and inodes, which have the group in their upper bits, and where they are.
extension Superblock {
  /// Whether `count` blocks from `block` on are in one group, after its headers.
  func hasBlocks(_ block: UInt64, _ count: UInt64) -> Bool {
    let group = block >> groupBlockLog
    let inGroup = block & (1 << groupBlockLog - 1)
    guard group < UInt64(groupCount), inGroup > lastHeaderBlock else { return false }
    let size = blockCount(ofGroup: group)
    return inGroup < size && count <= size - inGroup
  }

  /// Where `block`, which `hasBlocks`, is on the volume. The file system fits on it, so that the
  /// product does.
  func byteOffset(ofBlock block: UInt64) -> UInt64 {
    let group = block >> groupBlockLog
    let inGroup = block & (1 << groupBlockLog - 1)
    return (group * UInt64(groupBlockCount) + inGroup) << blockLog
  }

  /// Where the inode `number` is on the volume: group, block in the group and slot in the block
  /// are its bits.
  func byteOffset(ofInode number: UInt64) throws(XFSError) -> UInt64 {
    let block = number >> inodesPerBlockLog
    let slot = number & (1 << inodesPerBlockLog - 1)
    guard hasBlocks(block, 1) else { throw .inodeOutOfRange(number) }
    return byteOffset(ofBlock: block) + slot * UInt64(inodeByteCount)
  }
}
