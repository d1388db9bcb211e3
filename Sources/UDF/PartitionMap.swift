// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How the blocks of a partition are found on the volume (ECMA-167, 3/10.7; UDF 2.60, 2.2.8 to
/// 2.2.10).
enum PartitionMap {
  /// One after the other.
  case plain(PartitionExtent)
  /// The same, but for packets that have moved.
  case sparable(PartitionExtent, SparingTable)
  /// By a table of a disk that is written once.
  case virtual(PartitionExtent, [UInt32])
  /// In a file that lies in another partition.
  case metadata(MetadataRuns)

  /// What a logical volume's descriptor says of each partition, before anything else is read.
  enum Form: Equatable {
    case plain(number: UInt16)
    case sparable(number: UInt16, packetBlockCount: UInt16, tables: [UInt32], byteCount: UInt32)
    case virtual(number: UInt16)
    case metadata(number: UInt16, file: UInt32, mirror: UInt32)
  }

  /// The maps of a logical volume's descriptor.
  static func forms(_ view: ByteView) throws(UDFError) -> [Form] {
    let place = UDFStructure.sector(UInt64(view.u32(at: 12) ?? 0))
    guard let count = view.u32(at: 268), let byteCount = view.u32(at: 264),
      let table = view.slice(at: 440, count: Int(byteCount))
    else { throw .badField(place, field: "partition maps", value: UInt64(view.count)) }
    guard count <= UDFLimits.partitionCount else { throw .tooMany(place, "partition maps") }
    var result: [Form] = []
    var offset = 0
    for _ in 0..<count {
      guard let type = table.u8(at: offset), let length = table.u8(at: offset + 1), length >= 6,
        let map = table.slice(at: offset, count: Int(length))
      else { throw .badField(place, field: "partition maps", value: UInt64(offset)) }
      result.append(try form(map, type: type, at: place))
      offset += Int(length)
    }
    return result
  }

  private static func form(
    _ map: ByteView, type: UInt8, at place: UDFStructure
  ) throws(UDFError) -> Form {
    if type == 1, let number = map.u16(at: 4) { return .plain(number: number) }
    guard type == 2, let name = map.terminatedString(at: 5, count: 23),
      let number = map.u16(at: 38)
    else { throw .unsupported("a partition map of type \(type)") }
    switch name {
    case "*UDF Virtual Partition": return .virtual(number: number)
    case "*UDF Sparable Partition":
      guard let packet = map.u16(at: 40), let count = map.u8(at: 42), packet > 0, count <= 4,
        let size = map.u32(at: 44)
      else {
        throw .badField(place, field: "sparing tables", value: UInt64(map.u8(at: 42) ?? 0))
      }
      var tables: [UInt32] = []
      for index in 0..<Int(count) {
        if let table = map.u32(at: 48 + 4 * index) { tables.append(table) }
      }
      return .sparable(
        number: number, packetBlockCount: packet, tables: tables, byteCount: size)
    case "*UDF Metadata Partition":
      guard let file = map.u32(at: 40), let mirror = map.u32(at: 44) else {
        throw .badField(place, field: "metadata file", value: 0)
      }
      return .metadata(number: number, file: file, mirror: mirror)
    default: throw .unsupported("a partition of the kind '\(name)'")
    }
  }
}

/// Sectors of the volume, one after the other.
struct SectorRun: Equatable {
  let sector: UInt64
  let count: UInt64
}

/// The packets of a sparable partition that have moved, in the order of where they were.
struct SparingTable {
  let packetBlockCount: UInt64
  /// The first block of each in the partition, and the sector where it is now.
  let moves: [(block: UInt32, sector: UInt32)]

  /// The table in the bytes of one or more sectors; nil if it is none.
  init?(_ view: ByteView, packetBlockCount: UInt16) {
    guard view.string(at: 17, count: 18) == "*UDF Sparing Table", let count = view.u16(at: 48),
      count <= UDFLimits.sparedCount
    else { return nil }
    var moves: [(block: UInt32, sector: UInt32)] = []
    for index in 0..<Int(count) {
      guard let block = view.u32(at: 56 + 8 * index), let sector = view.u32(at: 60 + 8 * index)
      else { return nil }
      // The highest numbers stand for packets that are free, or that are bad themselves.
      if block < 0xffff_fff0 { moves.append((block, sector)) }
    }
    self.packetBlockCount = UInt64(packetBlockCount)
    self.moves = moves.sorted { $0.block < $1.block }
  }

  /// A partition without moves.
  init(packetBlockCount: UInt16) {
    self.packetBlockCount = UInt64(packetBlockCount)
    moves = []
  }

  /// Where blocks of the partition are, which all are inside it.
  func runs(_ block: UInt32, _ count: UInt64, in extent: PartitionExtent) -> [SectorRun] {
    var result: [SectorRun] = []
    var position = UInt64(block)
    let end = position + count
    for move in moves[firstMove(behind: position)...] {
      let first = UInt64(move.block)
      let last = min(first + packetBlockCount, end)
      guard last > position else { continue }
      if first >= end { break }
      let start = max(first, position)
      if start > position {
        result.append(SectorRun(sector: extent.firstSector + position, count: start - position))
      }
      result.append(SectorRun(sector: UInt64(move.sector) + start - first, count: last - start))
      position = last
    }
    if position < end {
      result.append(SectorRun(sector: extent.firstSector + position, count: end - position))
    }
    return result
  }

  /// The first move of a packet that ends behind a block.
  private func firstMove(behind block: UInt64) -> Int {
    var low = 0
    var high = moves.count
    while low < high {
      let middle = (low + high) / 2
      if UInt64(moves[middle].block) + packetBlockCount <= block {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

/// The sectors of a file that is a partition.
struct MetadataRuns {
  private let runs: [SectorRun]
  /// The block at which each run begins.
  private let starts: [UInt64]

  /// The number of runs.
  var count: Int { runs.count }

  init(_ runs: [SectorRun]) {
    var starts: [UInt64] = []
    var start: UInt64 = 0
    for run in runs {
      starts.append(start)
      start += run.count  // Of a file whose size is 64 bits of bytes.
    }
    self.runs = runs
    self.starts = starts
  }

  /// Where blocks are; nil unless all of them are in the file.
  func runs(_ block: UInt64, count: UInt64) -> [SectorRun]? {
    var index = 0
    var high = runs.count
    while high - index > 1 {
      let middle = (index + high) / 2
      if starts[middle] <= block { index = middle } else { high = middle }
    }
    var result: [SectorRun] = []
    var position = block
    var rest = count
    while rest > 0, index < runs.count {
      let skipped = position - starts[index]
      guard skipped < runs[index].count else { return nil }
      let part = min(runs[index].count - skipped, rest)
      result.append(SectorRun(sector: runs[index].sector + skipped, count: part))
      position += part
      rest -= part
      index += 1
    }
    return rest == 0 ? result : nil
  }
}
