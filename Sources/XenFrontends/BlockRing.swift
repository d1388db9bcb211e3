// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

/// Our side of a block ring (`xen/io/ring.h`, `xen/io/blkif.h`, x86_64 layout): requests go in,
/// responses come out of the same entries.
///
/// Indexes run freely modulo 2^32, hence the wrapping arithmetic. Our own are kept here; what is in
/// the shared page is only published.
struct BlockRing {
  /// How many requests can be in the ring, a power of two.
  let entryCount: UInt32

  private let memory: SharedMemory
  private var requestProducer: UInt32 = 0
  private var publishedProducer: UInt32 = 0
  private var responseConsumer: UInt32 = 0

  /// An empty ring in zeroed memory.
  init(_ memory: SharedMemory) {
    self.memory = memory
    let room = (memory.byteCount - BLKIF_ENTRIES_OFFSET) / BLKIF_ENTRY_SIZE
    precondition(room > 0, "block ring without room")
    var count = 1
    while count * 2 <= room { count *= 2 }
    entryCount = UInt32(count)
    memory.store(u32: 0, at: BLKIF_REQUEST_PRODUCER_OFFSET)
    memory.store(u32: 0, at: BLKIF_RESPONSE_PRODUCER_OFFSET)
    memory.store(u32: 1, at: BLKIF_REQUEST_EVENT_OFFSET)
    memory.store(u32: 1, at: BLKIF_RESPONSE_EVENT_OFFSET)
  }

  /// How many requests can be put.
  var freeEntryCount: Int { Int(entryCount - (requestProducer &- responseConsumer)) }

  /// Puts a request of up to 11 segments.
  mutating func put(_ request: DiskRequest, id: UInt64, handle: UInt16) {
    let segments = request.segments
    precondition(segments.count <= Int(BLKIF_MAX_SEGMENTS_PER_REQUEST), "too many segments")
    let entry = nextEntry()
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
    let entry = nextEntry()
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

  private mutating func nextEntry() -> SharedMemory {
    precondition(freeEntryCount > 0, "block ring overrun")
    defer { requestProducer &+= 1 }
    return entry(requestProducer)
  }

  private func entry(_ index: UInt32) -> SharedMemory {
    let offset = BLKIF_ENTRIES_OFFSET + Int(index & (entryCount - 1)) * BLKIF_ENTRY_SIZE
    return memory.slice(at: offset, count: BLKIF_ENTRY_SIZE)
  }

  /// Shows the backend all that was put, and says whether it wants an event for it.
  mutating func publish() -> Bool {
    let old = publishedProducer
    guard requestProducer != old else { return false }
    memory.store(u32: requestProducer, at: BLKIF_REQUEST_PRODUCER_OFFSET)
    publishedProducer = requestProducer
    Barrier.full()
    let event = memory.u32(at: BLKIF_REQUEST_EVENT_OFFSET)
    return requestProducer &- event < requestProducer &- old
  }

  /// How many responses are there, by the backend's word: anything.
  var responseCount: UInt32 {
    memory.u32(at: BLKIF_RESPONSE_PRODUCER_OFFSET) &- responseConsumer
  }

  /// Takes the next response, a copy.
  mutating func takeResponse() -> (id: UInt64, status: Int16) {
    let entry = entry(responseConsumer)
    responseConsumer &+= 1
    let status = Int16(bitPattern: entry.u16(at: BLKIF_RESPONSE_STATUS_OFFSET))
    return (entry.u64(at: BLKIF_RESPONSE_ID_OFFSET), status)
  }

  /// Asks for an event with the next response, and says whether one is there already, so that
  /// nobody goes to sleep over it.
  func askForEvent() -> Bool {
    memory.store(u32: responseConsumer &+ 1, at: BLKIF_RESPONSE_EVENT_OFFSET)
    Barrier.full()
    return responseCount != 0
  }
}
