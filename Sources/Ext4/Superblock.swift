// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The superblock, 1024 bytes at byte 1024 of the volume, with every field in its bounds
/// (`struct ext4_super_block`).
final class Superblock {
  /// Where it is, and its size.
  static let byteOffset: UInt64 = 1024
  static let byteCount = 1024

  let features: FeatureFlags
  let inodeCount: UInt32
  let blockCount: UInt64
  let firstDataBlock: UInt32
  /// 1024 to 65536.
  let blockByteCount: Int
  let blocksPerGroup: UInt32
  let inodesPerGroup: UInt32
  /// 128 to the block size, a power of two.
  let inodeByteCount: Int
  /// 32 to 1024, a power of two.
  let descriptorByteCount: Int
  let firstMetaGroup: UInt32
  let backupGroups: [UInt32]
  let uuid: GUID
  let label: ByteString
  let hashSeed: [UInt32]
  /// `s_flags`: whether the hash of names takes bytes as unsigned.
  let hashIsUnsigned: Bool
  /// Whether directories with the flag for it fold case, by the one encoding that there is
  /// (`s_encoding` 1, UTF-8 of Unicode 12.1).
  let foldsCase: Bool
  /// What every CRC-32C of metadata begins with.
  let checksumSeed: UInt32
  /// `s_journal_inum`: the inode of the journal; 0 if that is on another device.
  let journalInode: UInt32
  /// `s_state`: 1 after a clean unmount, 2 if errors were seen.
  let state: UInt16

  /// Whether the magic number is there.
  static func isPresent(in view: ByteView) -> Bool { view.u16(at: 0x38) == 0xef53 }

  /// Decodes the 1024 bytes, and checks them.
  init(_ view: ByteView) throws(Ext4Error) {
    guard view.count == Self.byteCount, Self.isPresent(in: view),
      let uuid = GUID(view, at: 0x68), let label = view.terminatedString(at: 0x78, count: 16),
      let revision = view.u32(at: 0x4c)
    else { throw .notExt4 }
    let isDynamic = revision > 0
    features = FeatureFlags(
      compatible: isDynamic ? view.field(0x5c) : 0, incompatible: isDynamic ? view.field(0x60) : 0,
      readOnlyCompatible: isDynamic ? view.field(0x64) : 0)
    if let name = features.unsupportedName { throw .unsupportedFeature(name) }
    if features.hasMetadataChecksums { try Self.verify(view) }
    self.uuid = uuid
    state = view.u16(at: 0x3a) ?? 0
    self.label = label
    let idSeed = CRC32.castagnoli.update(~0, uuid.bytes)
    checksumSeed = features.hasChecksumSeed ? view.field(0x270) : idSeed
    hashSeed = [0xec, 0xf0, 0xf4, 0xf8].map { view.field($0) }
    hashIsUnsigned = view.field(0x160) & 2 != 0
    foldsCase = features.hasCaseFold && view.u16(at: 0x27c) == 1
    backupGroups = [view.field(0x24c), view.field(0x250)]
    firstMetaGroup = view.field(0x104)
    journalInode = view.field(0xe0)

    let logBlockSize = view.field(0x18)
    guard logBlockSize <= 6 else {
      throw .badSuperblock(field: "log_block_size", value: UInt64(logBlockSize))
    }
    let blockByteCount = 1024 << Int(logBlockSize)
    self.blockByteCount = blockByteCount
    let inodeSize = isDynamic ? Int(view.u16(at: 0x58) ?? 0) : 128
    guard inodeSize >= 128, inodeSize <= blockByteCount, inodeSize & (inodeSize - 1) == 0 else {
      throw .badSuperblock(field: "inode_size", value: UInt64(inodeSize))
    }
    inodeByteCount = inodeSize
    let storedDescriptorSize = Int(view.u16(at: 0xfe) ?? 0)
    descriptorByteCount = features.is64Bit ? storedDescriptorSize : 32
    guard descriptorByteCount >= (features.is64Bit ? 64 : 32), descriptorByteCount <= 1024,
      descriptorByteCount & (descriptorByteCount - 1) == 0
    else { throw .badSuperblock(field: "desc_size", value: UInt64(storedDescriptorSize)) }

    inodeCount = view.field(0x0)
    inodesPerGroup = view.field(0x28)
    blocksPerGroup = view.field(0x20)
    firstDataBlock = view.field(0x14)
    let high = features.is64Bit ? UInt64(view.field(0x150)) : 0
    blockCount = high << 32 | UInt64(view.field(0x4))
    try checkGeometry(clusterLog: view.field(0x1c), blockLog: logBlockSize)
  }

