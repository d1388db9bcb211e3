// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A block with entries of a directory, which follow each other without gaps between the header and
/// the end (`struct xfs_dir2_data_entry`, `struct xfs_dir2_data_unused`).
///
/// A directory of one block has its index at the end of the same block: hashes with the places of
/// their entries, and after them the number of these, and how many of them are not in use.
struct DirectoryBlock {
  /// An entry in use.
  struct Record {
    let inode: UInt64
    let nameOffset: Int
    let nameByteCount: Int
  }

  let view: ByteView
  /// The index, if the directory is this block alone.
  let hashes: HashTable?
  private let place: XFSStructure
  private let hasFileTypes: Bool
  private let start: Int
  private let end: Int
  private var offset: Int
  /// The number of entries so far, those not in use too.
  private(set) var stepCount = 0

  /// The block `view`, whose header has been checked but for its magic number.
  init(_ view: ByteView, of superblock: Superblock, at place: XFSStructure) throws(XFSError) {
    let magic = view.u32BigEndian(at: 0) ?? 0
    let hasChecksums = superblock.features.hasChecksums
    let isWhole = magic == (hasChecksums ? 0x5844_4233 : 0x5844_3242)
    guard isWhole || magic == (hasChecksums ? 0x5844_4433 : 0x5844_3244) else {
      throw .badMagic(place, magic: magic)
    }
    self.view = view
    self.place = place
    hasFileTypes = superblock.features.hasFileTypes
    start = hasChecksums ? 64 : 16
    offset = start
    guard isWhole else {
      hashes = nil
      end = view.count
      return
    }
    let count = Int(view.u32BigEndian(at: view.count - 8) ?? 0)
    // At most 65536 bytes have room for fewer.
    guard count <= 8192, view.count - 8 - 8 * count >= start else {
      throw .badDirectoryEntry(place, offset: view.count - 8)
    }
    end = view.count - 8 - 8 * count
    hashes = HashTable(view, at: end, count: count)
  }

  /// The next entry in use; nil at the block's end. Each turn moves on by 8 bytes at least.
  mutating func next() throws(XFSError) -> Record? {
    while offset < end {
      let here = offset
      stepCount += 1
      if view.u16BigEndian(at: here) == 0xffff {
        let byteCount = Int(view.u16BigEndian(at: here + 2) ?? 0)
        guard byteCount >= 8, byteCount & 7 == 0, byteCount <= end - here else {
          throw .badDirectoryEntry(place, offset: here)
        }
        offset = here + byteCount
        continue
      }
      let (record, byteCount) = try record(at: here)
      offset = here + byteCount
      return record
    }
    return nil
  }

  /// The entry that begins at byte `offset` of the block, and its length, a multiple of 8. Its last
  /// two bytes say again where it begins.
  func record(at offset: Int) throws(XFSError) -> (record: Record, byteCount: Int) {
    guard offset >= start, offset & 7 == 0, let inode = view.u64BigEndian(at: offset),
      inode >> 48 != 0xffff, let nameByteCount = view.u8(at: offset + 8), nameByteCount > 0
    else { throw .badDirectoryEntry(place, offset: offset) }
    let used = 9 + Int(nameByteCount) + (hasFileTypes ? 1 : 0) + 2
    let byteCount = (used + 7) / 8 * 8
    guard byteCount <= end - offset,
      Int(view.u16BigEndian(at: offset + byteCount - 2) ?? 0) == offset
    else { throw .badDirectoryEntry(place, offset: offset) }
    let record = Record(
      inode: inode, nameOffset: offset + 9, nameByteCount: Int(nameByteCount))
    return (record, byteCount)
  }
}
