// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Bytes

/// What a disk's partition table lists.
public enum PartitionTable {
  /// The most links of a chain of logical partitions that are followed.
  public static let logicalCountMax = 128

  /// The most entries of a GPT; UEFI asks for room for 128.
  public static let gptEntryCountMax = 1024

  /// The largest entry of a GPT in bytes; all known ones have 128.
  public static let gptEntryByteCountMax = 4096

  /// The partitions of a disk, or of a volume that stands for one, in the order of their
  /// numbers. Empty if it has no partition table, because it is blank or because a file system has
  /// the whole disk.
  ///
  /// A good GPT counts before the MBR beside it, as for Linux. With a damaged one, the entries that
  /// a hybrid MBR has beside the protective one are given, and an error if there are none. A chain
  /// of logical partitions that loops or is too long gives those before that point and calls
  /// `onProblem`. So does a GPT made for the other of the usual sizes of sectors, which is used.
  public static func read<Device: BlockDevice>(
    _ disk: Volume<Device>, onProblem: (PartitionError) -> Void = { _ in }
  ) throws(PartitionError) -> [Partition] {
    let geometry = Geometry(disk)
    guard geometry.sectorCount > 0 else { return [] }
    let first: [UInt8]
    do { first = try disk.read(at: 0, count: geometry.sectorByteCount) } catch {
      throw .device(error)
    }
    guard let mbr = MasterBootRecord(ByteView(first)) else { return [] }
    if mbr.isProtective {
      let primary = GPTReader(disk, headerSector: 1, geometry).partitions()
      if case .success(let partitions) = primary { return partitions }
      let backup = GPTReader(disk, headerSector: geometry.sectorCount - 1, geometry).partitions()
      if case .success(let partitions) = backup { return partitions }
      // Copied from a disk with other sectors. GRUB takes it, Linux does not.
      let other = Geometry(disk, sectorByteCount: geometry.sectorByteCount == 512 ? 4096 : 512)
      if case .success(let partitions) = GPTReader(disk, headerSector: 1, other).partitions() {
        onProblem(.otherSectors(table: other.sectorByteCount, disk: geometry.sectorByteCount))
        return partitions
      }
      if case .failure(let one) = primary, case .failure(let other) = backup,
        !mbr.entries.contains(where: { !$0.isEmpty && !$0.isProtective })
      {
        throw .unusableGPT(primary: one, backup: other)
      }
    }
    var result: [Partition] = []
    for (index, entry) in mbr.entries.enumerated() where !entry.isProtective {
      if let partition = mbr.partition(index + 1, entry, startingAt: 0, on: geometry) {
        result.append(partition)
      }
    }
    for entry in mbr.entries where entry.isExtended && !entry.isEmpty {
      result += try logicalPartitions(
        of: mbr, in: entry, from: max(5, (result.last?.number ?? 0) + 1), on: disk,
        onProblem: onProblem)
    }
    return result
  }

  /// Follows the chain of extended boot records: each lists a logical partition, relative to
  /// itself, and the next record, relative to the extended partition.
  private static func logicalPartitions<Device: BlockDevice>(
    of mbr: MasterBootRecord, in extended: MBREntry, from firstNumber: Int,
    on disk: Volume<Device>, onProblem: (PartitionError) -> Void
  ) throws(PartitionError) -> [Partition] {
    let geometry = Geometry(disk)
    let base = UInt64(extended.firstSector)
    var result: [Partition] = []
    var visited: [UInt64] = []
    var sector = base
    while visited.count < logicalCountMax {
      guard sector < geometry.sectorCount else { return result }
      if visited.contains(sector) {
        onProblem(.logicalChainLoops(sector: sector))
        return result
      }
      visited.append(sector)
      let bytes: [UInt8]
      do {
        bytes = try disk.read(
          at: sector * UInt64(geometry.sectorByteCount), count: geometry.sectorByteCount)
      } catch { throw .device(error) }
      guard let record = MasterBootRecord(ByteView(bytes)) else { return result }
      for entry in record.entries.prefix(2) where !entry.isExtended {
        let number = firstNumber + result.count
        if let partition = mbr.partition(number, entry, startingAt: sector, on: geometry) {
          result.append(partition)
        }
      }
      guard let next = record.entries.first(where: { $0.isExtended && !$0.isEmpty }) else {
        return result
      }
      sector = base + UInt64(next.firstSector)  // The sum of two 32-bit numbers.
    }
    onProblem(.logicalChainTooLong(limit: logicalCountMax))
    return result
  }
}

/// The sectors of a disk.
struct Geometry {
  let sectorByteCount: Int
  let sectorCount: UInt64

  /// By the disk's own sectors, or by those of `sectorByteCount`.
  init<Device: BlockDevice>(_ disk: Volume<Device>, sectorByteCount: Int? = nil) {
    self.sectorByteCount = sectorByteCount ?? max(512, disk.sectorByteCount)
    sectorCount = disk.byteCount / UInt64(self.sectorByteCount)
  }

  /// The bytes of a range of sectors, as far as they are on the disk; nil if none is.
  func bytes(from first: UInt64, count: UInt64) -> (offset: UInt64, count: UInt64, clipped: Bool)? {
    guard count > 0, first < sectorCount else { return nil }
    let here = min(count, sectorCount - first)
    let unit = UInt64(sectorByteCount)
    return (first * unit, here * unit, here < count)
  }
}
