// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FileSystem

/// An inode in use (`struct ext4_inode`), with its checksum checked.
final class Inode {
  let number: UInt32
  let mode: UInt16
  let byteCount: UInt64
  let flags: UInt32
  /// `i_block`: 60 bytes of block map, extent tree, link target or data.
  let blockField: ByteView
  let modificationTime: Int64
  /// `i_blocks_lo`, in sectors of 512 bytes or blocks.
  let allocatedCount: UInt32
  let attributeBlock: UInt64
  /// What the checksums of its blocks begin with.
  let checksumSeed: UInt32
  /// All of the inode as stored.
  let raw: ByteView

  init(_ view: ByteView, number: UInt32, of superblock: Superblock) throws(Ext4Error) {
    guard let mode = view.u16(at: 0), let sizeLow = view.u32(at: 0x4),
      let time = view.u32(at: 0x10), let linkCount = view.u16(at: 0x1a),
      let allocated = view.u32(at: 0x1c), let flags = view.u32(at: 0x20),
      let blockField = view.slice(at: 0x28, count: 60), let generation = view.u32(at: 0x64),
      let attributesLow = view.u32(at: 0x68), let sizeHigh = view.u32(at: 0x6c),
      let attributesHigh = view.u16(at: 0x76)
    else { throw .badSuperblock(field: "inode_size", value: UInt64(view.count)) }
    let extraByteCount = view.count > 128 ? Int(view.u16(at: 0x80) ?? 0) : 0
    checksumSeed = Checksum.crc32c(
      Checksum.crc32c(superblock.checksumSeed, number), generation)
    if superblock.features.hasMetadataChecksums {
      try Self.verify(view, number, seed: checksumSeed, extraByteCount: extraByteCount)
    }
    guard mode != 0, linkCount > 0 else { throw .unusedInode(number) }
    self.number = number
    self.mode = mode
    self.flags = flags
    self.blockField = blockField
    raw = view
    allocatedCount = allocated
    attributeBlock = UInt64(attributesHigh) << 32 | UInt64(attributesLow)
    // Other kinds keep i_dir_acl here.
    let isWide =
      mode & 0xf000 == 0x8000
      || (mode & 0xf000 == 0x4000 && superblock.features.hasLargeDirectories)
    byteCount = (isWide ? UInt64(sizeHigh) << 32 : 0) | UInt64(sizeLow)
    // The two low bits of i_mtime_extra go on where 32 bits end.
    let extra = extraByteCount >= 12 ? view.u32(at: 0x88) ?? 0 : 0
    modificationTime = Int64(Int32(bitPattern: time)) + Int64(extra & 3) << 32
  }

  var kind: NodeKind {
    switch mode & 0xf000 {
    case 0x8000: .file
    case 0x4000: .directory
    case 0xa000: .symbolicLink
    default: .special
    }
  }

  var hasExtents: Bool { flags & 0x80000 != 0 }
  var hasIndex: Bool { flags & 0x1000 != 0 }
  var hasInlineData: Bool { flags & 0x1000_0000 != 0 }
  var foldsCase: Bool { flags & 0x4000_0000 != 0 }
  var isEncrypted: Bool { flags & 0x800 != 0 }

  /// Whether `i_block` holds the target of the symbolic link. Its size alone decides, as in
  /// e2fsprogs: allocated blocks may be those of attributes, of which a cluster, or an inode for a
  /// large value, has any number.
  var isFastLink: Bool { byteCount < 60 && !hasExtents }

  private static func verify(
    _ view: ByteView, _ number: UInt32, seed: UInt32, extraByteCount: Int
  ) throws(Ext4Error) {
    // i_checksum_hi is there if the inode's extra part reaches over it.
    let hasHigh = view.count > 128 && extraByteCount >= 4
    let computed = Checksum.crc32c(
      seed, view, zeroing: hasHigh ? [(0x7c, 2), (0x82, 2)] : [(0x7c, 2)])
    let low = UInt32(view.u16(at: 0x7c) ?? 0)
    let high = hasHigh ? UInt32(view.u16(at: 0x82) ?? 0) : 0
    let expected = hasHigh ? computed : computed & 0xffff
    guard high << 16 | low == expected else {
      throw .badChecksum(.inode(number), stored: high << 16 | low, computed: expected)
    }
  }
}
