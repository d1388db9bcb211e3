// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A primary or supplementary volume descriptor (ECMA-119, 8.4 and 8.5), with its numbers checked.
final class VolumeDescriptor {
  /// The size of a logical sector, which descriptors fill.
  static let byteCount = 2048

  /// The sector that it is in.
  let sector: UInt64
  /// The volume identifier as stored.
  let identifier: ByteView
  /// The characters of a supplementary descriptor.
  let escapeSequences: ByteView
  /// 512, 1024 or 2048.
  let blockByteCount: UInt64
  /// Where the root directory is, in bytes of the volume, and its size.
  let root: DirectoryRange
  /// The size of the volume in bytes, as the descriptor has it.
  let volumeByteCount: UInt64
  /// The volume as blkid and GRUB identify it; empty if it has no date.
  let uuid: ByteString

  /// Decodes the 2048 bytes of a descriptor in `sector`.
  init(_ view: ByteView, sector: UInt64) throws(ISO9660Error) {
    let place = ISO9660Structure.descriptor(sector: sector)
    guard view.count == Self.byteCount, let identifier = view.slice(at: 40, count: 32),
      let escapes = view.slice(at: 88, count: 32), let rootLength = view.u8(at: 156),
      let record = view.slice(at: 156, count: 34)
    else { throw .notISO9660 }
    self.sector = sector
    self.identifier = identifier
    escapeSequences = escapes
    let size = UInt64(try view.bothEndian16(at: 128, in: place))
    guard size == 512 || size == 1024 || size == 2048 else {
      throw .badDescriptor(place, field: "logical block size", value: size)
    }
    blockByteCount = size
    volumeByteCount = size * UInt64(try view.bothEndian32(at: 80, in: place))
    guard rootLength >= 34 else {
      throw .badDescriptor(place, field: "length of the root record", value: UInt64(rootLength))
    }
    let block = UInt64(try record.bothEndian32(at: 2, in: place))
    let attributeBlockCount = UInt64(record.u8(at: 1) ?? 0)
    let count = UInt64(try record.bothEndian32(at: 10, in: place))
    guard block > 0, count > 0 else {
      throw .badDescriptor(place, field: "root directory", value: block)
    }
    // Under 2^44.
    root = DirectoryRange(byteOffset: (block + attributeBlockCount) * size, byteCount: count)
    uuid =
      TimeStamp.identifier(long: view, at: 830) ?? TimeStamp.identifier(long: view, at: 813) ?? ""
  }

  /// The level of Joliet, 1 to 3, that the escape sequence for UCS-2 announces (Joliet
  /// Specification, "ISO 9660:1988 Escape Sequences"); nil if there is none.
  var jolietLevel: Int? {
    guard escapeSequences.u8(at: 0) == 0x25, escapeSequences.u8(at: 1) == 0x2f else { return nil }
    switch escapeSequences.u8(at: 2) {
    case 0x40: return 1
    case 0x43: return 2
    case 0x45: return 3
    default: return nil
    }
  }

  /// The label in ASCII, without the blanks after it.
  @inline(never)
  var label: ByteString {
    let bytes = identifier.bytes.prefix { $0 != 0 }
    let end = bytes.lastIndex { $0 != ASCII.space }
    return ByteString(bytes[..<(end.map { $0 + 1 } ?? 0)])
  }

  /// The label of a Joliet descriptor in UTF-16, without the blanks after it.
  @inline(never)
  var jolietUnits: [UInt16] {
    var units: [UInt16] = []
    for place in stride(from: 0, to: identifier.count, by: 2) {
      guard let unit = identifier.u16BigEndian(at: place), unit != 0 else { break }
      units.append(unit)
    }
    while units.last == 0x20 { units.removeLast() }
    return units
  }
}

/// A directory on the volume: its first byte, and its size in bytes.
struct DirectoryRange: Equatable {
  let byteOffset: UInt64
  let byteCount: UInt64
}
