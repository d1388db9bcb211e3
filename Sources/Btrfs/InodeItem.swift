// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FileSystem

/// The item of an inode, 160 bytes (`struct btrfs_inode_item`).
struct InodeItem {
  let mode: UInt16
  let byteCount: UInt64
  /// Seconds since 1970.
  let modificationTime: Int64

  init(_ view: ByteView, _ inode: BtrfsInode) throws(BtrfsError) {
    guard view.count >= 160, let byteCount = view.u64(at: 16), let mode = view.u32(at: 52),
      let time = view.u64(at: 136)
    else { throw .badField(inode.place, field: "item size", value: UInt64(view.count)) }
    guard mode <= 0xffff else { throw .badField(inode.place, field: "mode", value: UInt64(mode)) }
    // Linux counts bytes with a sign.
    guard byteCount <= UInt64(Int64.max) else {
      throw .badField(inode.place, field: "size", value: byteCount)
    }
    self.mode = UInt16(mode)
    self.byteCount = byteCount
    modificationTime = Int64(bitPattern: time)
  }

  var kind: NodeKind {
    switch mode & 0xf000 {
    case 0x8000: .file
    case 0x4000: .directory
    case 0xa000: .symbolicLink
    default: .special
    }
  }
}
