// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Blocks of a file system whose contents are in the log: what lies over the volume when a journal
/// is replayed in memory.
struct JournalOverlay {
  /// A block, and where its contents are.
  struct Entry: Equatable {
    let block: UInt64
    /// Bytes from the volume's start, a multiple of 1024; the lowest bit says that the first four
    /// bytes there are zeros and stand for the magic number.
    private let place: UInt64

    init(block: UInt64, byteOffset: UInt64, isEscaped: Bool) {
      self.block = block
      place = byteOffset & ~1 | (isEscaped ? 1 : 0)
    }

    var byteOffset: UInt64 { place & ~1 }
    var isEscaped: Bool { place & 1 != 0 }
  }

  /// Nothing over the volume.
  static let empty = JournalOverlay([], blockByteCount: 1024)

  private let entries: [Entry]
  private let blockByteCount: UInt64

  /// An overlay of `entries`, which are sorted by block, each block once.
  init(_ entries: [Entry], blockByteCount: Int) {
    self.entries = entries
    self.blockByteCount = UInt64(blockByteCount)
  }

  /// The number of blocks that are elsewhere.
  var count: Int { entries.count }

  /// Where `byteCount` bytes at `byteOffset` of the file system really are, in order.
  func pieces(at byteOffset: UInt64, count byteCount: UInt64) -> [Extent] {
    var pieces = ExtentRuns()
    var position = byteOffset
    let end = byteOffset + byteCount  // A range of the volume.
    var slot = firstSlot(atOrBehind: position / blockByteCount)
    while position < end {
      guard slot < entries.count, entries[slot].block < (end - 1) / blockByteCount + 1 else {
        pieces.append(.run(byteOffset: position, byteCount: end - position))
        break
      }
      let entry = entries[slot]
      let start = entry.block * blockByteCount  // Not over `end`.
      if start > position {
        pieces.append(.run(byteOffset: position, byteCount: start - position))
        position = start
      }
      let stop = min(end, start + blockByteCount)
      append(entry, from: position - start, to: stop - start, to: &pieces)
      position = stop
      slot += 1
    }
    return pieces.extents
  }

  /// The same for the extents of a file; ends after `countMax` pieces, when the rest is of no use.
  /// Extents may overlap, so there can be far more pieces than blocks.
  func pieces(
    of extents: [Extent], countMax: Int, paidBy work: WorkAccount
  ) throws(BlockError) -> [Extent] {
    if entries.isEmpty { return extents }
    var result = ExtentRuns()
    for extent in extents where result.extents.count <= countMax {
      guard case .run(let offset, let count) = extent else {
        try result.append(extent, paidBy: work)
        continue
      }
      // One extent may have all of the blocks that are elsewhere in it.
      let pieceCountMax = min(2 * entries.count + 1, Int(clamping: count / 512))
      try work.payMemory(byteCount: 2 * pieceCountMax * MemoryLayout<Extent>.stride)
      let pieces = pieces(at: offset, count: count)
      for piece in pieces { try result.append(piece, paidBy: work) }
    }
    return result.extents
  }

  private func append(
    _ entry: Entry, from start: UInt64, to end: UInt64, to pieces: inout ExtentRuns
  ) {
    var start = start
    if entry.isEscaped && start < 4 {
      let bytes: [UInt8] = [0xc0, 0x3b, 0x39, 0x98]
      let stop = min(4, end)
      pieces.append(.inline(Array(bytes[Int(start)..<Int(stop)])))
      start = stop
    }
    if start < end {
      pieces.append(.run(byteOffset: entry.byteOffset + start, byteCount: end - start))
    }
  }

  private func firstSlot(atOrBehind block: UInt64) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].block < block { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
