// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// One block of a directory: a chain of records that fills it (`struct ext4_dir_entry_2`).
///
/// The blocks of an index of a directory look like a record that is not in use to a reader that
/// does not know them, so that a chain of records is in every block.
struct DirectoryBlock {
  /// A record in use.
  struct Record {
    let inode: UInt32
    let nameOffset: Int
    let nameByteCount: Int
  }

  private let view: ByteView
  private let place: Ext4Structure
  private let inodeCount: UInt32
  private let hasFileTypes: Bool
  private var offset = 0
  /// The number of records so far, those not in use too.
  private(set) var stepCount = 0

  /// A chain at the start of the block `view`, which is at `place` in its directory.
  init(_ view: ByteView, at place: Ext4Structure, of superblock: Superblock) {
    self.view = view
    self.place = place
    inodeCount = superblock.inodeCount
    hasFileTypes = superblock.features.hasFileTypes
  }

  /// The next record in use; nil at the block's end. Each call moves on by 8 bytes at least.
  mutating func next() throws(Ext4Error) -> Record? {
    while offset < view.count {
      let start = offset
      guard let inode = view.u32(at: start), let stored = view.u16(at: start + 4),
        let nameByteCount = view.u8(at: start + 6)
      else { throw .badDirectoryEntry(place, offset: start) }
      let byteCount = Self.recordByteCount(stored, blockByteCount: view.count)
      guard byteCount >= 8 + (inode == 0 ? 0 : Int(nameByteCount)), byteCount & 3 == 0,
        byteCount <= view.count - start, inode <= inodeCount
      else { throw .badDirectoryEntry(place, offset: start) }
      offset = start + byteCount
      stepCount += 1
      if inode == 0 { continue }
      guard nameByteCount > 0 else { throw .badDirectoryEntry(place, offset: start) }
      return Record(
        inode: inode, nameOffset: start + 8, nameByteCount: Int(nameByteCount))
    }
    return nil
  }

  /// The name of a record of this block.
  func name(of record: Record) -> ByteString {
    view.string(at: record.nameOffset, count: record.nameByteCount) ?? ""
  }

  /// Whether a record of this block has `name`, without making a copy.
  func name(of record: Record, is name: ByteString) -> Bool {
    guard record.nameByteCount == name.count,
      let stored = view.slice(at: record.nameOffset, count: name.count)
    else { return false }
    return stored.withBytes { $0.elementsEqual(name.bytes) }
  }

  /// In blocks of 64 KiB the length of a record that fills its block does not fit, and is stored
  /// as 65535 or 0.
  static func recordByteCount(_ stored: UInt16, blockByteCount: Int) -> Int {
    blockByteCount == 65536 && (stored == 65535 || stored == 0) ? 65536 : Int(stored)
  }
}
