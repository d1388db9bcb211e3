// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension Ext4FileSystem {
  /// Features under which a block of a file may change in place and nothing else: sparse_super,
  /// large_file, btree_dir, huge_file, gdt_csum, dir_nlink, extra_isize, quota, bigalloc,
  /// metadata_csum and project. With shared_blocks a block has several owners, with verity the
  /// contents have a checksum, and what is not known may be anything.
  private static var writableFeatures: UInt32 { 0x277f }

  /// Why blocks of files may not be written in place; nil if they may (Linux,
  /// Documentation/filesystems/ext4/super.rst: `s_state`, `s_feature_ro_compat`).
  public var writeObstacle: ByteString? {
    let unknown = superblock.features.readOnlyCompatible & ~Self.writableFeatures
    if unknown != 0 { return "the file system has features for which nothing is written" }
    if superblock.state & 3 != 1 || lastGroup.damage != nil {
      return "the file system is in use, or has errors"
    }
    return nil
  }
}
