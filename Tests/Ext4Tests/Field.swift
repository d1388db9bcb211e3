// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

@testable import Ext4

/// A field of a structure on the disk: where it is in the image, and how wide.
struct Field: CustomStringConvertible {
  let structure: String
  let offset: Int
  /// 1, 2, 4 or 8 bytes.
  let width: Int
  let index: Int

  var description: String { "\(structure), field \(index) of \(width) bytes" }

  /// The largest value.
  var max: UInt64 { width == 8 ? .max : 1 << (8 * UInt64(width)) - 1 }

  /// The value, low byte first: for a journal's, the bytes are in reverse.
  func value(in bytes: [UInt8]) -> UInt64 {
    (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + place($1)]) }
  }

  func put(_ value: UInt64, in bytes: inout [UInt8]) {
    for byte in 0..<width {
      bytes[offset + place(byte)] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
    }
  }

  private var isBigEndian: Bool { structure.hasPrefix("journal") }

  private func place(_ byte: Int) -> Int { isBigEndian ? width - 1 - byte : byte }

  /// Fields that follow each other, that many of each width.
  static func list(_ structure: String, _ widths: [(count: Int, width: Int)], at start: Int)
    -> [Field]
  {
    var fields: [Field] = []
    var offset = start
    for (count, width) in widths {
      for _ in 0..<count {
        fields.append(
          Field(structure: structure, offset: offset, width: width, index: fields.count))
        offset += width
      }
    }
    return fields
  }

  /// `struct ext4_super_block`, with identifiers and names in pieces of four bytes.
  static func superblock(at start: Int) -> [Field] {
    list(
      "superblock",
      [
        (13, 4), (6, 2), (4, 4), (2, 2), (1, 4), (2, 2), (28, 4), (2, 1), (1, 2), (7, 4),
        (4, 4), (2, 1), (1, 2), (20, 4), (3, 4), (2, 2), (1, 4), (2, 2), (1, 8), (1, 4), (2, 1),
        (1, 2), (1, 8), (63, 4), (2, 2), (96, 4),
      ], at: start)
  }

  /// `struct ext4_group_desc`.
  static func groupDescriptor(at start: Int, is64Bit: Bool) -> [Field] {
    let low = [(3, 4), (4, 2), (1, 4), (4, 2)]
    let high = [(3, 4), (4, 2), (1, 4), (2, 2), (1, 4)]
    return list("group descriptor", is64Bit ? low + high : low, at: start)
  }

  /// `struct ext4_inode`, `i_block` by what is in it.
  static func inode(_ inode: Inode, at start: Int) -> [Field] {
    var fields = list("inode", [(2, 2), (5, 4), (2, 2), (3, 4)], at: start)
    if inode.hasExtents {
      let isLeaf = inode.blockField.u16(at: 6) == 0
      fields += extents("extents in inode", isLeaf: isLeaf, entryCount: 4, at: start + 0x28)
    } else {
      fields += list("block map in inode", [(15, 4)], at: start + 0x28)
    }
    fields += list("inode", [(4, 4), (6, 2), (2, 2), (6, 4)], at: start + 0x64)
    let extra = Int(inode.raw.u16(at: 0x80) ?? 0)
    if inode.raw.u32(at: 0x80 + extra) == 0xea02_0000 {
      // The magic number and two entries with names of four letters.
      fields += list(
        "attribute", [(1, 4), (2, 1), (1, 2), (3, 4), (4, 1), (2, 1), (1, 2), (3, 4)],
        at: start + 0x80 + extra)
    }
    return fields
  }

  /// A header and entries of an extent tree.
  static func extents(_ name: String, isLeaf: Bool, entryCount: Int, at start: Int) -> [Field] {
    var fields = list(name, [(4, 2), (1, 4)], at: start)
    for entry in 0..<entryCount {
      let widths = isLeaf ? [(1, 4), (2, 2), (1, 4)] : [(2, 4), (2, 2)]
      fields += list(name, widths, at: start + 12 + 12 * entry)
    }
    return fields
  }

  /// The first records of a block of a directory, and the first letter of each.
  static func records(_ bytes: [UInt8], at start: Int) -> [Field] {
    var fields: [Field] = []
    var offset = start
    for _ in 0..<8 {
      fields += list("directory record", [(1, 4), (1, 2), (3, 1)], at: offset)
      offset += Int(bytes[offset + 4]) | Int(bytes[offset + 5]) << 8
      if offset >= start + 1024 - 12 { break }
    }
    return fields
  }

  /// `struct dx_root`, and its first pairs.
  static func indexRoot(at start: Int) -> [Field] {
    list(
      "directory index",
      [
        (1, 4), (1, 2), (2, 1), (1, 4), (1, 4), (1, 2), (2, 1), (1, 4), (1, 4), (4, 1), (2, 2),
        (7, 4),
      ], at: start)
  }

  /// `journal_superblock_t`.
  static func journalSuperblock(at start: Int) -> [Field] {
    list("journal superblock", [(20, 4), (4, 1), (60, 4)], at: start)
  }

  /// The header of a block of a journal and its first tags, revoke records, or the commit's fields.
  static func journalBlock(
    _ kind: JournalHeader.Kind, _ checksums: String, at start: Int
  ) -> [Field] {
    let header = list("journal header", [(3, 4)], at: start)
    switch kind {
    case .descriptor:
      let tag = checksums == "3" ? [(4, 4)] : [(1, 4), (2, 2), (1, 4)]
      let pad = checksums == "2" ? 2 : 0
      let byteCount = checksums == "3" ? 16 : 12 + pad
      var fields = header
      for index in 0..<3 {
        // A UUID follows the first tag.
        let offset = 12 + index * byteCount + (index > 0 ? 16 : 0)
        fields += list("journal tag", tag, at: start + offset)
      }
      return fields
    case .revocation: return header + list("journal revocation", [(1, 4), (4, 8)], at: start + 12)
    case .commit:
      return header
        + list("journal commit", [(2, 1), (1, 2), (8, 4), (1, 8), (1, 4)], at: start + 12)
    case .superblockV1, .superblockV2: return header
    }
  }
}
