// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Collects where the blocks of a file are, in file order, and gives extents that are merged as
/// far as they can be and add up to the file's size exactly.
struct ExtentList {
  private let inode: Inode
  private let superblock: Superblock
  private let work: WorkAccount
  private let blockByteCount: UInt64
  /// The blocks that the file's bytes reach into.
  private let blockCount: UInt64
  private var runs = ExtentRuns()
  /// The bytes of the file up to here are listed.
  private var position: UInt64 = 0

  /// A list for the contents of `inode`, whose size has at most 63 bits.
  init(_ inode: Inode, of superblock: Superblock, work: WorkAccount) {
    self.work = work
    self.inode = inode
    self.superblock = superblock
    blockByteCount = UInt64(superblock.blockByteCount)
    blockCount = (inode.byteCount + blockByteCount - 1) / blockByteCount
  }

  /// Whether the file's size is reached.
  var isComplete: Bool { position == inode.byteCount }

  /// Lists an extent, whose blocks are in the file system; before it is a hole if there is room.
  /// What is after the file's end is left out.
  mutating func append(_ record: ExtentRecord) throws(XFSError) {
    // Block counts are capped before they are made bytes: neither product is over the size by more
    // than a block.
    let start = min(inode.byteCount, min(blockCount, record.fileBlock) * blockByteCount)
    let end = min(inode.byteCount, min(blockCount, record.end) * blockByteCount)
    if start > position { try add(.zeros(byteCount: start - position)) }
    guard end > position else { return }
    let here = end - position
    if record.isUnwritten {
      try add(.zeros(byteCount: here))
    } else {
      try add(.run(byteOffset: superblock.byteOffset(ofBlock: record.block), byteCount: here))
    }
  }

  /// The list, with a hole after the last block if the file is longer.
  mutating func finish() throws(XFSError) -> [Extent] {
    if position < inode.byteCount { try add(.zeros(byteCount: inode.byteCount - position)) }
    return runs.extents
  }

  private mutating func add(_ extent: Extent) throws(XFSError) {
    position += extent.byteCount
    do { try runs.append(extent, paidBy: work) } catch { throw .device(error) }
    guard runs.extents.count <= XFSLimits.extentCount else {
      throw .tooFragmented(inode: inode.number)
    }
  }
}
