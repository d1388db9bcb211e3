// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

/// Our side of a shared ring (`xen/io/ring.h`): requests go in, responses come out of the same
/// entries.
///
/// The header has four indexes of 32 bits, at 0 the requests' producer, at 4 and 12 the marks at
/// which the backend and we want an event, at 8 the responses' producer; the entries begin at 64.
/// Indexes run freely modulo 2^32, hence the wrapping arithmetic. Our own are kept here; what is in
/// the shared page is only published.
public struct FrontRing {
  /// How many requests can be in the ring, a power of two.
  public let entryCount: UInt32

  private let memory: SharedMemory
  private let entryByteCount: Int
  private var requestProducer: UInt32 = 0
  private var publishedProducer: UInt32 = 0
  private var responseConsumer: UInt32 = 0

  private static var entriesOffset: Int { BLKIF_ENTRIES_OFFSET }

  /// An empty ring in zeroed memory, with entries of so many bytes: the larger of a request and a
  /// response.
  public init(_ memory: SharedMemory, entryByteCount: Int) {
    self.memory = memory
    self.entryByteCount = entryByteCount
    let room = (memory.byteCount - Self.entriesOffset) / entryByteCount
    precondition(room > 0, "a ring without room")
    var count = 1
    while count * 2 <= room { count *= 2 }
    entryCount = UInt32(count)
    memory.store(u32: 0, at: BLKIF_REQUEST_PRODUCER_OFFSET)
    memory.store(u32: 0, at: BLKIF_RESPONSE_PRODUCER_OFFSET)
    memory.store(u32: 1, at: BLKIF_REQUEST_EVENT_OFFSET)
    memory.store(u32: 1, at: BLKIF_RESPONSE_EVENT_OFFSET)
  }

  /// How many more requests fit. A request counts until its response was taken.
  public var freeEntryCount: Int { Int(entryCount - (requestProducer &- responseConsumer)) }

  /// The entry of the next request, to be filled before `publish`. There must be room.
  public mutating func nextRequest() -> SharedMemory {
    precondition(freeEntryCount > 0, "a ring is overrun")
    defer { requestProducer &+= 1 }
    return entry(requestProducer)
  }

  /// Shows the backend all requests that were filled, and says whether it wants an event for them.
  public mutating func publish() -> Bool {
    let old = publishedProducer
    guard requestProducer != old else { return false }
    memory.store(u32: requestProducer, at: BLKIF_REQUEST_PRODUCER_OFFSET)
    publishedProducer = requestProducer
    Barrier.full()
    let event = memory.u32(at: BLKIF_REQUEST_EVENT_OFFSET)
    return requestProducer &- event < requestProducer &- old
  }

  /// How many responses there are, according to the backend, which may lie: more than there are
  /// unanswered requests is a violation of the protocol.
  public var responseCount: UInt32 {
    memory.u32(at: BLKIF_RESPONSE_PRODUCER_OFFSET) &- responseConsumer
  }

  /// The entry of the next response. Copy what you need at once: the next request may overwrite it,
  /// and the backend can change it at any time.
  public mutating func nextResponse() -> SharedMemory {
    defer { responseConsumer &+= 1 }
    return entry(responseConsumer)
  }

  /// Asks for an event with the next response, and returns whether one is there already. Only sleep
  /// if not.
  public func askForEvent() -> Bool {
    memory.store(u32: responseConsumer &+ 1, at: BLKIF_RESPONSE_EVENT_OFFSET)
    Barrier.full()
    return responseCount != 0
  }

  private func entry(_ index: UInt32) -> SharedMemory {
    let offset = Self.entriesOffset + Int(index & (entryCount - 1)) * entryByteCount
    return memory.slice(at: offset, count: entryByteCount)
  }
}
