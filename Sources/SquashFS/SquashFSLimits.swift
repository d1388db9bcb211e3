// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum SquashFSLimits {
  /// The block sizes that the format has, as exponents: 4 KiB to 1 MiB.
  public static let blockShifts: ClosedRange<UInt16> = 12...20

  /// The most bytes that a block of metadata unpacks to.
  public static let metadataByteCount = 8192

  /// The number of unpacked blocks of metadata that are kept.
  public static let cachedBlockCount = 16

  /// The most blocks of one file: 512 MiB in the smallest ones, 16 GiB in the usual ones.
  public static let fileBlockCount: UInt64 = 1 << 17

  /// The largest directory in bytes: a million names.
  public static let directoryByteCount: UInt64 = 64 << 20

  /// The most names after one header of a directory.
  public static let runCount: UInt32 = 256

  /// How many names can be compared while one is taken from metadata, beside what a name costs.
  static let costOfName = 8

  /// The longest name in bytes (SQUASHFS_NAME_LEN).
  public static let nameByteCount = 256

  /// The longest target of a symbolic link in bytes.
  public static let linkByteCount: UInt32 = 4096
}
