// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CXen

/// The limits of the disk frontend.
enum DiskLimit {
  /// How many times one bad segment is read before the engine gives up.
  static let failures = 3
  /// Nanoseconds without any answer to pending requests after which the backend counts as dead.
  static let silence: UInt64 = 30_000_000_000
  /// Nanoseconds that a close waits for requests in flight.
  static let drainTime: UInt64 = 5_000_000_000
  /// Nanoseconds for each step of the close of a CD-ROM drive.
  static let driveStepTime: UInt64 = 1_000_000_000
  /// Pages for the blocking read: 128 KiB.
  static let bouncePages = 32
  /// Pages for segment lists of indirect requests, one per request in flight.
  static let indirectPages = 32
  /// Segments of an indirect request: 1 MiB.
  static let indirectSegments = 256
  /// Tickets that are pending, or failed and not yet forgotten.
  static let tickets = 1024
  /// Pages of a ring, as a power of two: 16 pages.
  static let ringPageOrder: UInt64 = 4
}

/// What a backend says about its disk.
struct DiskGeometry {
  var byteCount: UInt64
  var sectorByteCount: Int
  /// Segments of an indirect request, 0 if the backend has none.
  var indirectSegmentCount: Int
  /// Whether it supports flushing its cache.
  var canFlush = false
}

/// The requests of one connection: cuts plans into requests, keeps the ring full, checks answers.
/// Only `wait`, and the blocking read and write, sleep.
final class DiskEngine<H: Hypervisor> {
  struct Slot {
    /// The id on the ring; its low 16 bits are the slot's number.
    var id: UInt64
    var request: DiskRequest?
    var indirectPage: Int?
    /// Numbers the requests, to find the oldest.
    var order: UInt64 = 0
  }

  let hypervisor: H
  let grants: GrantTable<H>
  let domain: UInt16
  let port: UInt32
  /// The event channel of xenstore.
  let storePort: UInt32
  let handle: UInt16
  /// Numbers the connections of the disk, to recognise tickets of an earlier one.
  let connection: UInt64
  let geometry: DiskGeometry

  var ring: BlockRing
  var slots: [Slot] = []
  var freeSlots: [Int] = []
  var inFlightCount = 0
  var orderCount: UInt64 = 0
  var lastProgress: UInt64 = 0

  var cursor = PlanCursor()
  var tickets = DiskTickets()
  /// Where the cursor stood when a plan was last submitted with nothing else left to do.
  var roundStart: UInt64 = 0
  /// Requests to be sent again, or that found no grants. `urgent` are those of the blocking read,
  /// which go first.
  var waiting: [DiskRequest] = []
  var urgent: [DiskRequest] = []
  var bounceFailure: BlockError?
  /// Unfinished requests of the blocking read.
  var bounceCount = 0

  var bounce: GrantedPages?
  var indirect: GrantedPages?
  var canFlush: Bool { geometry.canFlush }
  var freeIndirectPages: [Int] = []
  var hasIndirect: Bool

  /// Data grants that the backend still held after it had answered.
  var lingering: [UInt32] = []
  /// Returns whether the backend has closed the connection by itself.
  var hasBackendLeft: () -> Bool = { false }
  /// Why the backend can't be used any more; nil while it can.
  var death: BlockError?
  var statistics = DiskStatistics()

  init(
    hypervisor: H, grants: GrantTable<H>, domain: UInt16, ports: (disk: UInt32, store: UInt32),
    handle: UInt16, connection: UInt64, ring: BlockRing, geometry: DiskGeometry
  ) {
    self.hypervisor = hypervisor
    self.grants = grants
    self.domain = domain
    port = ports.disk
    storePort = ports.store
    self.handle = handle
    self.connection = connection
    self.ring = ring
    self.geometry = geometry
    hasIndirect = geometry.indirectSegmentCount > Int(BLKIF_MAX_SEGMENTS_PER_REQUEST)
    for index in 0..<Int(ring.entryCount) {
      slots.append(Slot(id: UInt64(index)))
      freeSlots.append(index)
    }
    freeSlots.reverse()
  }

  /// Whether every plan is complete or given up, and the backend holds none of their frames.
  var isDone: Bool {
    cursor.isAtEnd && waiting.isEmpty && urgent.isEmpty && inFlightCount == 0
  }

  /// Takes answers and issues requests; never sleeps. Throws when the backend is dead.
  func turn() throws(BlockError) {
    if let death { throw death }
    try takeResponses()
    issue()
    if inFlightCount > 0, hasBackendLeft() { throw die(.disconnected) }
    guard inFlightCount > 0, hypervisor.now > lastProgress,
      hypervisor.now - lastProgress > DiskLimit.silence
    else { return }
    let oldest = slots.filter { $0.request != nil }.min { $0.order < $1.order }
    throw die(.timedOut(sector: oldest?.request?.sector ?? 0))
  }

  /// Sleeps until the backend answers or xenstore has an event, at most until `deadline` in system
  /// time.
  func wait(until deadline: UInt64) {
    guard prepareToSleep() else { return }
    hypervisor.clearPending(port: storePort)
    if hasBackendLeft() {
      death = .disconnected
      return
    }
    statistics.sleepCount += 1
    hypervisor.poll(
      ports: [port, storePort], until: min(deadline, lastProgress + DiskLimit.silence + 1))
  }

  /// The same for several engines: sleeps until any of their backends answers.
  static func wait(_ engines: [DiskEngine<H>], until deadline: UInt64) {
    let busy = engines.filter { !$0.isDone }
    guard let first = busy.first else { return }
    var ports = [first.storePort]
    var limit = deadline
    for engine in busy {
      guard engine.prepareToSleep() else { return }
      ports.append(engine.port)
      limit = min(limit, engine.lastProgress + DiskLimit.silence + 1)
    }
    first.hypervisor.clearPending(port: first.storePort)
    for engine in busy where engine.hasBackendLeft() {
      engine.death = .disconnected
      return
    }
    first.statistics.sleepCount += 1
    first.hypervisor.poll(ports: ports, until: limit)
  }

  /// Asks for an event with the next answer; false if there is work to do now, or nothing to wait
  /// for.
  func prepareToSleep() -> Bool {
    guard death == nil, inFlightCount > 0 else { return false }
    hypervisor.clearPending(port: port)
    return !ring.askForEvent()
  }

  func die(_ error: BlockError) -> BlockError {
    death = error
    return error
  }

  /// Gives up everything that was not sent, and waits for the rest; false if that takes too long.
  func drain(until deadline: UInt64) -> Bool {
    cancel()
    while inFlightCount > 0 {
      do throws(BlockError) {
        try turn()
      } catch {
        return false
      }
      guard inFlightCount > 0 else { break }
      guard hypervisor.now < deadline else { return false }
      wait(until: deadline)
    }
    return true
  }
}

/// Counters of a disk since it was connected.
public struct DiskStatistics: Sendable {
  /// Requests sent, of all kinds.
  public internal(set) var requestCount = 0
  /// Indirect requests among them.
  public internal(set) var indirectRequestCount = 0
  /// Bytes that were read.
  public internal(set) var byteCount: UInt64 = 0
  /// Bytes copied out of the pages of the blocking read.
  public internal(set) var copiedByteCount: UInt64 = 0
  /// Events sent to the backend.
  public internal(set) var notifyCount = 0
  /// Grants given for data.
  public internal(set) var grantCount = 0
  /// Requests that failed.
  public internal(set) var failureCount = 0
  /// How many times we slept.
  public internal(set) var sleepCount = 0
  /// The most requests in flight at one time.
  public internal(set) var depthMax = 0
}