  /// The number of block groups.
  var groupCount: UInt64 {
    (blockCount - UInt64(firstDataBlock) + UInt64(blocksPerGroup) - 1) / UInt64(blocksPerGroup)
  }

  /// The size of the file system in bytes.
  var byteCount: UInt64 { blockCount * UInt64(blockByteCount) }

  /// Whether `group` begins with a copy of the superblock.
  func groupHasSuperblock(_ group: UInt64) -> Bool {
    if group == 0 { return true }
    if features.hasSparseSuper2 { return backupGroups.contains { UInt64($0) == group } }
    if !features.hasSparseSuper || group == 1 { return true }
    for base: UInt64 in [3, 5, 7] {
      var rest = group
      while rest % base == 0 { rest /= base }
      if rest == 1 { return true }
    }
    return false
  }

  private func checkGeometry(clusterLog: UInt32, blockLog: UInt32) throws(Ext4Error) {
    let bitCount = UInt64(8 * blockByteCount)
    // With bigalloc a bit of the bitmap stands for a cluster of blocks.
    let hasClusters = features.hasBigAllocation
    guard !hasClusters || (clusterLog >= blockLog && clusterLog <= 20) else {
      throw .badSuperblock(field: "log_cluster_size", value: UInt64(clusterLog))
    }
    let blocksPerGroupMax = hasClusters ? bitCount << UInt64(clusterLog - blockLog) : bitCount
    guard blocksPerGroup > 0, UInt64(blocksPerGroup) <= blocksPerGroupMax else {
      throw .badSuperblock(field: "blocks_per_group", value: UInt64(blocksPerGroup))
    }
    guard inodesPerGroup > 0, UInt64(inodesPerGroup) <= bitCount else {
      throw .badSuperblock(field: "inodes_per_group", value: UInt64(inodesPerGroup))
    }
    guard firstDataBlock <= 1, blockByteCount == 1024 || firstDataBlock == 0 else {
      throw .badSuperblock(field: "first_data_block", value: UInt64(firstDataBlock))
    }
    guard blockCount > UInt64(firstDataBlock), blockCount <= 1 << 47 else {
      throw .badSuperblock(field: "blocks_count", value: blockCount)
    }
    guard groupCount <= UInt64(UInt32.max) else {
      throw .badSuperblock(field: "blocks_count", value: blockCount)
    }
    // The product has at most 52 bits.
    guard inodeCount > 0, UInt64(inodeCount) <= groupCount * UInt64(inodesPerGroup) else {
      throw .badSuperblock(field: "inodes_count", value: UInt64(inodeCount))
    }
  }

  private static func verify(_ view: ByteView) throws(Ext4Error) {
    let type = UInt64(view.u8(at: 0x175) ?? 0)
    guard type == 1 else { throw .badSuperblock(field: "checksum_type", value: type) }
    guard let covered = view.slice(at: 0, count: 0x3fc) else { throw .notExt4 }
    let stored = view.field(0x3fc)
    let computed = Checksum.crc32c(~0, covered)
    guard ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(.superblock, stored: stored, computed: computed)
    }
  }
}

extension ByteView {
  /// The four bytes at `offset` of a structure whose size has been checked; 0 past its end.
  fileprivate func field(_ offset: Int) -> UInt32 { u32(at: offset) ?? 0 }
}
