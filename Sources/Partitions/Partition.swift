// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// The kind of table that a partition is listed in.
public enum PartitionScheme: Equatable, Sendable {
  /// The table in the first sector of PCs, with logical partitions after it.
  case msdos
  /// The GUID partition table of UEFI.
  case gpt

  /// The name as GRUB writes it: `msdos` or `gpt`.
  public var name: ByteString {
    switch self {
    case .msdos: "msdos"
    case .gpt: "gpt"
    }
  }
}

/// What a partition is said to be for.
public enum PartitionType: Equatable, Sendable {
  /// The type byte of an MBR entry.
  case msdos(UInt8)
  /// The type of a GPT entry.
  case gpt(GUID)
}

/// A range of a disk, as its partition table has it.
public struct Partition: Equatable, Sendable {
  /// The number that Linux and GRUB give it: slot + 1; logical partitions count from 5.
  public let number: Int
  /// The kind of table.
  public let scheme: PartitionScheme
  /// Where it starts on the disk, in bytes.
  public let byteOffset: UInt64
  /// Its size in bytes; never past the disk's end.
  public let byteCount: UInt64
  /// Whether the table has it reach past the disk's end, so that its size here is less.
  public let isClipped: Bool
  /// What it is said to be for.
  public let type: PartitionType
  /// What Linux calls its PARTUUID: a GUID, or `xxxxxxxx-nn` for an MBR.
  public let identifier: ByteString
  /// The name of a GPT partition as UTF-8; empty if it has none.
  public let label: ByteString
  /// Whether it is marked for booting from: active (MBR) or legacy BIOS bootable (GPT).
  public let isActive: Bool
  /// The attribute flags of a GPT entry (UEFI 2.10, table 5.8); 0 for an MBR.
  public let attributes: UInt64

  /// The partition as a part of `whole`, named as Linux names it: `xvda1`, `nvme0n1p1`. Nil if it
  /// is not the volume that the table was read from, and too small.
  public func volume<Device: BlockDevice>(on whole: Volume<Device>) -> Volume<Device>? {
    var name = whole.name
    if let last = name.bytes.last, ASCII.isDigit(last) { name += "p" }
    name += "\(number)"
    return Volume(whole, name: name, at: byteOffset, count: byteCount)
  }
}
