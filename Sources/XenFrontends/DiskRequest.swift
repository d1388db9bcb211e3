// SPDX-License-Identifier: GPL-2.0-or-later
/// A part of one page frame in a request.
struct DiskSegment {
  /// The pseudo-physical frame.
  var frame: UInt64
  /// The first 512-byte unit of the frame, 0 to 7.
  var firstSector: UInt8
  /// The last unit, inclusive.
  var lastSector: UInt8
  /// The grant for it.
  var reference: UInt32 = 0

  /// In units of 512 bytes.
  var sectorCount: UInt64 { UInt64(lastSector - firstSector) + 1 }
}

/// A request: read consecutive sectors into a list of segments, write them from it, or, without
/// segments, flush the backend's cache.
struct DiskRequest {
  /// What the backend should do.
  enum Operation {
    case read, write, flush
  }

  /// Who asked.
  enum Owner {
    /// One or more plans; the request starts at the byte numbered `position`.
    case plan(position: UInt64)
    /// The blocking read or write, whose pages stay granted.
    case bounce
  }

  var owner: Owner
  /// In units of 512 bytes.
  var sector: UInt64
  var segments: [DiskSegment]
  var operation = Operation.read
  /// How many times a request of one segment has failed.
  var failureCount = 0

  /// In units of 512 bytes.
  var sectorCount: UInt64 { segments.reduce(0) { $0 + $1.sectorCount } }

  var isBounce: Bool {
    if case .bounce = owner { return true }
    return false
  }

  /// The numbers of the bytes that it reads; nil for the blocking read.
  var bytes: Range<UInt64>? {
    guard case .plan(let position) = owner else { return nil }
    return position..<position + sectorCount * 512
  }

  /// What is left of it without the segments for `unwanted` bytes, in order. Each segment belongs
  /// to one piece, so it lies either inside or outside.
  func parts(outside unwanted: Range<UInt64>) -> [DiskRequest] {
    guard let bytes, bytes.overlaps(unwanted) else { return [self] }
    var result: [DiskRequest] = []
    var part = self
    part.segments = []
    var (position, sector) = (bytes.lowerBound, sector)
    for segment in segments {
      let isWanted = !unwanted.contains(position)
      if isWanted {
        if part.segments.isEmpty {
          part.owner = .plan(position: position)
          part.sector = sector
        }
        part.segments.append(segment)
      } else if !part.segments.isEmpty {
        result.append(part)
        part.segments = []
      }
      position += segment.sectorCount * 512
      sector += segment.sectorCount
    }
    if !part.segments.isEmpty { result.append(part) }
    return result
  }

  /// Two requests that together do the same; needs at least two segments.
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
