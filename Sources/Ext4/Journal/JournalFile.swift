// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// The file that holds the journal: which of its blocks is where on the volume.
struct JournalFile<Device: BlockDevice> {
  private struct Run {
    /// The first byte in the file.
    let position: UInt64
    let byteOffset: UInt64
    let byteCount: UInt64
  }

  private let system: Ext4FileSystem<Device>
  private var runs: [Run] = []
  private var readByteCount: UInt64 = 0
  private let readByteCountMax: UInt64

  /// The number of blocks in the file.
  let blockCount: UInt64

  /// The file of the inode that the superblock names. `system` has no journal replayed.
  init(
    of system: Ext4FileSystem<Device>, readByteCountMax: UInt64 = Ext4Limits.journalReadByteCount
  ) throws(JournalError) {
    self.system = system
    self.readByteCountMax = readByteCountMax
    let number = system.superblock.journalInode
    guard number != 0 else { throw .external }
    let extents: [Extent]
    do throws(Ext4Error) {
      let inode = try system.inode(number)
      guard inode.kind == .file, !inode.hasInlineData else { throw .notAFile(inode: number) }
      blockCount = inode.byteCount / UInt64(system.superblock.blockByteCount)
      extents = try system.extents(of: inode)
    } catch { throw .unreadable(error) }
    do throws(BlockError) {
      try system.volume.work.payMemory(byteCount: 2 * extents.count * MemoryLayout<Run>.stride)
    } catch { throw .unreadable(.device(error)) }
    var position: UInt64 = 0
    for extent in extents {
      if case .run(let offset, let count) = extent {
        runs.append(Run(position: position, byteOffset: offset, byteCount: count))
      }
      // The extents add up to the file's size.
      position += extent.byteCount
    }
  }

  /// Where a block is on the volume, in bytes.
  func byteOffset(of block: UInt32) throws(JournalError) -> UInt64 {
    let position = UInt64(block) * UInt64(system.superblock.blockByteCount)
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].position <= position { low = middle + 1 } else { high = middle }
    }
    // The last run that begins at `position` or before it.
    guard low > 0, position - runs[low - 1].position < runs[low - 1].byteCount else {
      throw .hole(block: block)
    }
    return runs[low - 1].byteOffset + (position - runs[low - 1].position)
  }

  /// The first `byteCount` bytes of a block, all of it by default.
  mutating func read(_ block: UInt32, count: Int? = nil) throws(JournalError) -> ByteView {
    let count = count ?? system.superblock.blockByteCount
    readByteCount += UInt64(count)
    guard readByteCount <= readByteCountMax else {
      throw .tooLong(byteCountMax: readByteCountMax)
    }
    // Each is summed up, or gone through for its tags.
    try pay(.copiedBytes, count)
    let offset = try byteOffset(of: block)
    do { return try system.bytes(at: offset, count: count) } catch { throw .unreadable(error) }
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(JournalError) {
    do throws(BlockError) { try system.volume.work.pay(kind, count) } catch {
      throw .unreadable(.device(error))
    }
  }

  /// Pays for an element more of a list of what is in the log, and for the list's growth.
  func payElement(_ count: Int, byteCount: Int) throws(JournalError) {
    do throws(BlockError) {
      try system.volume.work.pay(.lookups)
      try system.volume.work.payGrowth(elementCount: count, elementByteCount: byteCount)
    } catch { throw .unreadable(.device(error)) }
  }

  /// Pays for a list of `count` elements that is put in order, and the indices that that takes.
  func paySort(_ count: Int) throws(JournalError) {
    do throws(BlockError) {
      try system.volume.work.pay(.lookups, 2 * count)
      try system.volume.work.payMemory(byteCount: 8 * count * MemoryLayout<Int>.stride)
    } catch { throw .unreadable(.device(error)) }
  }
}
