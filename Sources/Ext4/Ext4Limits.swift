// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum Ext4Limits {
  /// The most levels below the root of an extent tree; Linux has 5 too.
  public static let extentDepth = 5

  /// The most separate runs and holes of one file.
  public static let extentCount = 1 << 18

  /// The most bytes of index blocks read for one file: enough to map 64 GiB in blocks of 4 KiB.
  public static let mapByteCount = 64 << 20

  /// The largest directory in bytes; 50,000 entries with long names take 14 MiB.
  public static let directoryByteCount: UInt64 = 128 << 20

  /// The most levels of an index of a directory, with the root (3 with `large_dir`).
  public static let indexDepth = 3

  /// The longest target of a symbolic link in bytes.
  public static let linkByteCount: UInt64 = 4096
}
