// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A node of the map of a data fork: the fork itself, or a block of the tree whose root the fork
/// has (`struct xfs_bmdr_block`, `struct xfs_btree_block`).
///
/// A leaf has records. A node above it has keys of 8 bytes, each the first file block below one
/// child, and after the room for all keys as many block numbers of 8 bytes.
final class MapNode {
  /// 0 for a leaf.
  let level: Int
  let entryCount: Int
  private let view: ByteView
  /// Where records or keys begin.
  private let start: Int
  private let entryCountMax: Int

  /// The data fork of `inode`, whose format is extents or tree.
  init(root inode: Inode) throws(XFSError) {
    let place = XFSStructure.inode(inode.number)
    view = inode.fork
    if inode.format == .extents {
      level = 0
      start = 0
      entryCountMax = view.count / ExtentRecord.byteCount
      guard inode.extentCount <= UInt64(entryCountMax) else {
        throw .badInode(inode.number, field: "nextents", value: inode.extentCount)
      }
      entryCount = Int(inode.extentCount)
      return
    }
    guard let level = view.u16BigEndian(at: 0), let count = view.u16BigEndian(at: 2) else {
      throw .badMapBlock(place)
    }
    start = 4
    entryCountMax = (view.count - 4) / 16
    guard level > 0, level < XFSLimits.mapDepth, count > 0, Int(count) <= entryCountMax else {
      throw .badMapBlock(place)
    }
    self.level = Int(level)
    entryCount = Int(count)
  }

  /// The block `view`, of `level` in the map of `inode`, read at `byteOffset`.
  init(
    _ view: ByteView, byteOffset: UInt64, level: Int, inode: UInt64, of superblock: Superblock,
    at place: XFSStructure
  ) throws(XFSError) {
    let hasChecksums = superblock.features.hasChecksums
    let magic = view.u32BigEndian(at: 0) ?? 0
    guard magic == (hasChecksums ? 0x424d_4133 : 0x424d_4150) else {
      throw .badMagic(place, magic: magic)
    }
    if hasChecksums {
      try BlockHeader.map.verify(
        view, byteOffset: byteOffset, inode: inode, of: superblock, at: place)
    }
    start = hasChecksums ? 72 : 24
    entryCountMax = (view.count - start) / 16
    guard view.u16BigEndian(at: 4) == UInt16(level), let count = view.u16BigEndian(at: 6),
      count > 0, Int(count) <= entryCountMax
    else { throw .badMapBlock(place) }
    self.level = level
    self.view = view
    entryCount = Int(count)
  }

  /// The record `slot` of a leaf.
  func record(_ slot: Int) -> ExtentRecord? {
    ExtentRecord(view, at: start + ExtentRecord.byteCount * slot)
  }

  /// The block of the child `slot`.
  func child(_ slot: Int) -> UInt64 {
    view.u64BigEndian(at: start + 8 * entryCountMax + 8 * slot) ?? 0
  }

  /// The last slot whose first file block is not after `fileBlock`; the first if all are.
  func slot(for fileBlock: UInt64) -> Int {
    // The slot is at or after `low` and before `high`.
    var low = 0
    var high = entryCount
    while high - low > 1 {
      let middle = (low + high) / 2
      if key(middle) > fileBlock { high = middle } else { low = middle }
    }
    return low
  }

  private func key(_ slot: Int) -> UInt64 {
    level == 0 ? record(slot)?.fileBlock ?? 0 : view.u64BigEndian(at: start + 8 * slot) ?? 0
  }
}
