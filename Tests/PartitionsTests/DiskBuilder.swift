// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Partitions

/// A disk in memory whose tables are made byte by byte.
struct DiskBuilder {
  var bytes: [UInt8]
  let sectorByteCount: Int

  init(sectorCount: Int, sectorByteCount: Int = 512) {
    bytes = [UInt8](repeating: 0, count: sectorCount * sectorByteCount)
    self.sectorByteCount = sectorByteCount
  }

  var device: MemoryDevice {
    MemoryDevice(name: "xvda", bytes: bytes, sectorByteCount: sectorByteCount)
  }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) {
      bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
    }
  }

  mutating func sign(sector: Int = 0) { put(UInt16(0xaa55), at: sector * sectorByteCount + 510) }

  /// An entry of the boot record in `sector`.
  mutating func entry(
    _ slot: Int, status: UInt8 = 0, type: UInt8, first: UInt32, count: UInt32, sector: Int = 0
  ) {
    let offset = sector * sectorByteCount + 446 + 16 * slot
    put(status, at: offset)
    put(type, at: offset + 4)
    put(first, at: offset + 8)
    put(count, at: offset + 12)
    sign(sector: sector)
  }

  /// A protective MBR and both copies of a GPT, with `entryCount` entries of `entryByteCount`.
  mutating func gpt(
    _ partitions: [(first: UInt64, last: UInt64)], entryCount: Int = 128, entryByteCount: Int = 128
  ) {
    entry(0, type: 0xee, first: 1, count: .max)
    var entries = DiskBuilder(sectorCount: entryCount, sectorByteCount: entryByteCount)
    for (slot, partition) in partitions.enumerated() {
      let offset = slot * entryByteCount
      for index in 0..<16 { entries.bytes[offset + index] = 0x10 + UInt8(index) }
      entries.bytes[offset + 16] = UInt8(slot + 1)
      entries.put(partition.first, at: offset + 32)
      entries.put(partition.last, at: offset + 40)
    }
    let sectorCount = bytes.count / sectorByteCount
    let entriesSectorCount = (entries.bytes.count + sectorByteCount - 1) / sectorByteCount
    for (header, first) in [(1, 2), (sectorCount - 1, sectorCount - 1 - entriesSectorCount)] {
      let start = first * sectorByteCount
      bytes.replaceSubrange(start..<start + entries.bytes.count, with: entries.bytes)
      let offset = header * sectorByteCount
      bytes.replaceSubrange(offset..<offset + 8, with: Array("EFI PART".utf8))
      put(UInt32(92), at: offset + 12)
      put(UInt64(header), at: offset + 24)
      put(UInt64(first), at: offset + 72)
      put(UInt32(entryCount), at: offset + 80)
      put(UInt32(entryByteCount), at: offset + 84)
      put(CRC32.ieee.checksum(entries.bytes), at: offset + 88)
      sealHeader(header)
    }
  }

  /// Makes the checksum of a GPT header right again.
  mutating func sealHeader(_ sector: Int) {
    let offset = sector * sectorByteCount
    put(UInt32(0), at: offset + 16)
    put(CRC32.ieee.checksum(Array(bytes[offset..<offset + 92])), at: offset + 16)
  }
}

extension PartitionTable {
  /// The partitions of a whole disk.
  static func read<Device: BlockDevice>(_ device: Device) throws(PartitionError) -> [Partition] {
    try read(Volume(whole: device))
  }
}

extension Partition {
  /// The partition as a volume of a disk.
  func volume<Device: BlockDevice>(on device: Device) -> Volume<Device>? {
    volume(on: Volume(whole: device))
  }
}
