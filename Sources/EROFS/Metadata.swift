// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Metadata are on the volume, or packed in the metabox. An inode and what follows it are in the
/// same place.
extension EROFSFileSystem {
  /// How many bytes there are where an inode is.
  @inline(never)
  func metadataByteCount(inMetabox isInMetabox: Bool) throws(EROFSError) -> UInt64 {
    isInMetabox ? try metabox().byteCount : volume.byteCount
  }

  /// Bytes where `inode` is. Throws if they are not all there.
  @inline(never)
  func metadata(
    of inode: Inode, at byteOffset: UInt64, count: UInt64
  ) throws(EROFSError) -> ByteView {
    let all = try metadataByteCount(inMetabox: inode.isInMetabox)
    guard byteOffset <= all, count <= all - byteOffset else {
      throw .outOfRange(inode: inode.number, byteOffset: byteOffset)
    }
    return try metadata(
      at: byteOffset, count: Int(clamping: count), inMetabox: inode.isInMetabox)
  }

  /// An extent of bytes that follow `inode`, which do not leave a block. Throws if they are not
  /// there.
  @inline(never)
  func metadataExtent(
    of inode: Inode, at byteOffset: UInt64, count: UInt64
  ) throws(EROFSError) -> Extent {
    let size = superblock.blockByteCount
    guard byteOffset % size + count <= size else {
      throw .badInode(inode.number, field: "the size of the end behind it", value: count)
    }
    if inode.isInMetabox {
      return .inline(try metadata(of: inode, at: byteOffset, count: count).withBytes { Array($0) })
    }
    return .run(byteOffset: try checked(byteOffset, count, of: inode), byteCount: count)
  }

  /// Bytes that are known to be there.
  @inline(never)
  func metadata(
    at byteOffset: UInt64, count: Int, inMetabox isInMetabox: Bool
  ) throws(EROFSError) -> ByteView {
    if isInMetabox { return try metabox().view(at: byteOffset, count: count) }
    do { return ByteView(try volume.read(at: byteOffset, count: count)) } catch {
      throw .device(error)
    }
  }

  /// The packed metadata, looked up once. Their own inode is on the volume.
  private func metabox() throws(EROFSError) -> Metabox<Device> {
    if let known = knownMetabox { return known }
    guard let number = superblock.metaboxInode else {
      throw .badSuperblock(field: "the inode of packed metadata", value: 0)
    }
    let inode = try inode(number)
    let metabox = try Metabox(inode, try contents(of: inode), on: volume)
    knownMetabox = metabox
    return metabox
  }
}

/// Reads a table of metadata from its start on, many bytes at once.
struct MetadataTable<Device: BlockDevice> {
  private let system: EROFSFileSystem<Device>
  private let inode: Inode
  /// Where the bytes that `next` gives begin.
  private(set) var byteOffset: UInt64
  private var kept = ByteView([])
  private var keptByteOffset: UInt64 = 0

  /// The table that follows `inode` at `byteOffset`.
  init(of inode: Inode, at byteOffset: UInt64, in system: EROFSFileSystem<Device>) {
    self.system = system
    self.inode = inode
    self.byteOffset = byteOffset
  }

  /// The next `byteCount` bytes. At most `rest` bytes of the table are left.
  @inline(never)
  mutating func next(_ byteCount: UInt64, rest: UInt64) throws(EROFSError) -> ByteView {
    let start = byteOffset
    if start < keptByteOffset || start - keptByteOffset + byteCount > UInt64(kept.count) {
      let all = try system.metadataByteCount(inMetabox: inode.isInMetabox)
      guard start <= all, byteCount <= all - start else {
        throw .outOfRange(inode: inode.number, byteOffset: start)
      }
      let most = max(min(rest, UInt64(EROFSLimits.tableByteCount)), byteCount)
      kept = try system.metadata(of: inode, at: start, count: min(most, all - start))
      keptByteOffset = start
    }
    guard let view = kept.slice(at: Int(start - keptByteOffset), count: Int(byteCount)) else {
      throw .outOfRange(inode: inode.number, byteOffset: start)
    }
    byteOffset += byteCount
    return view
  }
}
