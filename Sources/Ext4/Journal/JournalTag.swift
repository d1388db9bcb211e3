// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A tag of a descriptor block: where a data block of the log belongs (`journal_block_tag_t`,
/// `journal_block_tag3_t`).
struct JournalTag: Equatable {
  /// The block of the file system that is to be written.
  let block: UInt64
  /// Whether the block's first four bytes were the magic number, and are zeros in the log.
  let isEscaped: Bool
  /// The checksum of the block in the log: 16 bits of it with version 2, 0 without.
  let checksum: UInt32

  /// The tags of a descriptor block, in the order of the data blocks that follow it. They end with
  /// a flag, or with the block.
  static func all(in view: ByteView, of superblock: JournalSuperblock) -> [JournalTag] {
    var tags: [JournalTag] = []
    var offset = JournalHeader.byteCount
    let end = view.count - (superblock.hasBlockChecksums ? 4 : 0)
    while end - offset >= superblock.tagByteCount {
      guard let low = view.u32BigEndian(at: offset) else { break }
      let flags: UInt32
      let checksum: UInt32
      if superblock.checksums == .v3 {
        flags = view.u32BigEndian(at: offset + 4) ?? 0
        checksum = view.u32BigEndian(at: offset + 12) ?? 0
      } else {
        checksum = UInt32(view.u16BigEndian(at: offset + 4) ?? 0)
        flags = UInt32(view.u16BigEndian(at: offset + 6) ?? 0)
      }
      let high = superblock.is64Bit ? view.u32BigEndian(at: offset + 8) ?? 0 : 0
      tags.append(
        JournalTag(
          block: UInt64(high) << 32 | UInt64(low), isEscaped: flags & 0x1 != 0, checksum: checksum))
      if flags & 0x8 != 0 { break }
      // A UUID follows unless it is that of the tag before.
      offset += superblock.tagByteCount + (flags & 0x2 != 0 ? 0 : 16)
    }
    return tags
  }
}

/// A block of revoke records (`jbd2_journal_revoke_header_t`): blocks that must not be written by
/// the log up to this transaction, as they have become something else.
enum JournalRevocation {
  /// The blocks; nil if the size that the block gives for them makes no sense.
  static func blocks(in view: ByteView, of superblock: JournalSuperblock) -> [UInt64]? {
    let end = view.count - (superblock.hasBlockChecksums ? 4 : 0)
    guard let usedByteCount = view.u32BigEndian(at: 12), usedByteCount >= 16,
      usedByteCount <= UInt32(max(0, end))
    else { return nil }
    var blocks: [UInt64] = []
    let byteCount = superblock.is64Bit ? 8 : 4
    for offset in stride(from: 16, through: Int(usedByteCount) - byteCount, by: byteCount) {
      guard let first = view.u32BigEndian(at: offset) else { return nil }
      let second = superblock.is64Bit ? view.u32BigEndian(at: offset + 4) ?? 0 : 0
      blocks.append(superblock.is64Bit ? UInt64(first) << 32 | UInt64(second) : UInt64(first))
    }
    return blocks
  }
}
