// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a journal that should have been replayed was not, so that the file system is read as it was
/// before what was written last.
public indirect enum JournalError: BootFailure {
  /// The journal is on another device.
  case external
  /// The journal's inode or a block of the log can't be read.
  case unreadable(Ext4Error)
  /// The file system that the journal would make of this one can't be read.
  case badResult(Ext4Error)
  /// There is no superblock of a journal.
  case noSuperblock
  /// A field of the journal's superblock makes no sense; its name and value.
  case badSuperblock(field: ByteString, value: UInt64)
  /// The checksum of the journal's superblock is wrong.
  case badChecksum(stored: UInt32, computed: UInt32)
  /// The journal needs a feature that this reader does not have; its name.
  case unsupportedFeature(ByteString)
  /// The journal's file has a hole.
  case hole(block: UInt32)
  /// The journal has more blocks than the limit.
  case tooLarge(blockCount: UInt32, limit: UInt32)
  /// The log writes more blocks, or revokes more, than the limit.
  case tooManyBlocks(limit: Int)
  /// More bytes of the log must be read than the limit.
  case tooLong(byteCountMax: UInt64)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .unreadable(let error), .badResult(let error): error.family
    case .external, .unsupportedFeature, .tooLarge, .tooManyBlocks, .tooLong: .unsupported
    case .noSuperblock, .badSuperblock, .badChecksum, .hole: .corrupt
    }
  }

  /// One line that names the place or the feature.
  public var message: ByteString {
    switch self {
    case .external: "the journal is on another device"
    case .unreadable(let error): error.message
    case .badResult(let error): "with the journal replayed: \(error.message)"
    case .noSuperblock: "the journal has no superblock"
    case .badSuperblock(let field, let value): "journal superblock: \(field) is \(value)"
    case .badChecksum(let stored, let computed):
      "journal superblock: checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .unsupportedFeature(let name): "journal feature \(name) is not supported"
    case .hole(let block): "the journal has no block \(block)"
    case .tooLarge(let count, let limit): "the journal's \(count) blocks are over \(limit)"
    case .tooManyBlocks(let limit): "the journal has more than \(limit) blocks to write"
    case .tooLong(let limit): "more than \(limit >> 20) MiB of the journal are to be read"
    }
  }
}
