// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum BtrfsLimits {
  /// The most levels of a tree; Linux has 8 too (`BTRFS_MAX_LEVEL`).
  public static let levelCount = 8

  /// The sizes of a node in bytes; Linux has the same.
  public static let nodeByteCount = 4096...65536

  /// The most chunks: 64 TiB in chunks of 1 GiB.
  public static let chunkCount = 1 << 16

  /// The most bytes of nodes read for all chunks, which bounds the memory that they take: 65,536
  /// chunks with two stripes each take 9 MiB.
  public static let chunkTreeByteCount = 16 << 20

  /// The most stripes of a chunk, which is the most devices that a chunk can be on.
  public static let stripeCount = 1024

  /// The most bytes of nodes read to list a directory or a file's extents: a million entries, or
  /// extents, take 80 MiB.
  public static let walkByteCount = 128 << 20

  /// The most separate runs and holes of one file; a compressed file has one each 128 KiB.
  public static let extentCount = 1 << 18

  /// The most bytes of a compressed extent, packed and unpacked; Linux makes 128 KiB.
  public static let encodedByteCount: UInt64 = 1 << 20

  /// The longest target of a symbolic link in bytes.
  public static let linkByteCount: UInt64 = 4096

  /// The longest name in a directory in bytes.
  public static let nameByteCount = 255

  /// How many names can be compared while an item is taken: its key has three numbers.
  static let costOfItem = 3

  /// How many names can be compared while a key is looked for in a node.
  static let costOfSearch = 8

  /// The nodes kept in memory once their checksums have been checked: the way to one file.
  public static let cachedNodeCount = 32
}
