// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum ISO9660Limits {
  /// The most volume descriptors looked at, if no terminator ends them before.
  public static let descriptorCount = 64

  /// The most sectors after the descriptors in which a sign of UDF is looked for.
  public static let udfSectorCount = 16

  /// The largest directory in bytes: half a million names.
  public static let directoryByteCount: UInt64 = 64 << 20

  /// The most extents of one file, each of almost 4 GiB.
  public static let sectionCount = 1024

  /// The most continuation areas of one directory record; Linux follows 32 too.
  public static let continuationCount = 32

  /// The largest continuation area in bytes.
  public static let continuationByteCount = 64 << 10

  /// The longest name in bytes (Linux's NAME_MAX).
  public static let nameByteCount = 255

  /// The longest target of a symbolic link in bytes.
  public static let linkByteCount = 4096

  /// The most blocks of a compressed file: 2 GiB in the smallest ones, 8 GiB in the usual ones.
  public static let zisofsBlockCount: UInt64 = 1 << 16

  /// The most entries of a boot catalogue.
  public static let bootEntryCount = 64
}
