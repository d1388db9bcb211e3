// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum FATLimits {
  /// The largest directory in bytes: 65536 entries, which is FAT's own limit.
  public static let directoryByteCount: UInt64 = 2 << 20

  /// The most separate runs of one file.
  public static let extentCount = 1 << 18

  /// How many names are visited elsewhere while an entry is.
  static let costOfEntry = 2

  /// The most copies of the table; all known makers write one or two.
  public static let tableCount = 4
}
