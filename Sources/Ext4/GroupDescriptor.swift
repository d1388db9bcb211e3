// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The descriptor of a block group (`struct ext4_group_desc`): of it, only where the inodes are.
struct GroupDescriptor: Equatable {
  /// The first block of the group's inode table.
  let inodeTable: UInt64

  /// What is wrong with it, if its checksum is.
  let damage: Ext4Error?

  /// Decodes and checks the descriptor of `group`. One with a wrong checksum is used all the same:
  /// where it leads is checked, and inodes have checksums of their own.
  init(_ view: ByteView, group: UInt32, of superblock: Superblock) throws(Ext4Error) {
    guard let low = view.u32(at: 0x8), let stored = view.u16(at: 0x1e) else {
      throw .badSuperblock(field: "desc_size", value: UInt64(view.count))
    }
    let computed = Self.checksum(view, group: group, of: superblock)
    damage =
      computed == nil || computed == stored
      ? nil
      : .badChecksum(
        .groupDescriptor(group), stored: UInt32(stored), computed: UInt32(computed ?? 0))
    let high = superblock.features.is64Bit ? view.u32(at: 0x28) ?? 0 : 0
    inodeTable = UInt64(high) << 32 | UInt64(low)
  }

  /// Where the descriptor of `group` is, in bytes from the volume's start.
  static func byteOffset(of group: UInt64, in superblock: Superblock) -> UInt64 {
    let perBlock = UInt64(superblock.blockByteCount / superblock.descriptorByteCount)
    let metaGroup = group / perBlock
    // The superblock is in block 1 if blocks have 1 KiB, even if bigalloc counts from block 0.
    let superblockBlock: UInt64 = superblock.blockByteCount == 1024 ? 1 : 0
    var block = superblockBlock + 1 + metaGroup
    if superblock.features.hasMetaGroups && metaGroup >= UInt64(superblock.firstMetaGroup) {
      // Each meta group keeps its block of descriptors in its first group.
      let home = metaGroup * perBlock
      let start = UInt64(superblock.firstDataBlock) + home * UInt64(superblock.blocksPerGroup)
      block =
        home == 0
        ? superblockBlock + 1 : start + (superblock.groupHasSuperblock(home) ? 1 : 0)
    }
    let offset = group % perBlock * UInt64(superblock.descriptorByteCount)
    return block * UInt64(superblock.blockByteCount) + offset
  }

  /// The checksum that it should have; nil if the file system has none.
  private static func checksum(
    _ view: ByteView, group: UInt32, of superblock: Superblock
  ) -> UInt16? {
    if superblock.features.hasMetadataChecksums {
      let seed = Checksum.crc32c(superblock.checksumSeed, group)
      return UInt16(truncatingIfNeeded: Checksum.crc32c(seed, view, zeroing: [(0x1e, 2)]))
    }
    guard superblock.features.hasGroupChecksums, let head = view.slice(at: 0, count: 0x1e),
      let tail = view.suffix(from: 0x20)
    else { return nil }
    var state = Checksum.crc16(~0, superblock.uuid.bytes)
    state = Checksum.crc16(state, Checksum.littleEndian(group))
    state = Checksum.crc16(state, head.bytes)
    return Checksum.crc16(state, tail.bytes)
  }
}

/// The descriptor that was read and checked last, shared by all copies of a file system.
final class LastGroup {
  var last: (group: UInt32, descriptor: GroupDescriptor)?
  /// What was wrong with the first bad one.
  var damage: Ext4Error?
}
