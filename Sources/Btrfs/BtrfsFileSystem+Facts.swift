// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension BtrfsFileSystem {
  /// What an administrator should know; nil if nothing.
  public var remark: ByteString? {
    var parts: [ByteString] = []
    if usesSuperblockCopy {
      parts.append("the first superblock is bad; the one at byte \(superblock.byteOffset) is used")
    }
    if UInt64(members.count) < deviceCount {
      parts.append("\(members.count) of \(deviceCount) devices are here")
    }
    if hasLog {
      parts.append(
        "was not unmounted; its log of fsync is not replayed, and what is only there "
          + "is missing")
    }
    guard var text = parts.first else { return nil }
    for part in parts.dropFirst() { text += "; \(part)" }
    return text
  }

  /// Lines for an administrator: sizes and features.
  public var facts: [ByteString] {
    var features: ByteString = "features"
    for name in superblock.features.names { features += " \(name)" }
    return [
      "\(superblock.byteCount) bytes on \(deviceCount) devices in \(chunks.count) chunks",
      "nodes of \(superblock.nodeByteCount) bytes, sectors of \(superblock.sectorByteCount) bytes, "
        + "checksums by \(superblock.checksumType.name)",
      "default subvolume \(defaultSubvolume)", features,
    ]
  }
}
