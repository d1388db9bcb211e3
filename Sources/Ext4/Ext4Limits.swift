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

  /// The most blocks of a journal; mke2fs makes none that is larger.
  public static let journalBlockCount: UInt32 = 10_240_000

  /// The most data blocks, and the most revoke records, of all transactions in a log: what a
  /// journal of 1 GiB holds in blocks of 4 KiB. Each takes 40 bytes of memory while the log is
  /// read, and 16 as long as the file system is in use.
  public static let overlaidBlockCount = 1 << 18

  /// The most bytes of a journal that are read.
  public static let journalReadByteCount: UInt64 = 2 << 30
}
