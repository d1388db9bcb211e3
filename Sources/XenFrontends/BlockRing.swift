// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

/// Our side of a block ring (`xen/io/blkif.h`, x86_64 layout).
struct BlockRing {
  private var ring: FrontRing

  /// An empty ring in zeroed memory.
  init(_ memory: SharedMemory) {
    ring = FrontRing(memory, entryByteCount: BLKIF_ENTRY_SIZE)
  }

  /// How many requests can be in the ring, a power of two.
  var entryCount: UInt32 { ring.entryCount }

  /// How many requests can be put.
  var freeEntryCount: Int { ring.freeEntryCount }

  /// Puts a request of up to 11 segments.
  mutating func put(_ request: DiskRequest, id: UInt64, handle: UInt16) {
    let segments = request.segments
    precondition(segments.count <= Int(BLKIF_MAX_SEGMENTS_PER_REQUEST), "too many segments")
    let entry = ring.nextRequest()
    let code =
      switch request.operation {
      case .read: BLKIF_OP_READ
      case .write: BLKIF_OP_WRITE
      case .flush: BLKIF_OP_FLUSH_DISKCACHE
      }
    entry.store(u8: UInt8(code), at: BLKIF_REQUEST_OPERATION_OFFSET)
    entry.store(u8: UInt8(segments.count), at: BLKIF_REQUEST_SEGMENT_COUNT_OFFSET)
    entry.store(u16: handle, at: BLKIF_REQUEST_HANDLE_OFFSET)
    entry.store(u64: id, at: BLKIF_REQUEST_ID_OFFSET)
    entry.store(u64: request.sector, at: BLKIF_REQUEST_SECTOR_OFFSET)
    Self.store(segments, in: entry, at: BLKIF_REQUEST_SEGMENTS_OFFSET)
  }

  /// Puts a read whose segments are listed in one page, `list`, granted as `reference`.
  mutating func putIndirectRead(
    id: UInt64, sector: UInt64, segments: [DiskSegment], handle: UInt16,
    list: SharedMemory, reference: UInt32
  ) {
    Self.store(segments, in: list, at: 0)
    let entry = ring.nextRequest()
    entry.store(u8: UInt8(BLKIF_OP_INDIRECT), at: BLKIF_INDIRECT_OPERATION_OFFSET)
    entry.store(u8: UInt8(BLKIF_OP_READ), at: BLKIF_INDIRECT_REAL_OPERATION_OFFSET)
    entry.store(u16: UInt16(segments.count), at: BLKIF_INDIRECT_SEGMENT_COUNT_OFFSET)
    entry.store(u64: id, at: BLKIF_INDIRECT_ID_OFFSET)
    entry.store(u64: sector, at: BLKIF_INDIRECT_SECTOR_OFFSET)
    entry.store(u16: handle, at: BLKIF_INDIRECT_HANDLE_OFFSET)
    entry.store(u32: reference, at: BLKIF_INDIRECT_GRANTS_OFFSET)
  }

  private static func store(_ segments: [DiskSegment], in memory: SharedMemory, at start: Int) {
    var offset = start
    for segment in segments {
      memory.store(u32: segment.reference, at: offset + BLKIF_SEGMENT_GRANT_OFFSET)
      memory.store(u8: segment.firstSector, at: offset + BLKIF_SEGMENT_FIRST_OFFSET)
      memory.store(u8: segment.lastSector, at: offset + BLKIF_SEGMENT_LAST_OFFSET)
      offset += BLKIF_SEGMENT_SIZE
    }
  }

  /// Shows the backend all that was put, and says whether it wants an event for it.
  mutating func publish() -> Bool { ring.publish() }

  /// How many responses are there, by the backend's word: anything.
  var responseCount: UInt32 { ring.responseCount }

  /// Takes the next response, a copy.
  mutating func takeResponse() -> (id: UInt64, status: Int16) {
    let entry = ring.nextResponse()
    let status = Int16(bitPattern: entry.u16(at: BLKIF_RESPONSE_STATUS_OFFSET))
    return (entry.u64(at: BLKIF_RESPONSE_ID_OFFSET), status)
  }

  /// Asks for an event with the next response, and says whether one is there already.
  func askForEvent() -> Bool { ring.askForEvent() }
}
