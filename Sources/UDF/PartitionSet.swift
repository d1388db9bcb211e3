// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The partitions of a logical volume, in the order of its maps.
final class PartitionSet<Device: BlockDevice> {
  let volume: Volume<Device>
  /// The size of a block.
  let blockByteCount: UInt64
  private(set) var maps: [PartitionMap] = []

  init(_ volume: Volume<Device>, _ structure: VolumeStructure) throws(UDFError) {
    self.volume = volume
    blockByteCount = structure.sectorByteCount
    let forms = try PartitionMap.forms(structure.logicalVolume)
    // Partitions in partitions need the others.
    for form in forms { maps.append(try outer(form, structure)) }
    for (index, form) in forms.enumerated() {
      switch form {
      case .plain, .sparable: break
      case .virtual(let number):
        maps[index] = .virtual(try extent(number, structure), try virtualTable(number, forms))
      case .metadata(let number, let file, let mirror):
        maps[index] = .metadata(MetadataRuns(try metadata(number, [file, mirror], forms)))
      }
    }
  }

  /// The map of a partition that lies on the volume itself.
  private func outer(
    _ form: PartitionMap.Form, _ structure: VolumeStructure
  ) throws(UDFError) -> PartitionMap {
    switch form {
    case .plain(let number): return .plain(try extent(number, structure))
    case .sparable(let number, let packet, let tables, let byteCount):
      let table = try sparingTable(tables, byteCount, packet)
      return .sparable(try extent(number, structure), table)
    case .virtual, .metadata: return .metadata(MetadataRuns([]))
    }
  }

  private func extent(
    _ number: UInt16, _ structure: VolumeStructure
  ) throws(UDFError) -> PartitionExtent {
    for extent in structure.partitions where extent.number == number { return extent }
    throw .noPartition(.sector(0), number: number)
  }

  /// The place among the maps of the partition with a number that lies on the volume itself.
  func reference(
    to number: UInt16, _ forms: [PartitionMap.Form]
  ) throws(UDFError) -> UInt16 {
    for (index, form) in forms.enumerated() {
      switch form {
      case .plain(number), .sparable(number, _, _, _): return UInt16(index)
      default: break
      }
    }
    throw .noPartition(.sector(0), number: number)
  }

  /// The newest of the copies of a sparing table that are good.
  private func sparingTable(
    _ sectors: [UInt32], _ byteCount: UInt32, _ packet: UInt16
  ) throws(UDFError) -> SparingTable {
    var result: SparingTable?
    var newest: UInt32 = 0
    let count = min(UInt64(byteCount), 56 + 8 * UInt64(UDFLimits.sparedCount))
    for sector in sectors {
      let offset = UInt64(sector) * blockByteCount
      guard offset <= volume.byteCount, count <= volume.byteCount - offset else { continue }
      let view: ByteView
      do { view = ByteView(try volume.read(at: offset, count: Int(count))) } catch {
        throw .device(error)
      }
      guard
        (try? DescriptorTag.check(
          view, at: .sector(UInt64(sector)), location: sector, isSparingTable: true)) != nil,
        let table = SparingTable(view, packetBlockCount: packet), let number = view.u32(at: 52),
        result == nil || number > newest
      else { continue }
      result = table
      newest = number
    }
    guard let result else { throw .noTable("sparing table") }
    return result
  }

  /// The sectors of the metadata partition: those of its file, or of the file's mirror.
  private func metadata(
    _ number: UInt16, _ files: [UInt32], _ forms: [PartitionMap.Form]
  ) throws(UDFError) -> [SectorRun] {
    let partition = try reference(to: number, forms)
    var failure: UDFError?
    for (index, file) in files.enumerated() {
      let address = BlockAddress(block: file, partition: partition)
      do throws(UDFError) {
        let entry = try fileEntry(at: address)
        let type = index == 0 ? FileEntry.metadata : FileEntry.metadataMirror
        guard entry.type == type else {
          throw .badField(
            address.place, field: "type of the metadata file", value: UInt64(entry.type))
        }
        return try sectors(of: entry)
      } catch { failure = failure ?? error }
    }
    throw failure ?? .noTable("metadata file")
  }

  private func sectors(of entry: FileEntry) throws(UDFError) -> [SectorRun] {
    var result: [SectorRun] = []
    let extents = try extents(of: entry)
    // Beside them are the blocks at which they begin.
    try payMemory(byteCount: extents.count * (3 * MemoryLayout<SectorRun>.stride))
    for extent in extents {
      guard case .run(let offset, let count) = extent else {
        throw .badField(entry.address.place, field: "holes of the metadata file", value: 1)
      }
      result.append(SectorRun(sector: offset / blockByteCount, count: count / blockByteCount))
    }
    return result
  }

  /// Where blocks are on the volume.
  func runs(_ address: BlockAddress, count: UInt64) throws(UDFError) -> [SectorRun] {
    guard Int(address.partition) < maps.count else {
      throw .noPartition(address.place, number: address.partition)
    }
    let first = UInt64(address.block)
    switch maps[Int(address.partition)] {
    case .plain(let extent):
      guard first <= extent.sectorCount, count <= extent.sectorCount - first else {
        throw .outOfRange(address.place, block: first + count)
      }
      return [SectorRun(sector: extent.firstSector + first, count: count)]
    case .sparable(let extent, let table):
      guard first <= extent.sectorCount, count <= extent.sectorCount - first else {
        throw .outOfRange(address.place, block: first + count)
      }
      return table.runs(address.block, count, in: extent)
    case .virtual(let extent, let table):
      guard first <= UInt64(table.count), count <= UInt64(table.count) - first else {
        throw .outOfRange(address.place, block: first + count)
      }
      try payMemory(byteCount: 2 * Int(count) * MemoryLayout<SectorRun>.stride)
      try pay(.comparisons, Int(count))
      return try virtualRuns(address, table[Int(first)..<Int(first + count)], in: extent)
    case .metadata(let file):
      let most = min(file.count, Int(clamping: count))
      try payMemory(byteCount: 2 * most * MemoryLayout<SectorRun>.stride)
      guard let runs = file.runs(first, count: count) else {
        throw .outOfRange(address.place, block: first + count)
      }
      return runs
    }
  }

  private func virtualRuns(
    _ address: BlockAddress, _ table: ArraySlice<UInt32>, in extent: PartitionExtent
  ) throws(UDFError) -> [SectorRun] {
    var result: [SectorRun] = []
    for block in table {
      guard UInt64(block) < extent.sectorCount else {
        throw .outOfRange(address.place, block: UInt64(block))
      }
      result.append(SectorRun(sector: extent.firstSector + UInt64(block), count: 1))
    }
    return result
  }
}
