// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO

/// Walks over the pieces of plans and cuts requests from them.
///
/// All bytes are numbered in the order in which they were appended; a request says which numbers
/// it is for.
struct PlanCursor {
  private struct Item {
    let piece: ReadPlan.Piece
    /// The number of its first byte.
    let position: UInt64
  }

  private var items: [Item] = []
  private var index = 0
  /// How many bytes of the piece at `index` have been cut.
  private var consumed: UInt64 = 0

  /// The number behind the last byte.
  private(set) var end: UInt64 = 0

  /// Whether nothing is left.
  var isAtEnd: Bool { index == items.count }

  /// The number of the next byte to be cut; `end` if none is left.
  var position: UInt64 { isAtEnd ? end : items[index].position + consumed }

  /// Adds pieces behind those that are there.
  mutating func append(_ pieces: [ReadPlan.Piece]) {
    // At least half of the array goes, so this costs no more than the appends did.
    if index >= items.count / 2 {
      items.removeFirst(index)
      index = 0
    }
    for piece in pieces where piece.byteCount > 0 {
      items.append(Item(piece: piece, position: end))
      end += piece.byteCount
    }
  }

  /// Drops what is left of the pieces with these bytes, which must be whole pieces.
  mutating func drop(_ bytes: Range<UInt64>) {
    guard !isAtEnd, position < bytes.upperBound else { return }
    let isCurrent = bytes.contains(items[index].position)
    items.removeFirst(index)
    index = 0
    items.removeAll { bytes.contains($0.position) }
    if isCurrent { consumed = 0 }
  }

  /// Cuts the next request. Pieces that follow each other on the device become one request, even if
  /// they belong to different plans.
  mutating func next(segmentCountMax: Int) -> DiskRequest? {
    guard !isAtEnd, segmentCountMax > 0 else { return nil }
    let start = items[index].piece.deviceByteOffset + consumed
    var position = position
    var request = DiskRequest(owner: .plan(position: position), sector: start / 512, segments: [])
    var end = start
    while request.segments.count < segmentCountMax, !isAtEnd {
      let piece = items[index].piece
      guard piece.deviceByteOffset + consumed == end, items[index].position + consumed == position
      else { break }
      let inTarget = UInt64(piece.place.byteOffset) + consumed
      let inFrame = inTarget % 4096
      let count = min(4096 - inFrame, piece.byteCount - consumed)
      request.segments.append(
        DiskSegment(
          frame: piece.place.frame + inTarget / 4096, firstSector: UInt8(inFrame / 512),
          lastSector: UInt8((inFrame + count) / 512 - 1)))
      end += count
      position += count
      consumed += count
      if consumed == piece.byteCount {
        index += 1
        consumed = 0
      }
    }
    return request
  }
}
