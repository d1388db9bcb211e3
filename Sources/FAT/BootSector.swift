// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How many bits an entry of the table has.
enum FATKind: Equatable {
  case fat12
  case fat16
  case fat32

  var name: ByteString {
    switch self {
    case .fat12: "fat12"
    case .fat16: "fat16"
    case .fat32: "fat32"
    }
  }
}

/// The first sector with the BIOS parameter block (Microsoft's FAT specification 1.03, section 3),
/// with every field in its bounds.
struct BootSector {
  static let byteCount = 512

  let kind: FATKind
  /// 512 to 512 KiB, a power of two.
  let clusterByteCount: UInt64
  /// The number of clusters; the first one is number 2.
  let clusterCount: UInt32
  /// Where the table that counts is, in bytes.
  let tableByteOffset: UInt64
  let tableByteCount: UInt64
  /// Where the root directory of FAT12 and FAT16 is; its size is 0 for FAT32.
  let rootByteOffset: UInt64
  let rootByteCount: UInt64
  /// Where the root directory of FAT32 begins.
  let rootCluster: UInt32
  /// Where cluster 2 is.
  let dataByteOffset: UInt64
  let media: UInt8
  /// The serial number as blkid prints it; empty if there is none.
  let serial: ByteString

  /// The name of a relative of FAT that has the same signature.
  static func relative(_ view: ByteView) -> ByteString? {
    guard view.u16(at: 510) == 0xaa55, let maker = view.string(at: 3, count: 8) else { return nil }
    return maker == "NTFS    " ? "NTFS" : maker == "-FVE-FS-" ? "BitLocker" : nil
  }

  /// Whether the sector calls itself FAT's: it has the signature, and the name that all makers put
  /// where it means nothing.
  static func isNamed(in view: ByteView) -> Bool {
    view.u16(at: 510) == 0xaa55
      && (view.string(at: 54, count: 3) == "FAT" || view.string(at: 82, count: 3) == "FAT")
  }

  /// Decodes the 512 bytes and checks them.
  init(_ view: ByteView) throws(FATError) {
    guard view.count == Self.byteCount, let sectorSize = view.u16(at: 11),
      let sectorsPerCluster = view.u8(at: 13),
      let reserved = view.u16(at: 14), let tables = view.u8(at: 16),
      let rootEntries = view.u16(at: 17), let sectors16 = view.u16(at: 19),
      let media = view.u8(at: 21), let tableSize16 = view.u16(at: 22),
      let sectors32 = view.u32(at: 32), let tableSize32 = view.u32(at: 36)
    else { throw .notFAT }
    func check(_ isGood: Bool, _ field: ByteString, _ value: UInt64) throws(FATError) {
      if !isGood { throw .badBootSector(field: field, value: value) }
    }
    let isPowerOfTwo = sectorSize & (sectorSize &- 1) == 0
    try check(
      sectorSize >= 512 && sectorSize <= 4096 && isPowerOfTwo, "sector size", UInt64(sectorSize))
    try check(
      sectorsPerCluster > 0 && sectorsPerCluster & (sectorsPerCluster - 1) == 0,
      "sectors of a cluster", UInt64(sectorsPerCluster))
    try check(reserved > 0, "reserved sectors", 0)
    try check(tables > 0 && tables <= FATLimits.tableCount, "number of tables", UInt64(tables))
    try check(media >= 0xf8 || media == 0xf0, "media", UInt64(media))
    let isFAT32 = tableSize16 == 0
    let sector = UInt64(sectorSize)
    let tableSectorCount = isFAT32 ? UInt64(tableSize32) : UInt64(tableSize16)
    try check(tableSectorCount > 0, "size of a table", 0)
    let rootSectorCount = (UInt64(rootEntries) * 32 + sector - 1) / sector
    try check(isFAT32 == (rootEntries == 0), "root entries", UInt64(rootEntries))
    let sectorCount = sectors16 != 0 ? UInt64(sectors16) : UInt64(sectors32)
    // 16 bits, and a product of 32 and 3 bits.
    let rootSector = UInt64(reserved) + UInt64(tables) * tableSectorCount
    let dataSector = rootSector + rootSectorCount
    try check(sectorCount > dataSector, "number of sectors", sectorCount)
    // What is beyond the table can't be used; two entries of it are reserved.
    let clusters = (sectorCount - dataSector) / UInt64(sectorsPerCluster)
    kind = isFAT32 ? .fat32 : clusters > 4084 ? .fat16 : .fat12
    let bits: UInt64 = kind == .fat32 ? 32 : kind == .fat16 ? 16 : 12
    let entryCount = tableSectorCount * sector * 8 / bits
    try check(entryCount > 2, "size of a table", tableSectorCount)
    let entryCountMax: UInt64 =
      kind == .fat32 ? 0x0fff_fff5 : kind == .fat16 ? 0xfff5 : 0xff5
    let usable = min(clusters, entryCount - 2, entryCountMax - 2)
    try check(usable > 0, "number of sectors", sectorCount)
    clusterCount = UInt32(usable)

    clusterByteCount = sector * UInt64(sectorsPerCluster)
    rootByteOffset = rootSector * sector
    rootByteCount = rootSectorCount * sector
    dataByteOffset = dataSector * sector
    tableByteCount = tableSectorCount * sector
    self.media = media
    let active = try Self.activeTable(view, isFAT32: isFAT32, tableCount: tables)
    tableByteOffset = (UInt64(reserved) + UInt64(active) * tableSectorCount) * sector
    let root = isFAT32 ? view.u32(at: 44) ?? 0 : 0
    try check(
      !isFAT32 || (root >= 2 && UInt64(root) < usable + 2), "root cluster", UInt64(root))
    rootCluster = root
    let extended = isFAT32 ? 64 : 36
    let mark = view.u8(at: extended + 2)
    let number = mark == 0x28 || mark == 0x29 ? view.u32(at: extended + 3) ?? 0 : 0
    serial = number == 0 ? "" : Self.text(ofSerial: number)
  }

  /// FAT32 may have switched mirroring off, so that one table alone is up to date.
  private static func activeTable(
    _ view: ByteView, isFAT32: Bool, tableCount: UInt8
  ) throws(FATError) -> UInt8 {
    guard isFAT32, let flags = view.u16(at: 40), let version = view.u16(at: 42) else { return 0 }
    guard version == 0 else { throw .unsupportedFormat("this version of FAT32") }
    guard flags & 0x80 != 0 else { return 0 }
    let active = UInt8(flags & 15)
    guard active < tableCount else {
      throw .badBootSector(field: "active table", value: UInt64(active))
    }
    return active
  }

  private static func text(ofSerial serial: UInt32) -> ByteString {
    var digits: [UInt8] = []
    Numbers.appendHexadecimal(UInt64(serial), digitCountMin: 8, to: &digits)
    digits = digits.map { $0 >= 0x61 ? $0 - 0x20 : $0 }
    digits.insert(0x2d, at: 4)
    return ByteString(digits)
  }
}
