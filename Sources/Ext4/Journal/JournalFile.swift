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
    let offset = try byteOffset(of: block)
    do { return try system.bytes(at: offset, count: count) } catch { throw .unreadable(error) }
  }
}
