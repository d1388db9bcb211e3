// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// One of the four entries in a boot record: 16 bytes with the status at 0, the type at 4, the
/// first sector at 8 and the number of sectors at 12.
struct MBREntry: Equatable {
  let status: UInt8
  let type: UInt8
  let firstSector: UInt32
  let sectorCount: UInt32

  init?(_ view: ByteView, at offset: Int) {
    guard let status = view.u8(at: offset), let type = view.u8(at: offset + 4),
      let firstSector = view.u32(at: offset + 8), let sectorCount = view.u32(at: offset + 12),
      status == 0 || status == 0x80
    else { return nil }
    self.status = status
    self.type = type
    self.firstSector = firstSector
    self.sectorCount = sectorCount
  }

  var isEmpty: Bool { type == 0 || sectorCount == 0 }
  /// CHS, LBA and Linux extended partitions: boxes for logical ones.
  var isExtended: Bool { type == 0x05 || type == 0x0f || type == 0x85 }
  /// Stands for the GPT after it (UEFI 2.10, 5.2.3).
  var isProtective: Bool { type == 0xee }
}

/// A sector with four entries at byte 446 and the signature 0x55 0xaa at byte 510: the first of
/// the disk, or one in the chain of logical partitions.
struct MasterBootRecord: Equatable {
  let diskSignature: UInt32
  let entries: [MBREntry]

  /// Nil if it is none: there is no signature, or an entry's status is neither 0 nor 0x80, so that
  /// the bytes must be boot code. A FAT's fields in front say nothing, as for Linux and GRUB:
  /// makers of partition tables leave what is before the entries as it is.
  init?(_ view: ByteView) {
    guard view.u16(at: 510) == 0xaa55, let diskSignature = view.u32(at: 440) else { return nil }
    var entries: [MBREntry] = []
    for slot in 0..<4 {
      guard let entry = MBREntry(view, at: 446 + 16 * slot) else { return nil }
      entries.append(entry)
    }
    self.diskSignature = diskSignature
    self.entries = entries
  }

  /// Whether one of the entries says that there is a GPT.
  var isProtective: Bool { entries.contains { $0.isProtective } }

  /// The partition that `entry` lists, with its first sector counted from `origin`; nil if there
  /// is none or it starts past the disk's end.
  func partition(
    _ number: Int, _ entry: MBREntry, startingAt origin: UInt64, on geometry: Geometry
  ) -> Partition? {
    guard !entry.isEmpty,
      let first = Checked.sum(origin, UInt64(entry.firstSector)),
      let range = geometry.bytes(from: first, count: UInt64(entry.sectorCount))
    else { return nil }
    var identifier: [UInt8] = []
    Numbers.appendHexadecimal(UInt64(diskSignature), digitCountMin: 8, to: &identifier)
    identifier.append(0x2d)
    Numbers.appendHexadecimal(UInt64(number), digitCountMin: 2, to: &identifier)
    return Partition(
      number: number, scheme: .msdos, byteOffset: range.offset, byteCount: range.count,
      isClipped: range.clipped, type: .msdos(entry.type), identifier: ByteString(identifier),
      label: "", isActive: entry.status == 0x80, attributes: 0)
  }
}
