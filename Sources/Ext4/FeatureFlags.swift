// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The feature bits of a superblock (Linux's Documentation/filesystems/ext4, "The Super Block").
struct FeatureFlags: Equatable {
  let compatible: UInt32
  let incompatible: UInt32
  let readOnlyCompatible: UInt32

  var hasJournal: Bool { compatible & 0x4 != 0 }
  var hasDirectoryIndex: Bool { compatible & 0x20 != 0 }
  var hasSparseSuper2: Bool { compatible & 0x200 != 0 }

  var hasFileTypes: Bool { incompatible & 0x2 != 0 }
  var needsRecovery: Bool { incompatible & 0x4 != 0 }
  var hasMetaGroups: Bool { incompatible & 0x10 != 0 }
  var is64Bit: Bool { incompatible & 0x80 != 0 }
  var hasChecksumSeed: Bool { incompatible & 0x2000 != 0 }
  var hasLargeDirectories: Bool { incompatible & 0x4000 != 0 }
  var hasCaseFold: Bool { incompatible & 0x20000 != 0 }

  var hasSparseSuper: Bool { readOnlyCompatible & 0x1 != 0 }
  var hasGroupChecksums: Bool { readOnlyCompatible & 0x10 != 0 }
  var hasBigAllocation: Bool { readOnlyCompatible & 0x200 != 0 }
  var hasMetadataChecksums: Bool { readOnlyCompatible & 0x400 != 0 }

  /// What `blkid` calls the file system: by the journal and by what ext3 does not have.
  var formatName: ByteString {
    // ext3 knows filetype, recover, journal_dev and meta_bg, and sparse_super, large_file and
    // btree_dir.
    if incompatible & ~0x1e != 0 || readOnlyCompatible & ~0x7 != 0 { return "ext4" }
    return hasJournal ? "ext3" : "ext2"
  }

  /// A bit without which the file system can't be mounted.
  struct Incompatible {
    let bit: UInt32
    let name: ByteString
    let isReadable: Bool
  }

  /// The bits of `s_feature_incompat`. Readable are those that change nothing for a reader, and
  /// those that concern single files, which are refused when they are opened.
  static var known: [Incompatible] {
    [
      Incompatible(bit: 0x1, name: "compression", isReadable: false),
      Incompatible(bit: 0x2, name: "filetype", isReadable: true),
      Incompatible(bit: 0x4, name: "needs_recovery", isReadable: true),
      Incompatible(bit: 0x8, name: "journal_dev", isReadable: false),
      Incompatible(bit: 0x10, name: "meta_bg", isReadable: true),
      Incompatible(bit: 0x40, name: "extent", isReadable: true),
      Incompatible(bit: 0x80, name: "64bit", isReadable: true),
      Incompatible(bit: 0x100, name: "mmp", isReadable: true),
      Incompatible(bit: 0x200, name: "flex_bg", isReadable: true),
      Incompatible(bit: 0x400, name: "ea_inode", isReadable: true),
      Incompatible(bit: 0x1000, name: "dirdata", isReadable: false),
      Incompatible(bit: 0x2000, name: "metadata_csum_seed", isReadable: true),
      Incompatible(bit: 0x4000, name: "large_dir", isReadable: true),
      Incompatible(bit: 0x8000, name: "inline_data", isReadable: true),
      Incompatible(bit: 0x10000, name: "encrypt", isReadable: true),
      Incompatible(bit: 0x20000, name: "casefold", isReadable: true),
    ]
  }

  /// The name of the first feature that this reader can't do without knowing; nil if none.
  var unsupportedName: ByteString? {
    var unknown = incompatible
    for feature in Self.known where incompatible & feature.bit != 0 {
      if !feature.isReadable { return feature.name }
      unknown &= ~feature.bit
    }
    return unknown == 0 ? nil : "incompat bits \(hex: UInt64(unknown))"
  }
}
