// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The tag in front of every descriptor (ECMA-167, 3/7.2 and 4/7.2).
enum DescriptorTag {
  static let byteCount = 16

  static let primaryVolume: UInt16 = 1
  static let anchor: UInt16 = 2
  static let volumePointer: UInt16 = 3
  static let partition: UInt16 = 5
  static let logicalVolume: UInt16 = 6
  static let terminating: UInt16 = 8
  static let fileSet: UInt16 = 256
  static let fileIdentifier: UInt16 = 257
  static let allocationExtent: UInt16 = 258
  static let indirectEntry: UInt16 = 259
  static let fileEntry: UInt16 = 261
  static let extendedFileEntry: UInt16 = 266

  /// The identifier of the descriptor that `view` begins with, whose checksums are right. With
  /// `location` it must be the one that is stored.
  static func check(
    _ view: ByteView, at place: UDFStructure, location: UInt32?, isSparingTable: Bool = false
  ) throws(UDFError) -> UInt16 {
    guard let tag = view.slice(at: 0, count: byteCount)?.bytes, let identifier = view.u16(at: 0),
      let stored = view.u16(at: 8), let count = view.u16(at: 10), let here = view.u32(at: 12)
    else { throw .badTagChecksum(place) }
    var sum: UInt8 = 0
    for (index, byte) in tag.enumerated() where index != 4 { sum &+= byte }
    // A sparing table is the only descriptor without a number; what is all zeros is none.
    guard ChecksumRule.matches(tag[4], sum), identifier != 0 || isSparingTable else {
      throw .badTagChecksum(place)
    }
    if let location, here != location { throw .wrongPlace(place, place: here) }
    guard let covered = view.slice(at: byteCount, count: Int(count)) else {
      throw .badField(place, field: "length of the checksum", value: UInt64(count))
    }
    let computed = checksum(covered)
    guard count == 0 || ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(place, stored: stored, computed: computed)
    }
    return identifier
  }

  /// The CRC of ITU-T V.41, which starts with 0 (ECMA-167, 3/7.2.6).
  static func checksum(_ view: ByteView) -> UInt16 {
    view.withBytes { bytes in
      var state: UInt16 = 0
      for byte in bytes {
        // What the eight shifts of a byte come to for this polynomial.
        var mixed = state >> 8 ^ UInt16(byte)
        mixed ^= mixed >> 4
        state = state << 8 ^ mixed << 12 ^ mixed << 5 ^ mixed
      }
      return state
    }
  }
}

/// A block of a partition; partitions are counted as the logical volume's maps are.
struct BlockAddress: Equatable {
  let block: UInt32
  let partition: UInt16

  /// The address of a structure in messages.
  var place: UDFStructure { .block(block, partition: partition) }
}

/// An extent as a long allocation descriptor has it (ECMA-167, 4/14.14.2).
struct LongExtent: Equatable {
  let byteCount: UInt32
  let address: BlockAddress

  init?(_ view: ByteView, at offset: Int) {
    guard let length = view.u32(at: offset), let block = view.u32(at: offset + 4),
      let partition = view.u16(at: offset + 8)
    else { return nil }
    byteCount = length & 0x3fff_ffff
    address = BlockAddress(block: block, partition: partition)
  }
}
