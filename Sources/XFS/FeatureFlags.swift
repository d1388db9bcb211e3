// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The version and the feature bits of a superblock (Linux's fs/xfs/libxfs/xfs_format.h).
struct FeatureFlags: Equatable {
  /// `sb_versionnum`: the version in the lower four bits, and the bits of version 4.
  let versionBits: UInt16
  /// `sb_features2`, and what stands in its place where an old compiler moved it.
  let features2: UInt32
  let readOnlyCompatible: UInt32
  let incompatible: UInt32

  var version: UInt16 { versionBits & 0xf }
  /// Version 5: checksums, and headers that say where they belong.
  var hasChecksums: Bool { version == 5 }
  var hasMoreBits: Bool { versionBits & 0x8000 != 0 }
  /// Names are found without regard to the case of letters (`mkfs.xfs -n version=ci`).
  var foldsCase: Bool { versionBits & 0x4000 != 0 }
  var hasDirectories2: Bool { versionBits & 0x2000 != 0 }
  var hasFileTypes: Bool {
    hasChecksums ? incompatible & 0x1 != 0 : hasMoreBits && features2 & 0x200 != 0
  }
  var hasMetaUUID: Bool { hasChecksums && incompatible & 0x4 != 0 }
  var needsRepair: Bool { hasChecksums && incompatible & 0x10 != 0 }
  /// Times in nanoseconds, and large counts of extents: inodes say themselves whether they do.
  var hasBigTime: Bool { hasChecksums && incompatible & 0x8 != 0 }
  var hasLargeCounts: Bool { hasChecksums && incompatible & 0x20 != 0 }

  /// The bits of `sb_features_incompat` that change nothing for a reader of files, or that it
  /// knows.
  static var incompatibleNames: [(UInt32, ByteString)] {
    [
      (0x1, "ftype"), (0x2, "spinodes"), (0x4, "meta_uuid"), (0x8, "bigtime"),
      (0x10, "needsrepair"), (0x20, "nrext64"), (0x40, "exchrange"), (0x80, "parent"),
      (0x100, "metadir"),
    ]
  }

  /// Bits that are known by name and can't be read.
  private static var unreadableNames: [(UInt32, ByteString)] {
    [(0x200, "zoned"), (0x400, "zone_gaps")]
  }

  /// `sb_features2` of version 4: lazysbcount, attr2, parent, projid32bit, ftype, and two that
  /// were never used.
  private static var knownFeatures2: UInt32 { 0x29f }

  /// The name of the first feature that this reader can't do without knowing; nil if none.
  var unsupportedName: ByteString? {
    guard version == 4 || version == 5 else { return "version \(version)" }
    guard hasDirectories2 else { return "directories of version 1" }
    if version == 4 {
      let unknown = hasMoreBits ? features2 & ~Self.knownFeatures2 : 0
      return unknown == 0 ? nil : "features2 bits \(hex: UInt64(unknown))"
    }
    for (bit, name) in Self.unreadableNames where incompatible & bit != 0 { return name }
    var unknown = incompatible
    for (bit, _) in Self.incompatibleNames { unknown &= ~bit }
    return unknown == 0 ? nil : "incompat bits \(hex: UInt64(unknown))"
  }

  /// The names of the features that are on, as `xfs_info` has them; bits without a name as a
  /// number.
  var names: [ByteString] {
    var result: [ByteString] = ["v\(version)"]
    if foldsCase { result.append("asciici") }
    guard hasChecksums else { return hasFileTypes ? result + ["ftype"] : result }
    for (bit, name) in Self.incompatibleNames where incompatible & bit != 0 { result.append(name) }
    let readOnly: [(UInt32, ByteString)] = [
      (0x1, "finobt"), (0x2, "rmapbt"), (0x4, "reflink"), (0x8, "inobtcount"),
    ]
    var unknown = readOnlyCompatible
    for (bit, name) in readOnly where readOnlyCompatible & bit != 0 {
      result.append(name)
      unknown &= ~bit
    }
    return unknown == 0 ? result : result + ["ro_compat:\(hex: UInt64(unknown))"]
  }
}
