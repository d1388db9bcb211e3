// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Collects where the blocks of a file are, in file order, and gives extents that are merged as
/// far as they can be and add up to the file's size exactly.
struct ExtentList {
  private let inode: UInt32
  private let blockByteCount: UInt64
  private let byteCount: UInt64
  private let work: WorkAccount
  private var runs = ExtentRuns()
  /// The bytes of the file up to here are listed.
  private var position: UInt64 = 0

  /// A list for a file of `byteCount` bytes, which its map is able to hold.
  init(inode: UInt32, byteCount: UInt64, blockByteCount: Int, work: WorkAccount) {
    self.inode = inode
    self.work = work
    self.byteCount = byteCount
    self.blockByteCount = UInt64(blockByteCount)
  }

  /// Whether the file's size is reached.
  var isComplete: Bool { position == byteCount }

  /// Lists `count` blocks from file block `logical` on; before them is a hole if there is room.
  /// `physical` is their place, checked to be in the file system; nil for blocks never written.
  /// `logical + count` has at most 47 bits.
  mutating func append(logical: UInt64, physical: UInt64?, count: UInt64) throws(Ext4Error) {
    let start = min(byteCount, logical * blockByteCount)
    let end = min(byteCount, (logical + count) * blockByteCount)
    if start > position { try add(.zeros(byteCount: start - position)) }
    guard end > position else { return }
    let here = end - position
    if let physical {
      try add(.run(byteOffset: physical * blockByteCount, byteCount: here))
    } else {
      try add(.zeros(byteCount: here))
    }
  }

  /// The list, with a hole after the last block if the file is longer.
  mutating func finish() throws(Ext4Error) -> [Extent] {
    if position < byteCount { try add(.zeros(byteCount: byteCount - position)) }
    return runs.extents
  }

  private mutating func add(_ extent: Extent) throws(Ext4Error) {
    position += extent.byteCount
    do { try runs.append(extent, paidBy: work) } catch { throw .device(error) }
    guard runs.extents.count <= Ext4Limits.extentCount else {
      throw .tooFragmented(inode: inode)
    }
  }
}
