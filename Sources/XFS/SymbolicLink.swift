// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The target of a symbolic link: in the data fork, or in blocks, where version 5 begins each run
/// with a header (`struct xfs_dsymlink_hdr`: magic number, byte in the target, byte count, and
/// where it belongs).
enum SymbolicLink {
  private static let headerByteCount = 56

  static func target<Device: BlockDevice>(
    of inode: Inode, in system: XFSFileSystem<Device>
  ) throws(XFSError) -> ByteString {
    guard inode.byteCount > 0, inode.byteCount <= XFSLimits.linkByteCount else {
      throw .badSize(inode: inode.number, byteCount: inode.byteCount)
    }
    let byteCount = Int(inode.byteCount)
    if inode.format == .local {
      guard let target = inode.fork.string(at: 0, count: byteCount) else {
        throw .badSize(inode: inode.number, byteCount: inode.byteCount)
      }
      return target
    }
    var result: [UInt8] = []
    var cursor = try ExtentCursor(inode, in: system)
    var fileBlock: UInt64 = 0
    // Each run gives a byte at least.
    while result.count < byteCount {
      guard let record = try cursor.next(), record.fileBlock == fileBlock, !record.isUnwritten
      else { throw .badLink(.linkBlock(inode: inode.number, block: fileBlock)) }
      fileBlock = record.end
      result += try part(
        record, of: inode, in: system, position: result.count, rest: byteCount - result.count)
    }
    return ByteString(result)
  }

  /// The bytes of the target that the run `record` has.
  private static func part<Device: BlockDevice>(
    _ record: ExtentRecord, of inode: Inode, in system: XFSFileSystem<Device>, position: Int,
    rest: Int
  ) throws(XFSError) -> [UInt8] {
    let superblock = system.superblock
    let place = XFSStructure.linkBlock(inode: inode.number, block: record.fileBlock)
    // 1024 bytes and a header in each block: no run of a link is longer.
    let blockCountMax = XFSLimits.linkByteCount / 256 + 1
    guard record.count <= blockCountMax else { throw .badLink(place) }
    let offset = superblock.byteOffset(ofBlock: record.block)
    let view = try system.bytes(at: offset, count: Int(record.count) * superblock.blockByteCount)
    guard superblock.features.hasChecksums else { return Array(view.bytes.prefix(rest)) }
    let magic = view.u32BigEndian(at: 0) ?? 0
    guard magic == 0x5853_4c4d else { throw .badMagic(place, magic: magic) }
    try BlockHeader.link.verify(
      view, byteOffset: offset, inode: inode.number, of: superblock, at: place)
    let count = min(rest, view.count - headerByteCount)
    guard view.u32BigEndian(at: 4) == UInt32(position), view.u32BigEndian(at: 8) == UInt32(count),
      let bytes = view.slice(at: headerByteCount, count: count)
    else { throw .badLink(place) }
    return bytes.bytes
  }
}
