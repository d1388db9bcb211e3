// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Contents kept inside an inode (Linux's Documentation/filesystems/ext4, "Inline Data"): 60 bytes
/// in `i_block`, and the rest in the extended attribute `system.data` after the inode's fields.
struct InlineData {
  /// `i_block`.
  let head: ByteView
  /// The value of `system.data`; empty if there is none.
  let tail: ByteView

  init(_ inode: Inode) throws(Ext4Error) {
    head = inode.blockField
    tail = try Self.attribute(of: inode) ?? ByteView([])
  }

  /// The first `byteCount` bytes of the contents, or all if there are fewer.
  func prefix(_ byteCount: UInt64) -> [UInt8] {
    let all = head.bytes + tail.bytes
    return Array(all.prefix(Int(min(byteCount, UInt64(all.count)))))
  }

  /// The value of `system.data` in the inode. Entries of 16 bytes and a name follow each other
  /// (`struct ext4_xattr_entry`), up to four zeros; values are found from the first entry on.
  private static func attribute(of inode: Inode) throws(Ext4Error) -> ByteView? {
    let bad = Ext4Error.badInlineData(inode: inode.number)
    guard let extraByteCount = inode.raw.u16(at: 128),
      inode.raw.u32(at: 128 + Int(extraByteCount)) == 0xea02_0000
    else { return nil }
    guard let area = inode.raw.suffix(from: 132 + Int(extraByteCount)) else { throw bad }
    var offset = 0
    // Each turn moves on by 16 bytes at least, inside an inode.
    while let mark = area.u32(at: offset), mark != 0 {
      guard let nameByteCount = area.u8(at: offset), let nameIndex = area.u8(at: offset + 1),
        let valueOffset = area.u16(at: offset + 2), let valueInode = area.u32(at: offset + 4),
        let valueByteCount = area.u32(at: offset + 8),
        let name = area.string(at: offset + 16, count: Int(nameByteCount))
      else { throw bad }
      // 7 stands for `system.`.
      if nameIndex == 7 && name == "data" {
        guard valueInode == 0,
          let value = area.slice(at: Int(valueOffset), count: Int(valueByteCount))
        else { throw bad }
        return value
      }
      offset += 16 + (Int(nameByteCount) + 3) / 4 * 4
    }
    return nil
  }
}
