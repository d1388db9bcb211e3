// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO

/// A part of one page frame in a request.
struct DiskSegment {
  /// The pseudo-physical frame.
  var frame: UInt64
  /// The first 512-byte unit of the frame, 0 to 7.
  var firstSector: UInt8
  /// The last one, itself included.
  var lastSector: UInt8
  /// The grant for it.
  var reference: UInt32 = 0

  /// 512-byte units.
  var sectorCount: UInt64 { UInt64(lastSector - firstSector) + 1 }
}

/// A request for consecutive sectors and a list of segments: to read into them, to write what they
/// hold, or, without segments, to bring everything written onto the disk.
struct DiskRequest {
  /// What the backend is to do.
  enum Operation {
    case read, write, flush
  }

  /// Who asked.
  enum Owner {
    /// A plan, `position` bytes behind the start of its first piece.
    case plan(position: UInt64)
    /// The blocking read, whose frames are granted for good.
    case bounce
  }

  var owner: Owner
  /// In units of 512 bytes.
  var sector: UInt64
  var segments: [DiskSegment]
  var operation = Operation.read
  /// Failed attempts of a request of one segment.
  var failureCount = 0

  /// In units of 512 bytes.
  var sectorCount: UInt64 { segments.reduce(0) { $0 + $1.sectorCount } }

  var isBounce: Bool {
    if case .bounce = owner { return true }
    return false
  }

  /// Two requests that do the same as this one of at least two segments.
  var halves: (DiskRequest, DiskRequest) {
    let middle = segments.count / 2
    var first = self
    var second = self
    first.segments = Array(segments[..<middle])
    second.segments = Array(segments[middle...])
    let count = first.sectorCount
    second.sector += count
    if case .plan(let position) = owner { second.owner = .plan(position: position + count * 512) }
    return (first, second)
  }
}

/// Walks over the pieces of plans and cuts requests from them.
struct PlanCursor {
  private var pieces: [ReadPlan.Piece] = []
  private var index = 0
  /// Bytes of the piece at `index` that are cut already.
  private var consumed: UInt64 = 0

  /// All bytes cut since the start.
  private(set) var position: UInt64 = 0

  /// Whether nothing is left.
  var isAtEnd: Bool { index == pieces.count }

  /// Adds pieces behind those that are there.
  mutating func append(_ more: [ReadPlan.Piece]) {
    if isAtEnd {
      pieces = []
      index = 0
    }
    pieces += more.filter { $0.byteCount > 0 }
  }

  /// Starts to count at `position`.
  mutating func skip(to position: UInt64) { self.position = position }

  /// Cuts the next request: pieces that follow each other on the device become one.
  mutating func next(segmentCountMax: Int) -> DiskRequest? {
    guard !isAtEnd, segmentCountMax > 0 else { return nil }
    let start = pieces[index].deviceByteOffset + consumed
    var request = DiskRequest(owner: .plan(position: position), sector: start / 512, segments: [])
    var end = start
    while request.segments.count < segmentCountMax, !isAtEnd {
      let piece = pieces[index]
      guard piece.deviceByteOffset + consumed == end else { break }
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
