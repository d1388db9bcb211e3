// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A way through the extents of an inode in file order.
///
/// The walk can't loop: the level falls by one at each step down, no block of the map is empty,
/// file blocks only rise, and extents and blocks of the map are counted.
struct ExtentCursor<Device: BlockDevice> {
  private struct Step {
    let node: MapNode
    let place: XFSStructure
    var slot: Int
  }

  private let system: XFSFileSystem<Device>
  private let inode: Inode
  private let isFromStart: Bool
  /// The root and a node of each level below; empty after the last extent.
  private var steps: [Step] = []
  /// The first file block that the next extent may have.
  private var nextFileBlock: UInt64 = 0
  private var recordCount: UInt64 = 0
  private var readByteCount = 0
  private var hasBegun = false

  /// A way that begins with the extent that has `fileBlock`, or else the one before or after it.
  init(
    _ inode: Inode, in system: XFSFileSystem<Device>, from fileBlock: UInt64 = 0
  ) throws(XFSError) {
    guard inode.format == .extents || inode.format == .tree else {
      throw .badInode(inode.number, field: "format", value: UInt64(inode.format.rawValue))
    }
    self.system = system
    self.inode = inode
    isFromStart = fileBlock == 0
    let root = try MapNode(root: inode)
    guard root.entryCount > 0 else { return }
    steps = [Step(node: root, place: .inode(inode.number), slot: root.slot(for: fileBlock))]
    try descend(to: fileBlock)
  }

  /// The next extent, whose blocks are in the file system; nil after the last one.
  mutating func next() throws(XFSError) -> ExtentRecord? {
    // Not before it is asked for: the next leaf may not be wanted.
    if hasBegun { try advance() }
    hasBegun = true
    try system.pay(.comparisons)
    guard let leaf = steps.last else {
      // All have been seen, if the walk began with the first.
      guard !isFromStart || recordCount == inode.extentCount else {
        throw .badExtentCount(inode: inode.number, stored: inode.extentCount)
      }
      return nil
    }
    guard let record = leaf.node.record(leaf.slot) else { throw .badMapBlock(leaf.place) }
    guard record.count > 0, record.fileBlock >= nextFileBlock else {
      throw .badExtentOrder(leaf.place, fileBlock: record.fileBlock)
    }
    guard system.superblock.hasBlocks(record.block, record.count) else {
      throw .blockOutOfRange(leaf.place, block: record.block)
    }
    nextFileBlock = record.end
    recordCount += 1
    guard recordCount <= inode.extentCount else {
      throw .badExtentCount(inode: inode.number, stored: inode.extentCount)
    }
    return record
  }

  /// Goes to the next record.
  private mutating func advance() throws(XFSError) {
    while var last = steps.popLast() {
      last.slot += 1
      guard last.slot < last.node.entryCount else { continue }
      steps.append(last)
      try descend(to: 0)
      return
    }
  }

  /// Completes `steps` down to a leaf.
  private mutating func descend(to fileBlock: UInt64) throws(XFSError) {
    while let last = steps.last, last.node.level > 0 {
      let block = last.node.child(last.slot)
      guard system.superblock.hasBlocks(block, 1) else {
        throw .blockOutOfRange(last.place, block: block)
      }
      readByteCount += system.superblock.blockByteCount
      guard readByteCount <= XFSLimits.mapByteCount else {
        throw .tooFragmented(inode: inode.number)
      }
      let place = XFSStructure.mapBlock(inode: inode.number, block: block)
      let offset = system.superblock.byteOffset(ofBlock: block)
      try system.pay(.copiedBytes, system.superblock.blockByteCount)  // For the checksum.
      let node = try MapNode(
        system.bytes(at: offset, count: system.superblock.blockByteCount), byteOffset: offset,
        level: last.node.level - 1, inode: inode.number, of: system.superblock, at: place)
      steps.append(Step(node: node, place: place, slot: node.slot(for: fileBlock)))
    }
  }
}
