// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum ExFATLimits {
  /// The largest directory in bytes: 40,000 files. exFAT's own limit is 256 MiB.
  public static let directoryByteCount: UInt64 = 4 << 20

  /// The longest name in units of UTF-16.
  public static let nameUnitCount = 255

  /// The most separate runs of one file.
  public static let extentCount = 1 << 18

  /// The most bytes of the table of capitals: one unit for each of UTF-16.
  public static let capitalsByteCount: UInt64 = 128 << 10

  /// How many bytes can be copied while one of that table is read.
  static let costOfCapitals = 8
}
