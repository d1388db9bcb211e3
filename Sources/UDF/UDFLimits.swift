// SPDX-License-Identifier: GPL-2.0-or-later

/// What the reader allows before it takes a file system for corrupt. Far beyond what boot files
/// need, and little enough that no image can keep the loader busy or eat its memory.
public enum UDFLimits {
  /// The most structures of the volume recognition sequence that are looked at.
  static let recognitionCount: UInt64 = 32
  /// The sizes of a sector that are tried, most usual first.
  static let sectorByteCounts: [UInt64] = [2048, 512, 4096, 1024, 8192, 16384, 32768]
  /// The most sectors of a volume descriptor sequence.
  static let descriptorCount: UInt64 = 256
  /// The most extents of one, each of which names the next.
  static let descriptorExtentCount = 8
  /// The most partitions that are listed, and maps of them.
  static let partitionCount = 16
  /// The most packets of a sparing table.
  static let sparedCount = 4096
  /// The most entries of a virtual allocation table: its virtual part has metadata alone.
  static let virtualCount = 1 << 18
  /// How far from the end of a volume such a table is looked for, in sectors.
  static let virtualSearchCount: UInt64 = 64
  /// The most indirect entries before a file entry.
  static let indirectCount = 32
  /// The most allocation descriptors of a file.
  static let descriptorsPerFile = 1 << 16
  /// The most extents of allocation descriptors of a file.
  static let continuationCount = 1 << 12
  /// The most pieces that a file is in.
  static let runCount = 1 << 18
  /// The largest directory in bytes.
  public static let directoryByteCount: UInt64 = 16 << 20
  /// How much of a directory is read at once, in bytes.
  static let windowByteCount = 16 << 10
  /// How many bytes can be copied while one is summed up.
  static let costOfChecksum = 4
  /// The largest symbolic link, as it is stored.
  static let linkByteCount: UInt64 = 16 << 10
  /// The longest target of a symbolic link (PATH_MAX).
  static let targetByteCount = 4096
}
