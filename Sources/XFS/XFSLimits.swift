// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum XFSLimits {
  /// The most levels of a map of extents with the root in the inode; Linux has 9 too.
  public static let mapDepth = 9

  /// The most separate runs and holes of one file.
  public static let extentCount = 1 << 18

  /// The most bytes of blocks of a map that are read for one file: enough for four times as many
  /// extents.
  public static let mapByteCount = 16 << 20

  /// The largest directory in bytes, and the most bytes of it that are read for its list; 50,000
  /// entries with long names take 4 MiB.
  public static let directoryByteCount: UInt64 = 128 << 20

  /// The most levels of nodes above the leaves of a directory's index (Linux:
  /// XFS_DA_NODE_MAXDEPTH).
  public static let indexDepth = 5

  /// The most names with the same hash that are looked at for one name.
  public static let sameHashCount = 4096

  /// The longest target of a symbolic link in bytes (XFS_SYMLINK_MAXLEN).
  public static let linkByteCount: UInt64 = 1024

  /// The most blocks of 512 bytes that a record of the log takes: 256 KiB and the headers.
  public static let logRecordBlockCount: UInt64 = 520
}
