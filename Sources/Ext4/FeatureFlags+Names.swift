// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension FeatureFlags {
  /// The names of all bits that are set, as e2fsprogs has them; bits without a name as a number.
  var names: [ByteString] {
    Self.names(of: compatible, Self.compatibleNames, "compat")
      + Self.names(of: incompatible, Self.incompatibleNames, "incompat")
      + Self.names(of: readOnlyCompatible, Self.readOnlyNames, "ro_compat")
  }

  private static func names(
    of bits: UInt32, _ table: [(UInt32, ByteString)], _ kind: ByteString
  ) -> [ByteString] {
    var result: [ByteString] = []
    var unknown = bits
    for (bit, name) in table where bits & bit != 0 {
      result.append(name)
      unknown &= ~bit
    }
    return unknown == 0 ? result : result + ["\(kind):\(hex: UInt64(unknown))"]
  }

  private static var compatibleNames: [(UInt32, ByteString)] {
    [
      (0x1, "dir_prealloc"), (0x2, "imagic_inodes"), (0x4, "has_journal"), (0x8, "ext_attr"),
      (0x10, "resize_inode"), (0x20, "dir_index"), (0x40, "lazy_bg"), (0x100, "snapshot_bitmap"),
      (0x200, "sparse_super2"), (0x400, "fast_commit"), (0x800, "stable_inodes"),
      (0x1000, "orphan_file"),
    ]
  }

  private static var readOnlyNames: [(UInt32, ByteString)] {
    [
      (0x1, "sparse_super"), (0x2, "large_file"), (0x4, "btree_dir"), (0x8, "huge_file"),
      (0x10, "uninit_bg"), (0x20, "dir_nlink"), (0x40, "extra_isize"), (0x80, "has_snapshot"),
      (0x100, "quota"), (0x200, "bigalloc"), (0x400, "metadata_csum"), (0x800, "replica"),
      (0x1000, "read-only"), (0x2000, "project"), (0x4000, "shared_blocks"), (0x8000, "verity"),
      (0x10000, "orphan_present"),
    ]
  }

  private static var incompatibleNames: [(UInt32, ByteString)] {
    var names: [(UInt32, ByteString)] = []
    for feature in known { names.append((feature.bit, feature.name)) }
    return names
  }
}

extension Ext4FileSystem {
  /// Lines for an administrator: sizes and features.
  public var facts: [ByteString] {
    var features: ByteString = "features"
    for name in superblock.features.names { features += " \(name)" }
    return [
      "\(superblock.blockCount) blocks of \(superblock.blockByteCount) bytes in "
        + "\(superblock.groupCount) groups",
      "\(superblock.inodeCount) inodes of \(superblock.inodeByteCount) bytes", features,
    ]
  }
}
