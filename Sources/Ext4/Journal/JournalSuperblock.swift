// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The superblock of a journal, its first 1024 bytes, with every field in its bounds
/// (Linux's Documentation/filesystems/ext4, "Journal (jbd2)"). Journals are big-endian.
struct JournalSuperblock {
  static let byteCount = 1024

  /// How blocks of the log are protected against a torn write.
  enum ChecksumVersion: Equatable {
    case none
    /// A CRC-32 of all blocks of a transaction in its commit block.
    case v1
    /// A CRC-32C in each block, and 16 bits of one for each data block in its tag.
    case v2
    /// The same with 32 bits in a tag.
    case v3
  }

  /// The number of blocks, this one included.
  let blockCount: UInt32
  /// The log's first block.
  let first: UInt32
  /// After the log's last block, where the area of fast commits begins, if there is one.
  let end: UInt32
  /// The sequence number of the oldest transaction that may have to be replayed.
  let sequence: UInt32
  /// The block where it begins; nil if there is none.
  let start: UInt32?
  let is64Bit: Bool
  let hasFastCommits: Bool
  let checksums: ChecksumVersion
  /// What every CRC-32C begins with.
  let checksumSeed: UInt32

  /// The number of blocks of the log.
  var logBlockCount: UInt32 { end - first }

  /// Decodes the first bytes of a journal whose file has `fileBlockCount` blocks of
  /// `blockByteCount` bytes.
  init(_ view: ByteView, fileBlockCount: UInt64, blockByteCount: Int) throws(JournalError) {
    guard view.count == Self.byteCount, let header = JournalHeader(view),
      header.kind == .superblockV1 || header.kind == .superblockV2, let uuid = GUID(view, at: 0x30)
    else { throw .noSuperblock }
    let hasFeatures = header.kind == .superblockV2
    let compatible = hasFeatures ? view.field(0x24) : 0
    let incompatible = hasFeatures ? view.field(0x28) : 0
    let readOnly = hasFeatures ? view.field(0x2c) : 0
    if let name = Self.unsupportedName(incompatible, readOnly) { throw .unsupportedFeature(name) }
    is64Bit = incompatible & 0x2 != 0
    hasFastCommits = incompatible & 0x20 != 0
    checksums =
      incompatible & 0x10 != 0
      ? .v3 : incompatible & 0x8 != 0 ? .v2 : compatible & 0x1 != 0 ? .v1 : .none
    // At most one of v1, v2 and v3.
    guard incompatible & 0x18 != 0x18, incompatible & 0x18 == 0 || compatible & 0x1 == 0 else {
      throw .badSuperblock(field: "feature_incompat", value: UInt64(incompatible))
    }
    checksumSeed = CRC32.castagnoli.update(~0, uuid.bytes)
    if checksums == .v2 || checksums == .v3 { try Self.verify(view) }

    guard view.field(0xc) == UInt32(blockByteCount) else {
      throw .badSuperblock(field: "blocksize", value: UInt64(view.field(0xc)))
    }
    blockCount = view.field(0x10)
    guard blockCount > 1, UInt64(blockCount) <= fileBlockCount else {
      throw .badSuperblock(field: "maxlen", value: UInt64(blockCount))
    }
    guard blockCount <= Ext4Limits.journalBlockCount else {
      throw .tooLarge(blockCount: blockCount, limit: Ext4Limits.journalBlockCount)
    }
    let fastCount = view.field(0x54) == 0 ? 256 : view.field(0x54)
    // As Linux has it: no area of fast commits that would leave less than 1024 blocks for the log.
    let hasFastArea = hasFastCommits && Int64(blockCount) - Int64(fastCount) >= 1024
    end = hasFastArea ? blockCount - fastCount : blockCount
    first = view.field(0x14)
    guard first > 0, first < end else {
      throw .badSuperblock(field: "first", value: UInt64(first))
    }
    sequence = view.field(0x18)
    let start = view.field(0x1c)
    guard start == 0 || (start >= first && start < end) else {
      throw .badSuperblock(field: "start", value: UInt64(start))
    }
    self.start = start == 0 ? nil : start
  }

  /// Whether the blocks of the log have checksums of their own.
  var hasBlockChecksums: Bool { checksums == .v2 || checksums == .v3 }

  /// The size in bytes of a tag without its UUID. Version 2 of the checksums added two bytes that
  /// hold nothing.
  var tagByteCount: Int {
    if checksums == .v3 { return 16 }
    return 8 + (is64Bit ? 4 : 0) + (checksums == .v2 ? 2 : 0)
  }

  private static func unsupportedName(_ incompatible: UInt32, _ readOnly: UInt32) -> ByteString? {
    // revoke, 64bit, async_commit, csum_v2, csum_v3, fast_commit.
    let unknown = incompatible & ~0x3f
    if unknown != 0 { return "incompat bits \(hex: UInt64(unknown))" }
    return readOnly == 0 ? nil : "ro_compat bits \(hex: UInt64(readOnly))"
  }

  private static func verify(_ view: ByteView) throws(JournalError) {
    let type = UInt64(view.u8(at: 0x50) ?? 0)
    guard type == 4 else { throw .badSuperblock(field: "checksum_type", value: type) }
    let stored = view.field(0xfc)
    let computed = Checksum.crc32c(~0, view, zeroing: [(0xfc, 4)])
    guard ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(stored: stored, computed: computed)
    }
  }
}

/// The first 12 bytes of a block of a journal that is no data (`journal_header_t`).
struct JournalHeader: Equatable {
  enum Kind: UInt32 {
    case descriptor = 1
    case commit = 2
    case superblockV1 = 3
    case superblockV2 = 4
    case revocation = 5
  }

  static let magic: UInt32 = 0xc03b_3998
  static let byteCount = 12

  let kind: Kind
  let sequence: UInt32

  /// Nil if the magic number or the kind is none of a journal.
  init?(_ view: ByteView) {
    guard view.u32BigEndian(at: 0) == Self.magic, let number = view.u32BigEndian(at: 4),
      let kind = Kind(rawValue: number), let sequence = view.u32BigEndian(at: 8)
    else { return nil }
    self.kind = kind
    self.sequence = sequence
  }
}

extension ByteView {
  /// The four bytes at `offset` of a structure whose size has been checked; 0 past its end.
  fileprivate func field(_ offset: Int) -> UInt32 { u32BigEndian(at: offset) ?? 0 }
}
