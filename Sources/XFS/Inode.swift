// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FileSystem

/// An inode in use (`struct xfs_dinode`), with its checksum checked.
final class Inode {
  /// How the data fork holds the contents or their map.
  enum Format: UInt8 {
    /// A device's number.
    case device = 0
    /// The contents themselves.
    case local = 1
    /// Extents.
    case extents = 2
    /// The root of a tree of extents.
    case tree = 3
  }

  let number: UInt64
  let mode: UInt16
  let byteCount: UInt64
  let format: Format
  /// `di_nextents`: the number of extents in the data fork.
  let extentCount: UInt64
  let isRealtime: Bool
  let modificationTime: Int64
  /// The data fork.
  let fork: ByteView

  init(_ view: ByteView, number: UInt64, of superblock: Superblock) throws(XFSError) {
    let place = XFSStructure.inode(number)
    guard let magic = view.u16BigEndian(at: 0), let mode = view.u16BigEndian(at: 2),
      let version = view.u8(at: 4), let format = view.u8(at: 5),
      let oldLinkCount = view.u16BigEndian(at: 6), let linkCount = view.u32BigEndian(at: 16),
      let size = view.u64BigEndian(at: 56), let forkOffset = view.u8(at: 82),
      let flags = view.u16BigEndian(at: 90)
    else { throw .badSuperblock(field: "inodesize", value: UInt64(view.count)) }
    guard magic == 0x494e else { throw .badMagic(place, magic: UInt32(magic)) }
    let hasChecksums = superblock.features.hasChecksums
    guard hasChecksums ? version == 3 : version == 1 || version == 2 else {
      throw .badInode(number, field: "version", value: UInt64(version))
    }
    if hasChecksums { try Self.verify(view, number, of: superblock) }
    guard mode != 0, (version == 1 ? UInt32(oldLinkCount) : linkCount) > 0 else {
      throw .unusedInode(number)
    }
    guard let known = Format(rawValue: format) else {
      throw .badInode(number, field: "format", value: UInt64(format))
    }
    guard size < 1 << 63 else { throw .badSize(inode: number, byteCount: size) }
    // The attribute fork begins that many units of 8 bytes after the fields.
    let start = hasChecksums ? 176 : 100
    let forkByteCount = forkOffset == 0 ? view.count - start : 8 * Int(forkOffset)
    guard let fork = view.slice(at: start, count: forkByteCount) else {
      throw .badInode(number, field: "forkoff", value: UInt64(forkOffset))
    }
    self.number = number
    self.mode = mode
    self.format = known
    self.fork = fork
    byteCount = size
    isRealtime = flags & 1 != 0
    let flags2 = hasChecksums ? view.u64BigEndian(at: 120) ?? 0 : 0
    let hasLargeCount = flags2 & 0x10 != 0 && superblock.features.hasLargeCounts
    extentCount =
      hasLargeCount ? view.u64BigEndian(at: 24) ?? 0 : UInt64(view.u32BigEndian(at: 76) ?? 0)
    let hasBigTime = flags2 & 0x8 != 0 && superblock.features.hasBigTime
    modificationTime = Self.time(view, at: 40, isBig: hasBigTime)
  }

  var kind: NodeKind {
    switch mode & 0xf000 {
    case 0x8000: .file
    case 0x4000: .directory
    case 0xa000: .symbolicLink
    default: .special
    }
  }

  /// Seconds in 32 bits with a sign, or nanoseconds since the first of these.
  private static func time(_ view: ByteView, at offset: Int, isBig: Bool) -> Int64 {
    if isBig {
      let nanoseconds = view.u64BigEndian(at: offset) ?? 0
      return Int64(nanoseconds / 1_000_000_000) - 1 << 31
    }
    return Int64(Int32(bitPattern: view.u32BigEndian(at: offset) ?? 0))
  }

  private static func verify(
    _ view: ByteView, _ number: UInt64, of superblock: Superblock
  ) throws(XFSError) {
    try Checksum.verify(view, field: 100, at: .inode(number))
    let storedNumber = view.u64BigEndian(at: 152) ?? 0
    guard storedNumber == number else {
      throw .wrongPlace(.inode(number), field: "number", value: storedNumber)
    }
    guard GUID(view, at: 160) == superblock.metaUUID else { throw .wrongUUID(.inode(number)) }
  }
}
