// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The extent tree of an inode (Linux's Documentation/filesystems/ext4, "Extent Tree").
///
/// A node has a header of 12 bytes (magic 0xf30a, number of entries, room, depth) and entries of
/// 12 bytes. The walk can't loop: depth falls by one at each step down, file blocks only rise, and
/// the index blocks read are counted.
struct ExtentTree<Device: BlockDevice> {
  private let system: Ext4FileSystem<Device>
  private let inode: Inode
  private var list: ExtentList
  private var readByteCount = 0
  /// The first file block that the next extent may have.
  private var nextLogical: UInt64 = 0

  /// The extents of `inode`, which has the flag for it.
  static func extents(
    of inode: Inode, in system: Ext4FileSystem<Device>
  ) throws(Ext4Error) -> [Extent] {
    // File blocks have 32 bits.
    guard inode.byteCount <= UInt64(system.superblock.blockByteCount) << 32 else {
      throw .badSize(inode: inode.number, byteCount: inode.byteCount)
    }
    var tree = ExtentTree(system, inode)
    let place = Ext4Structure.inode(inode.number)
    let header = try ExtentHeader(inode.blockField, at: place)
    try tree.visit(inode.blockField, header, at: place, below: 1 << 32)
    return try tree.list.finish()
  }

  private init(_ system: Ext4FileSystem<Device>, _ inode: Inode) {
    self.system = system
    self.inode = inode
    list = ExtentList(
      inode: inode.number, byteCount: inode.byteCount,
      blockByteCount: system.superblock.blockByteCount, work: system.volume.work)
  }

  /// Lists what is below a node, all of whose file blocks are under `end`. Recursion ends with
  /// the depth, which is 5 at most.
  private mutating func visit(
    _ node: ByteView, _ header: ExtentHeader, at place: Ext4Structure, below end: UInt64
  ) throws(Ext4Error) {
    try system.pay(.comparisons, header.entryCount)
    for slot in 0..<header.entryCount {
      guard let entry = node.slice(at: 12 + 12 * slot, count: 12), let logical = entry.u32(at: 0)
      else { throw .badExtentHeader(place) }
      if header.depth == 0 {
        try addLeaf(entry, logical, at: place, below: end)
      } else {
        guard UInt64(logical) >= nextLogical, UInt64(logical) < end else {
          throw .badExtentOrder(place, logicalBlock: logical)
        }
        nextLogical = UInt64(logical)
        let next = slot + 1 < header.entryCount ? node.u32(at: 24 + 12 * slot) : nil
        try visitChild(
          entry, depth: header.depth - 1, of: place, below: next.map { min(UInt64($0), end) } ?? end
        )
      }
    }
  }

  private mutating func visitChild(
    _ entry: ByteView, depth: Int, of place: Ext4Structure, below end: UInt64
  ) throws(Ext4Error) {
    guard let low = entry.u32(at: 4), let high = entry.u16(at: 8) else {
      throw .badExtentHeader(place)
    }
    let block = UInt64(high) << 32 | UInt64(low)
    guard system.hasBlocks(block, 1) else { throw .blockOutOfRange(place, block: block) }
    readByteCount += system.superblock.blockByteCount
    guard readByteCount <= Ext4Limits.mapByteCount else {
      throw .tooFragmented(inode: inode.number)
    }
    let child = Ext4Structure.extentBlock(inode: inode.number, block: block)
    let node = try system.block(block)
    let header = try ExtentHeader(node, at: child)
    guard header.depth == depth else { throw .badExtentHeader(child) }
    if system.superblock.features.hasMetadataChecksums {
      try system.pay(.copiedBytes, node.count)
      try header.verify(node, seed: inode.checksumSeed, at: child)
    }
    try visit(node, header, at: child, below: end)
  }

  /// Lists an extent: first file block at 0, length at 4 (over 32768: never written), upper half
  /// of the place at 6, lower one at 8.
  private mutating func addLeaf(
    _ entry: ByteView, _ logical: UInt32, at place: Ext4Structure, below end: UInt64
  ) throws(Ext4Error) {
    guard let length = entry.u16(at: 4), let high = entry.u16(at: 6), let low = entry.u32(at: 8)
    else { throw .badExtentHeader(place) }
    let isUnwritten = length > 32768
    let count = UInt64(isUnwritten ? length - 32768 : length)
    guard count > 0, UInt64(logical) >= nextLogical, UInt64(logical) + count <= end else {
      throw .badExtentOrder(place, logicalBlock: logical)
    }
    let block = UInt64(high) << 32 | UInt64(low)
    guard system.hasBlocks(block, count) else { throw .blockOutOfRange(place, block: block) }
    nextLogical = UInt64(logical) + count
    try list.append(logical: UInt64(logical), physical: isUnwritten ? nil : block, count: count)
  }
}

/// The first 12 bytes of a node of an extent tree, checked against the node's size.
struct ExtentHeader {
  let entryCount: Int
  let entryCountMax: Int
  let depth: Int

  init(_ node: ByteView, at place: Ext4Structure) throws(Ext4Error) {
    guard node.u16(at: 0) == 0xf30a, let count = node.u16(at: 2), let countMax = node.u16(at: 4),
      let depth = node.u16(at: 6), count <= countMax, 12 + 12 * Int(countMax) <= node.count,
      Int(depth) <= Ext4Limits.extentDepth
    else { throw .badExtentHeader(place) }
    entryCount = Int(count)
    entryCountMax = Int(countMax)
    self.depth = Int(depth)
  }

  /// Checks the checksum, which lies after the room for entries.
  func verify(_ node: ByteView, seed: UInt32, at place: Ext4Structure) throws(Ext4Error) {
    let offset = 12 + 12 * entryCountMax
    guard let stored = node.u32(at: offset), let covered = node.slice(at: 0, count: offset) else {
      throw .badExtentHeader(place)
    }
    let computed = Checksum.crc32c(seed, covered)
    guard ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(place, stored: stored, computed: computed)
    }
  }
}
