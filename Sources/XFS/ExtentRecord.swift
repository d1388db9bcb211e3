// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A run of blocks (`struct xfs_bmbt_rec`): from the highest bit on one bit for blocks that were
/// never written, 54 of the first block in the file, 52 of the first block in the file system and
/// 21 of the count.
struct ExtentRecord {
  /// The size on the disk.
  static let byteCount = 16

  let fileBlock: UInt64
  /// As the file system numbers its blocks: group and block in the group.
  let block: UInt64
  let count: UInt64
  let isUnwritten: Bool

  init?(_ view: ByteView, at offset: Int) {
    guard let high = view.u64BigEndian(at: offset), let low = view.u64BigEndian(at: offset + 8)
    else { return nil }
    isUnwritten = high >> 63 != 0
    fileBlock = (high << 1) >> 10
    block = (high & 0x1ff) << 43 | low >> 21
    count = low & 0x1f_ffff
  }

  /// The file block after the run: at most 55 bits.
  var end: UInt64 { fileBlock + count }

  func contains(_ fileBlock: UInt64) -> Bool { self.fileBlock <= fileBlock && fileBlock < end }
}
