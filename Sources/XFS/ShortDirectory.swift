// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A directory inside its inode (`struct xfs_dir2_sf_hdr`): the number of entries, how many of
/// their inode numbers need eight bytes (if any does, all have them), the parent, and entries of
/// name's length, two bytes for the order, name, kind and inode.
struct ShortDirectory {
  /// An entry in use.
  struct Record {
    let inode: UInt64
    let nameOffset: Int
    let nameByteCount: Int
  }

  /// What `..` leads to.
  let parent: UInt64
  let view: ByteView
  private let place: XFSStructure
  private let hasFileTypes: Bool
  private let inodeByteCount: Int
  private var restCount: Int
  private var offset: Int

  init(_ inode: Inode, of superblock: Superblock) throws(XFSError) {
    guard let size = Int(exactly: inode.byteCount), let view = inode.fork.slice(at: 0, count: size)
    else { throw .badSize(inode: inode.number, byteCount: inode.byteCount) }
    place = .inode(inode.number)
    guard let count = view.u8(at: 0), let largeCount = view.u8(at: 1) else {
      throw .badDirectoryEntry(place, offset: 0)
    }
    self.view = view
    hasFileTypes = superblock.features.hasFileTypes
    inodeByteCount = largeCount > 0 ? 8 : 4
    restCount = Int(count)
    offset = 2 + inodeByteCount
    guard let parent = Self.number(view, at: 2, byteCount: inodeByteCount) else {
      throw .badDirectoryEntry(place, offset: 2)
    }
    self.parent = parent
  }

  /// The next entry; nil after the last of at most 255.
  mutating func next() throws(XFSError) -> Record? {
    guard restCount > 0 else { return nil }
    let start = offset
    guard let nameByteCount = view.u8(at: start), nameByteCount > 0 else {
      throw .badDirectoryEntry(place, offset: start)
    }
    let inodeOffset = start + 3 + Int(nameByteCount) + (hasFileTypes ? 1 : 0)
    guard let inode = Self.number(view, at: inodeOffset, byteCount: inodeByteCount) else {
      throw .badDirectoryEntry(place, offset: start)
    }
    restCount -= 1
    offset = inodeOffset + inodeByteCount
    return Record(inode: inode, nameOffset: start + 3, nameByteCount: Int(nameByteCount))
  }

  private static func number(_ view: ByteView, at offset: Int, byteCount: Int) -> UInt64? {
    byteCount == 8
      ? view.u64BigEndian(at: offset) : view.u32BigEndian(at: offset).map { UInt64($0) }
  }
}
