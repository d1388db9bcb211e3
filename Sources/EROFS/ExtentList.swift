// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The list of a packed file's pieces that comes with block numbers of 48 bits (Linux 6.15,
/// erofs_fs.h, `z_erofs_extent`). Places are bytes here, not blocks. A record has 4, 8, 16 or 32
/// bytes, of which the short ones leave out what follows from the ones before.
struct ExtentList {
  /// What one record says.
  private struct Record {
    /// Size, algorithm and whether it is the front of a longer piece; or the low half of a place in
    /// the packed inode.
    let word: UInt32
    /// Where it is stored.
    let place: UInt64
    /// Where it begins in the file; nil if all are equally long.
    let start: UInt64?

    var storedByteCount: UInt64 { UInt64(word & 0x1f_ffff) }
  }

  private static var partialBit: UInt32 { 1 << 27 }
  private static var algorithmShift: UInt32 { 28 }

  private let recordByteCount: UInt64
  private let count: UInt64
  /// The bytes of the file that each piece has, if all have the same.
  private let pieceByteCount: UInt64?

  /// Reads no more than the header. Throws if there are too many pieces.
  init(_ inode: Inode, _ header: ClusterHeader, blockShift: UInt64) throws(EROFSError) {
    recordByteCount = header.recordByteCount
    if recordByteCount > 8 {
      pieceByteCount = nil
      count = header.extentCount
    } else {
      let size: UInt64 = 1 << (blockShift + UInt64(header.clusterShift & 15))
      pieceByteCount = size
      count = (inode.byteCount - 1) / size + 1  // There is a byte at least.
    }
    guard count > 0 else { throw .badExtent(inode: inode.number, extent: 0) }
    guard count <= UInt64(EROFSLimits.extentCount) else {
      throw .tooManyExtents(inode: inode.number)
    }
  }

  /// Hands all pieces over to `pieces`, in order.
  @inline(never)
  func read<Device: BlockDevice>(
    _ header: ClusterHeader, into pieces: inout PackedPieces<Device>
  ) throws(EROFSError) {
    let inode = pieces.inode
    let unit = recordByteCount
    let offset = (header.compactListByteOffset &+ (unit - 1)) / unit * unit
    var table = MetadataTable(of: inode, at: offset, in: pieces.system)
    // Pieces without a place of their own follow each other from here on.
    var next = unit == 4 ? try table.next(8, rest: 8 + unit * count).u64(at: 0) : nil
    var last: (record: Record, start: UInt64)?
    for index in 0..<count {
      try pieces.system.pay(.lookups)
      let view = try table.next(unit, rest: unit * (count - index))
      guard let record = record(view, next: next) else {
        throw .badExtent(inode: inode.number, extent: index)
      }
      if unit == 4 { next = record.place &+ record.storedByteCount }
      let start = record.start ?? index * (pieceByteCount ?? 0)
      guard start < inode.byteCount, last.map({ $0.start < start }) ?? (start == 0) else {
        throw .badExtent(inode: inode.number, extent: index)
      }
      if let last {
        try append(last.record, header, from: last.start, to: start, number: index - 1, &pieces)
      }
      last = (record, start)
    }
    guard let last else { throw .badExtent(inode: inode.number, extent: 0) }
    if header.hasFragment {
      let high = unit > 4 ? last.record.place << 32 : 0
      try pieces.appendFragment(at: high | UInt64(last.record.word), from: last.start)
    } else {
      try append(
        last.record, header, from: last.start, to: inode.byteCount, number: count - 1, &pieces)
    }
  }

  @inline(never)
  private func record(_ view: ByteView, next: UInt64?) -> Record? {
    guard let word = view.u32(at: 0) else { return nil }
    if let next { return Record(word: word, place: next, start: nil) }
    guard let low = view.u32(at: 4) else { return nil }
    if recordByteCount == 8 { return Record(word: word, place: UInt64(low), start: nil) }
    guard let high = view.u32(at: 8), let start = view.u32(at: 12) else { return nil }
    let startHigh = recordByteCount > 16 ? view.u32(at: 16) : 0
    guard let startHigh else { return nil }
    return Record(
      word: word, place: UInt64(low) | UInt64(high) << 32,
      start: UInt64(start) | UInt64(startHigh) << 32)
  }

  @inline(never)
  private func append<Device: BlockDevice>(
    _ record: Record, _ header: ClusterHeader, from start: UInt64, to end: UInt64, number: UInt64,
    _ pieces: inout PackedPieces<Device>
  ) throws(EROFSError) {
    let count = record.storedByteCount
    guard count > 0 else {
      try pieces.appendZeros(from: start, to: end)
      return
    }
    let algorithm = record.word >> Self.algorithmShift
    let size = pieces.system.superblock.blockByteCount
    let form: PackedPieces<Device>.Form =
      algorithm == 0
      ? .plain(isTurned: header.isInterlaced && (record.place | count) % size == 0)
      : .packed(
        algorithm: UInt8(algorithm - 1), isPartial: record.word & Self.partialBit != 0)
    guard pieces.isWanted(from: start, to: end) else { return }
    let stored = Extent.run(
      byteOffset: try pieces.system.checked(record.place, count, of: pieces.inode),
      byteCount: count)
    guard try pieces.append(form, from: start, to: end, stored: stored) else {
      throw .badExtent(inode: pieces.inode.number, extent: number)
    }
  }
}
