// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The boot sector (Microsoft's exFAT specification, revision 1.00, section 3.1), with every field
/// in its bounds.
struct BootSector {
  static let byteCount = 512

  /// How large a sector is, as an exponent: 9 to 12.
  let sectorShift: UInt64
  /// How large a cluster is, as an exponent: 9 to 25.
  let clusterShift: UInt64
  /// The number of clusters; the first one is number 2.
  let clusterCount: UInt32
  /// Where the table that counts is, in bytes.
  let tableByteOffset: UInt64
  /// Where cluster 2 is, in bytes.
  let dataByteOffset: UInt64
  /// Where the root directory begins.
  let rootCluster: UInt32
  /// The serial number as blkid prints it.
  let serial: ByteString

  var clusterByteCount: UInt64 { 1 << clusterShift }

  /// Whether the sector calls itself exFAT's, and has zeros where FAT has its fields: to FAT the
  /// name means nothing.
  static func isNamed(in view: ByteView) -> Bool {
    view.u16(at: 510) == 0xaa55 && view.string(at: 3, count: 8) == "EXFAT   "
      && view.slice(at: 11, count: 53)?.bytes.allSatisfy { $0 == 0 } == true
  }

  /// Decodes the 512 bytes and checks them.
  init(_ view: ByteView) throws(ExFATError) {
    guard Self.isNamed(in: view), let tableSector = view.u32(at: 80),
      let tableSectorCount = view.u32(at: 84), let dataSector = view.u32(at: 88),
      let clusters = view.u32(at: 92), let root = view.u32(at: 96),
      let number = view.u32(at: 100), let revision = view.u16(at: 104),
      let flags = view.u16(at: 106), let sectorShift = view.u8(at: 108),
      let extraShift = view.u8(at: 109), let tables = view.u8(at: 110)
    else { throw .notExFAT }
    func check(_ isGood: Bool, _ field: ByteString, _ value: UInt64) throws(ExFATError) {
      if !isGood { throw .badBootSector(field: field, value: value) }
    }
    guard revision >> 8 == 1 else { throw .unknownRevision(revision) }
    try check((9...12).contains(sectorShift), "sector size's exponent", UInt64(sectorShift))
    try check(
      UInt64(sectorShift) + UInt64(extraShift) <= 25, "cluster size's exponent",
      UInt64(extraShift))
    try check(tables == 1 || tables == 2, "number of tables", UInt64(tables))
    try check(tableSector >= 24, "sector of the table", UInt64(tableSector))
    try check(clusters > 0 && clusters <= 0xffff_fff5, "number of clusters", UInt64(clusters))
    let shift = UInt64(sectorShift)
    // Numbers of 32 bits, and a sector of 12.
    let tableByteCount = UInt64(tableSectorCount) << shift
    try check(
      tableByteCount >= 4 * (UInt64(clusters) + 2), "size of a table", UInt64(tableSectorCount))
    let tablesEnd = UInt64(tableSector) + UInt64(tables) * UInt64(tableSectorCount)
    try check(UInt64(dataSector) >= tablesEnd, "sector of the clusters", UInt64(dataSector))
    try check(root >= 2 && root - 2 < clusters, "root cluster", UInt64(root))
    self.sectorShift = shift
    clusterShift = shift + UInt64(extraShift)
    clusterCount = clusters
    // Of two tables one is up to date.
    let active = tables == 2 && flags & 1 != 0 ? UInt64(tableSectorCount) : 0
    tableByteOffset = (UInt64(tableSector) + active) << shift
    dataByteOffset = UInt64(dataSector) << shift
    rootCluster = root
    serial = Self.text(ofSerial: number)
  }

  /// The checksum over the first eleven sectors of a boot region, of which some bytes change while
  /// it is mounted (section 3.4).
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0
    for index in bytes.indices where index != 106 && index != 107 && index != 112 {
      sum = Checksum.next(sum, bytes[index])
    }
    return sum
  }

  private static func text(ofSerial serial: UInt32) -> ByteString {
    var digits: [UInt8] = []
    Numbers.appendHexadecimal(UInt64(serial), digitCountMin: 8, to: &digits)
    digits = digits.map { $0 >= 0x61 ? $0 - 0x20 : $0 }
    digits.insert(0x2d, at: 4)
    return ByteString(digits)
  }
}

/// The sums that exFAT has everywhere: turned right by a bit, and a byte added.
enum Checksum {
  static func next(_ sum: UInt32, _ byte: UInt8) -> UInt32 {
    (sum << 31 | sum >> 1) &+ UInt32(byte)
  }

  static func next(_ sum: UInt16, _ byte: UInt8) -> UInt16 {
    (sum << 15 | sum >> 1) &+ UInt16(byte)
  }
}
