// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What the list of a packed file says of one block of its contents (erofs.rst, "Data
/// compression").
enum LogicalCluster: Equatable {
  /// How a piece that begins in the block is packed.
  enum Head: Equatable {
    case plain
    case first
    case second
  }

  /// A piece begins at byte `offset` of the block, and is stored from `block` of the volume on.
  /// `isPartial` if it is the front of a longer one.
  case head(Head, offset: UInt64, block: UInt64, isPartial: Bool)
  /// The piece before goes on. Where this is the first such block, it may say in how many blocks of
  /// the volume the piece is stored.
  case rest(storedBlockCount: UInt64?)

  /// Marks a distance that is a number of blocks instead.
  private static let countMark: UInt32 = 1 << 11

  /// Decodes 8 bytes of the list of full size. Nil if the offset leaves the block.
  init?(_ view: ByteView, at place: Int, blockByteCount: UInt64) {
    guard let advice = view.u16(at: place), let offset = view.u16(at: place + 2),
      let block = view.u32(at: place + 4)
    else { return nil }
    if advice & 3 == 2 {
      self = .rest(storedBlockCount: Self.count(in: block & 0xffff))
      return
    }
    guard UInt64(offset) < blockByteCount else { return nil }
    self = .head(
      Self.head(UInt32(advice & 3)), offset: UInt64(offset), block: UInt64(block),
      isPartial: advice & 0x8000 != 0)
  }

  fileprivate static func head(_ bits: UInt32) -> Head {
    switch bits {
    case 0: .plain
    case 1: .first
    default: .second
    }
  }

  fileprivate static func count(in distance: UInt32) -> UInt64? {
    distance & countMark != 0 ? UInt64(distance & ~countMark) : nil
  }
}

/// A group of blocks in the list of small size: 2 blocks in 8 bytes or 16 in 32. Each has as many
/// bits, the lowest first: an offset or a distance, then two bits of type. The last four bytes are
/// the block of the volume after which the first piece that begins here is stored.
struct CompactGroup {
  /// The blocks, as many as the group has.
  let clusters: [LogicalCluster]

  /// Decodes the group that fills `view`. `hasCounts` says whether sizes are stored; without, each
  /// piece is stored in one block. Nil if an offset leaves the block, or a size that is needed is
  /// missing.
  init?(_ view: ByteView, clusterCount: Int, blockShift: UInt64, hasCounts: Bool) {
    let offsetBitCount = max(UInt32(blockShift), 12)
    let bitCount = (view.count - 4) * 8 / clusterCount
    guard let base = view.u32(at: view.count - 4), bitCount >= Int(offsetBitCount) + 2 else {
      return nil
    }
    // Sizes of pieces add up. Without them, the number that is stored is one too small.
    var next = UInt64(base) + (hasCounts ? 0 : 1)
    var headNeedsCount = false
    var result: [LogicalCluster] = []
    for index in 0..<clusterCount {
      guard let word = Self.bits(view, at: index * bitCount, count: bitCount) else { return nil }
      let low = word & (1 << offsetBitCount - 1)
      let type = word >> offsetBitCount & 3
      if type == 2 {
        let count = LogicalCluster.count(in: low)
        if let count {
          next += count
          headNeedsCount = false
        }
        result.append(.rest(storedBlockCount: count))
        continue
      }
      guard UInt64(low) < 1 << blockShift else { return nil }
      // The one before ended in the block that it began in, or in this one.
      if headNeedsCount {
        if case .rest = result.last { return nil }
        next += 1
      }
      result.append(
        .head(LogicalCluster.head(type), offset: UInt64(low), block: next, isPartial: false))
      if hasCounts { headNeedsCount = true } else { next += 1 }
    }
    clusters = result
  }

  /// At most 16 bits, which may begin inside a byte.
  private static func bits(_ view: ByteView, at position: Int, count: Int) -> UInt32? {
    guard let low = view.u16(at: position / 8), let high = view.u8(at: position / 8 + 2) else {
      return nil
    }
    let word = (UInt32(high) << 16 | UInt32(low)) >> UInt32(position % 8)
    return word & (1 << UInt32(count) - 1)
  }
}
