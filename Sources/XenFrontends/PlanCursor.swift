// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO

/// Walks over the pieces of plans and cuts requests from them.
///
/// All bytes that were ever appended are numbered in their order; a request says which of them it
/// is for.
struct PlanCursor {
  private struct Item {
    let piece: ReadPlan.Piece
    /// The number of its first byte.
    let position: UInt64
  }

  private var items: [Item] = []
  private var index = 0
  /// Bytes of the piece at `index` that are cut already.
  private var consumed: UInt64 = 0

  /// The number behind the last byte.
  private(set) var end: UInt64 = 0

  /// Whether nothing is left.
  var isAtEnd: Bool { index == items.count }

  /// The number of the next byte to be cut; `end` if none is left.
  var position: UInt64 { isAtEnd ? end : items[index].position + consumed }

  /// Adds pieces behind those that are there.
  mutating func append(_ pieces: [ReadPlan.Piece]) {
    // Half of the array at least goes, so that this is no more work than appending was.
    if index >= items.count / 2 {
      items.removeFirst(index)
      index = 0
    }
    for piece in pieces where piece.byteCount > 0 {
      items.append(Item(piece: piece, position: end))
      end += piece.byteCount
    }
  }

  /// Gives up what is left of the pieces with these bytes: whole pieces, as a ticket has them.
  mutating func drop(_ bytes: Range<UInt64>) {
    guard !isAtEnd, position < bytes.upperBound else { return }
    let isCurrent = bytes.contains(items[index].position)
    items.removeFirst(index)
    index = 0
    items.removeAll { bytes.contains($0.position) }
    if isCurrent { consumed = 0 }
  }

  /// Cuts the next request: pieces that follow each other on the device become one, those of
  /// several plans too.
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
