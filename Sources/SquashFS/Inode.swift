// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// An inode, of the basic or the extended form (squashfs.rst, section 3.3).
struct Inode {
  /// What an inode of each type has after what all have.
  enum Contents {
    case directory(Directory)
    case file(File)
    /// The number of bytes of the target, and where they are.
    case symbolicLink(byteCount: UInt32, MetadataCursor)
    case special
  }

  /// Where a directory's names are.
  struct Directory {
    /// The start of a block of metadata in the table of directories.
    let block: UInt32
    /// The byte in what this unpacks to.
    let offset: UInt16
    /// The size as Linux shows it: three more than there are bytes.
    let byteCount: UInt64
    /// The entries of the index, and where they are.
    let indexCount: Int
    let index: MetadataCursor
  }

  /// Where a file's contents are.
  struct File {
    /// The first block, in bytes of the volume.
    let byteOffset: UInt64
    let byteCount: UInt64
    /// The fragment that the end is in, and where; nil if the end is a block like the others.
    let fragment: (index: UInt32, offset: UInt32)?
    /// Where the stored sizes of the blocks are.
    let sizes: MetadataCursor
  }

  private static let noFragment: UInt32 = .max

  /// The permission bits.
  let mode: UInt16
  let modificationTime: UInt32
  let contents: Contents

  /// Reads the inode at `cursor`.
  init<Device: BlockDevice>(
    _ metadata: Metadata<Device>, at start: MetadataCursor, _ place: SquashFSStructure
  ) throws(SquashFSError) {
    var cursor = start
    let common = try metadata.read(16, at: &cursor, for: place)
    guard let type = common.u16(at: 0), let mode = common.u16(at: 2),
      let time = common.u32(at: 8)
    else { throw .metadataTooShort(place) }
    self.mode = mode & 0xfff
    modificationTime = time
    switch type {
    case 1: contents = try Self.directory(metadata, &cursor, place)
    case 2: contents = try Self.file(metadata, &cursor, place)
    case 3, 10:
      guard let count = try metadata.read(8, at: &cursor, for: place).u32(at: 4) else {
        throw .metadataTooShort(place)
      }
      contents = .symbolicLink(byteCount: count, cursor)
    case 4...7, 11...14: contents = .special
    case 8: contents = try Self.extendedDirectory(metadata, &cursor, place)
    case 9: contents = try Self.extendedFile(metadata, &cursor, place)
    default: throw .badInodeType(place, type: type)
    }
  }

  private static func directory<Device: BlockDevice>(
    _ metadata: Metadata<Device>, _ cursor: inout MetadataCursor, _ place: SquashFSStructure
  ) throws(SquashFSError) -> Contents {
    let view = try metadata.read(16, at: &cursor, for: place)
    guard let block = view.u32(at: 0), let count = view.u16(at: 8), let offset = view.u16(at: 10)
    else { throw .metadataTooShort(place) }
    return .directory(
      Directory(
        block: block, offset: offset, byteCount: UInt64(count), indexCount: 0, index: cursor))
  }

  private static func extendedDirectory<Device: BlockDevice>(
    _ metadata: Metadata<Device>, _ cursor: inout MetadataCursor, _ place: SquashFSStructure
  ) throws(SquashFSError) -> Contents {
    let view = try metadata.read(24, at: &cursor, for: place)
    guard let count = view.u32(at: 4), let block = view.u32(at: 8),
      let indexCount = view.u16(at: 16), let offset = view.u16(at: 18)
    else { throw .metadataTooShort(place) }
    return .directory(
      Directory(
        block: block, offset: offset, byteCount: UInt64(count), indexCount: Int(indexCount),
        index: cursor))
  }

  private static func file<Device: BlockDevice>(
    _ metadata: Metadata<Device>, _ cursor: inout MetadataCursor, _ place: SquashFSStructure
  ) throws(SquashFSError) -> Contents {
    let view = try metadata.read(16, at: &cursor, for: place)
    guard let start = view.u32(at: 0), let fragment = view.u32(at: 4),
      let offset = view.u32(at: 8), let count = view.u32(at: 12)
    else { throw .metadataTooShort(place) }
    return .file(
      File(
        byteOffset: UInt64(start), byteCount: UInt64(count),
        fragment: fragment == noFragment ? nil : (fragment, offset), sizes: cursor))
  }

  private static func extendedFile<Device: BlockDevice>(
    _ metadata: Metadata<Device>, _ cursor: inout MetadataCursor, _ place: SquashFSStructure
  ) throws(SquashFSError) -> Contents {
    let view = try metadata.read(40, at: &cursor, for: place)
    guard let start = view.u64(at: 0), let count = view.u64(at: 8),
      let fragment = view.u32(at: 28), let offset = view.u32(at: 32)
    else { throw .metadataTooShort(place) }
    return .file(
      File(
        byteOffset: start, byteCount: count,
        fragment: fragment == noFragment ? nil : (fragment, offset), sizes: cursor))
  }
}
