// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The incompatible features of the superblock: a reader that does not know one can't read on
/// (Linux, include/uapi/linux/btrfs.h, `BTRFS_FEATURE_INCOMPAT_*`). The features under which one
/// may read but not write say nothing here, since nothing is written.
struct FeatureFlags {
  private struct Feature {
    let bit: UInt64
    let name: ByteString
    let isReadable: Bool

    init(_ bit: UInt64, _ name: ByteString, isReadable: Bool = true) {
      self.bit = bit
      self.name = name
      self.isReadable = isReadable
    }
  }

  let incompatible: UInt64

  /// Whether nodes bear an identifier of their own instead of the file system's UUID.
  var hasMetadataUUID: Bool { incompatible & 0x400 != 0 }

  /// The first feature without which the file system can't be read, by its name or its number.
  var unsupportedName: ByteString? {
    var unknown = incompatible
    for feature in Self.known where incompatible & feature.bit != 0 {
      if !feature.isReadable { return feature.name }
      unknown &= ~feature.bit
    }
    return unknown == 0 ? nil : "incompat:\(hex: unknown)"
  }

  /// The names of all features, and what has no name as a number.
  var names: [ByteString] {
    var result: [ByteString] = []
    var unknown = incompatible
    for feature in Self.known where incompatible & feature.bit != 0 {
      result.append(feature.name)
      unknown &= ~feature.bit
    }
    return unknown == 0 ? result : result + ["incompat:\(hex: unknown)"]
  }

  /// How compressed extents and devices are is in the extents and the chunks; the features only
  /// announce that there may be some.
  private static var known: [Feature] {
    [
      Feature(0x1, "mixed_backref"), Feature(0x2, "default_subvol"), Feature(0x4, "mixed_groups"),
      Feature(0x8, "compress_lzo"), Feature(0x10, "compress_zstd"), Feature(0x20, "big_metadata"),
      Feature(0x40, "extended_iref"), Feature(0x80, "raid56"), Feature(0x100, "skinny_metadata"),
      Feature(0x200, "no_holes"), Feature(0x400, "metadata_uuid"), Feature(0x800, "raid1c34"),
      Feature(0x1000, "zoned", isReadable: false),
      Feature(0x2000, "extent_tree_v2", isReadable: false),
      Feature(0x4000, "raid_stripe_tree", isReadable: false), Feature(0x10000, "simple_quota"),
    ]
  }
}
