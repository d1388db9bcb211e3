// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum EROFSLimits {
  /// The block sizes that the format has, as exponents: 512 bytes to 64 KiB.
  public static let blockShifts: ClosedRange<UInt8> = 9...16

  /// The most logical clusters of a packed file: 4 GiB in blocks of 4 KiB.
  public static let clusterCount: UInt64 = 1 << 20

  /// The most chunks of one file.
  public static let chunkCount: UInt64 = 1 << 17

  /// The most packed pieces of one file.
  public static let extentCount = 1 << 17

  /// The largest directory in bytes: a million names and more.
  public static let directoryByteCount: UInt64 = 64 << 20

  /// The longest name in bytes (EROFS_NAME_LEN).
  public static let nameByteCount = 255

  /// The longest target of a symbolic link in bytes.
  public static let linkByteCount: UInt64 = 4096

  /// The largest dictionary of LZMA in bytes (Z_EROFS_LZMA_MAX_DICT_SIZE).
  public static let dictionaryByteCount: UInt32 = 8 << 20

  /// The most devices beside the first one.
  public static let deviceCount = 256

  /// The largest piece of packed metadata in bytes, unpacked. One may be unpacked for each inode
  /// that is looked at.
  public static let metaboxPieceByteCount = 4 << 20

  /// How many of those are kept unpacked.
  public static let metaboxKeptCount = 2

  /// How much of a table is read at once, in bytes.
  public static let tableByteCount = 64 << 10
}
