// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The superblock in the first sector of the volume, with every field that is used in its bounds
/// and in accord with the others (`struct xfs_dsb`).
///
/// Sizes are stored twice, as a number and as its logarithm. A reader that takes one for this and
/// the other for that leaves its buffers; both must agree here.
final class Superblock {
  /// The part that every sector size has.
  static let byteCount = 512

  let features: FeatureFlags
  /// 512 to 65536.
  let blockByteCount: Int
  let blockLog: UInt64
  let blockCount: UInt64
  /// The blocks of each allocation group but the last, which may have less.
  let groupBlockCount: UInt32
  let groupBlockLog: UInt64
  let groupCount: UInt32
  /// 512 to 32768, and not over the block size.
  let sectorByteCount: Int
  /// 256 to 2048.
  let inodeByteCount: Int
  let inodesPerBlockLog: UInt64
  /// The blocks of a block of a directory are 1 << this.
  let directoryBlockLog: UInt64
  let rootInode: UInt64
  /// The log's first block, as the file system numbers it; 0 if it is on another device.
  let logStart: UInt64
  let logBlockCount: UInt32
  let uuid: GUID
  /// What the structures of version 5 name as their file system.
  let metaUUID: GUID
  let label: ByteString

  /// Whether the magic number is there.
  static func isPresent(in view: ByteView) -> Bool { view.u32BigEndian(at: 0) == 0x5846_5342 }

  /// The sector size that the first 512 bytes tell, by which the checksum is made.
  static func sectorByteCount(_ view: ByteView) throws(XFSError) -> Int {
    let log = UInt64(view.u8(at: 121) ?? 0)
    return try size(UInt64(view.u16BigEndian(at: 102) ?? 0), log, "sect", 9...15)
  }

  /// Decodes the first sector, and checks it.
  init(_ view: ByteView) throws(XFSError) {
    guard Self.isPresent(in: view), let uuid = GUID(view, at: 32),
      let metaUUID = GUID(view, at: 248), let label = view.terminatedString(at: 108, count: 12)
    else { throw .notXFS }
    // The bits of version 5 mean nothing before it.
    features = FeatureFlags(
      versionBits: view.u16BigEndian(at: 100) ?? 0, features2: view.word(200) | view.word(204),
      readOnlyCompatible: view.word(212), incompatible: view.word(216))
    sectorByteCount = try Self.sectorByteCount(view)
    if features.hasChecksums { try Checksum.verify(view, field: 224, at: .superblock) }
    if let name = features.unsupportedName { throw .unsupportedFeature(name) }
    self.uuid = uuid
    self.metaUUID = features.hasMetaUUID ? metaUUID : uuid
    self.label = label.withoutTrailingBlanks

    blockLog = view.byte(120)
    blockByteCount = try Self.size(UInt64(view.word(4)), blockLog, "block", 9...16)
    guard sectorByteCount <= blockByteCount else {
      throw .badSuperblock(field: "sectsize", value: UInt64(sectorByteCount))
    }
    let inodeLog = view.byte(122)
    inodeByteCount = try Self.size(
      UInt64(view.u16BigEndian(at: 104) ?? 0), inodeLog, "inode",
      (features.hasChecksums ? 9 : 8)...11)
    inodesPerBlockLog = view.byte(123)
    guard inodeLog <= blockLog, inodesPerBlockLog == blockLog - inodeLog else {
      throw .badSuperblock(field: "inopblog", value: inodesPerBlockLog)
    }
    let inodesPerBlock = view.u16BigEndian(at: 106) ?? 0
    guard UInt64(inodesPerBlock) == 1 << inodesPerBlockLog else {
      throw .badSuperblock(field: "inopblock", value: UInt64(inodesPerBlock))
    }
    directoryBlockLog = view.byte(192)
    guard directoryBlockLog <= 16 - blockLog else {
      throw .badSuperblock(field: "dirblklog", value: directoryBlockLog)
    }
    groupBlockCount = view.word(84)
    groupBlockLog = view.byte(124)
    groupCount = view.word(88)
    blockCount = view.long(8)
    rootInode = view.long(56)
    logStart = view.long(48)
    logBlockCount = view.word(96)
    try checkGroups()
    guard view.byte(126) == 0 else {
      throw .badSuperblock(field: "inprogress", value: view.byte(126))
    }
  }

  /// The blocks of `group`, which is under `groupCount`.
  func blockCount(ofGroup group: UInt64) -> UInt64 {
    let before = group * UInt64(groupBlockCount)
    return min(UInt64(groupBlockCount), blockCount - before)
  }

  /// The bytes of a block of a directory: at most 65536.
  var directoryBlockByteCount: Int { blockByteCount << Int(directoryBlockLog) }

  /// The last block of a group's headers: superblock and three more sectors.
  var lastHeaderBlock: UInt64 { UInt64(3 * sectorByteCount) >> blockLog }

  private func checkGroups() throws(XFSError) {
    // From 64 blocks up to 1 TiB, as in Linux.
    guard groupBlockCount >= 64, UInt64(groupBlockCount) <= 1 << (40 - blockLog) else {
      throw .badSuperblock(field: "agblocks", value: UInt64(groupBlockCount))
    }
    let log = 32 - (groupBlockCount - 1).leadingZeroBitCount
    guard groupBlockLog == UInt64(log) else {
      throw .badSuperblock(field: "agblklog", value: groupBlockLog)
    }
    guard groupCount > 0 else { throw .badSuperblock(field: "agcount", value: 0) }
    // Both factors have 32 bits.
    let blockCountMax = UInt64(groupCount) * UInt64(groupBlockCount)
    guard blockCount <= blockCountMax, blockCount > blockCountMax - UInt64(groupBlockCount) else {
      throw .badSuperblock(field: "dblocks", value: blockCount)
    }
  }

  /// A size whose logarithm is stored with it.
  private static func size(
    _ size: UInt64, _ log: UInt64, _ name: ByteString, _ range: ClosedRange<UInt64>
  ) throws(XFSError) -> Int {
    guard range.contains(log) else { throw .badSuperblock(field: name + "log", value: log) }
    guard size == 1 << log else { throw .badSuperblock(field: name + "size", value: size) }
    return 1 << Int(log)
  }
}

extension ByteString {
  /// The string without ASCII blanks at its end, as `blkid` writes labels.
  fileprivate var withoutTrailingBlanks: ByteString {
    var end = bytes.endIndex
    while end > 0, ASCII.isBlank(bytes[end - 1]) { end -= 1 }
    return ByteString(bytes[..<end])
  }
}

/// Fields of a structure whose size has been checked; 0 past its end.
extension ByteView {
  fileprivate func byte(_ offset: Int) -> UInt64 { UInt64(u8(at: offset) ?? 0) }
  fileprivate func word(_ offset: Int) -> UInt32 { u32BigEndian(at: offset) ?? 0 }
  fileprivate func long(_ offset: Int) -> UInt64 { u64BigEndian(at: offset) ?? 0 }
}
