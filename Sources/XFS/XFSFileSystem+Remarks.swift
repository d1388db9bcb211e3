// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension XFSFileSystem {
  /// Whether the file system was not unmounted, so that what was written last is in its log only.
  public var needsRecovery: Bool { log != .clean && log != .external }

  /// What an administrator should know; nil if nothing.
  public var remark: ByteString? {
    var words: ByteString = ""
    if superblock.features.needsRepair { words = "xfs_repair must be run on it" }
    if let log = log.remark { words += words.isEmpty ? log : "; \(log)" }
    return words.isEmpty ? nil : words
  }

  /// Lines for an administrator: sizes and features.
  public var facts: [ByteString] {
    var features: ByteString = "features"
    for name in superblock.features.names { features += " \(name)" }
    return [
      "\(superblock.blockCount) blocks of \(superblock.blockByteCount) bytes in "
        + "\(superblock.groupCount) groups",
      "inodes of \(superblock.inodeByteCount) bytes, directories in blocks of "
        + "\(superblock.directoryBlockByteCount) bytes, sectors of "
        + "\(superblock.sectorByteCount) bytes", features,
    ]
  }
}
