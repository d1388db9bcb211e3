// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Why a copy of a GPT is of no use.
public enum GPTDefect: Equatable, Sendable {
  /// The disk has no sector there.
  case outsideDisk
  /// The sector can't be read.
  case unreadable
  /// It does not start with `EFI PART`.
  case badSignature
  /// The header's size is under 92 bytes or over a sector.
  case badHeaderSize(UInt32)
  /// The header's checksum is wrong.
  case badHeaderChecksum(stored: UInt32, computed: UInt32)
  /// The header says that it is in another sector.
  case wrongSector(UInt64)
  /// An entry's size is not 128 times a power of two, or is over the limit.
  case badEntrySize(UInt32)
  /// There are more entries than the limit.
  case tooManyEntries(UInt32)
  /// The checksum of the entries is wrong.
  case badEntriesChecksum(stored: UInt32, computed: UInt32)

  /// A few words for a message.
  public var text: ByteString {
    switch self {
    case .outsideDisk: "outside the disk"
    case .unreadable: "unreadable"
    case .badSignature: "no signature"
    case .badHeaderSize(let size): "header size \(size)"
    case .badHeaderChecksum(let stored, let computed):
      "header checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    case .wrongSector(let sector): "made for sector \(sector)"
    case .badEntrySize(let size): "entry size \(size)"
    case .tooManyEntries(let count): "\(count) entries"
    case .badEntriesChecksum(let stored, let computed):
      "entries checksum \(hex: UInt64(stored)) instead of \(hex: UInt64(computed))"
    }
  }
}

/// Why a partition table can't be used.
public indirect enum PartitionError: BootFailure {
  /// The disk can't be read.
  case device(BlockError)
  /// The MBR says that there is a GPT, and neither copy of it is good.
  case unusableGPT(primary: GPTDefect, backup: GPTDefect)
  /// The GPT is for sectors of `table` bytes, and the disk has those of `disk`.
  case otherSectors(table: Int, disk: Int)
  /// The chain of logical partitions comes back to a sector that it has been at.
  case logicalChainLoops(sector: UInt64)
  /// The chain of logical partitions is longer than the limit.
  case logicalChainTooLong(limit: Int)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .device(let error): error.family
    case .otherSectors: .unsupported
    case .unusableGPT, .logicalChainLoops, .logicalChainTooLong: .corrupt
    }
  }

  /// One line that names the place.
  public var message: ByteString {
    switch self {
    case .device(let error): "partition table: \(error.message)"
    case .unusableGPT(let primary, let backup):
      "partition table: GPT is damaged (first copy: \(primary.text); backup: \(backup.text))"
    case .otherSectors(let table, let disk):
      "partition table: made for sectors of \(table) bytes, not \(disk); Linux won't see it"
    case .logicalChainLoops(let sector):
      "partition table: the chain of logical partitions loops at sector \(sector)"
    case .logicalChainTooLong(let limit):
      "partition table: more than \(limit) links in the chain of logical partitions"
    }
  }
}
