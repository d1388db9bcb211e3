// SPDX-License-Identifier: GPL-2.0-or-later
import CXen
import Foundation

import XenFrontends

/// A block backend over bytes in memory. Its settings make it behave like Linux's blkback or like
/// QEMU's qdisk, and it lies when told to.
package final class FakeDisk: FakePeer {
  /// What the backend can do.
  package struct Features {
    package var ringPageOrder: Int?
    package var indirectSegments: Int?

    package init(ringPageOrder: Int?, indirectSegments: Int?) {
      self.ringPageOrder = ringPageOrder
      self.indirectSegments = indirectSegments
    }

    package static let blkback = Features(ringPageOrder: 4, indirectSegments: 256)
    package static let qdisk = Features(ringPageOrder: 4, indirectSegments: nil)
    package static let plain = Features(ringPageOrder: nil, indirectSegments: nil)
  }

  /// What it does wrong.
  package struct Lies {
    /// Adds this to the id of the next answer.
    package var idChange: UInt64 = 0
    /// Answers the next request twice.
    package var answersTwice = false
    /// Adds this to the response producer, once.
    package var producerJump: UInt32 = 0
    /// Fails reads of these 512-byte sectors...
    package var badSectors: Range<UInt64> = 0..<0
    /// ...so many times.
    package var failureCount = Int.max
    /// Fails the request with this number once, whatever it is. Counts the requests of all
    /// connections, from 1.
    package var failingRequest: Int?
    /// When the request with this number comes, its first sector becomes bad, and stays so.
    /// Replaces `badSectors`.
    package var breakingRequest: Int?
    /// After this many requests of all connections the backend answers no more, until it is
    /// connected again.
    package var requestsBeforeDeath = Int.max
    /// What a dying backend writes as its state; nil if it dies silently.
    package var stateOfDeath: String?
    /// Answers a flush with an error.
    package var refusesFlush = false
    /// Takes requests and never answers.
    package var isMute = false
    /// Keeps the grants of data mapped for ever.
    package var holdsGrants = false
    /// Never goes beyond InitWait.
    package var neverConnects = false
    /// Ignores the frontend's closing.
    package var neverCloses = false
    /// Stays Closed after the frontend is back at Initialising.
    package var neverReturns = false
    /// Goes to this state instead of Connected, and says so in `error`.
    package var refusal: String?

    package init() {}
  }

  package let xen: FakeXen
  package let store: FakeStore
  package let number: Int
  package let back: String
  package let front: String
  package var data: [UInt8]
  package var features: Features
  package var lies = Lies()
  package var sectorByteCount = 512
  /// What to write to nodes instead of the truth.
  package var nodeOverrides: [String: String] = [:]
  /// Requests served in one turn.
  package var requestsATurn = Int.max

  package private(set) var requestCount = 0
  /// Bytes that were read, each time anew.
  package private(set) var readByteCount = 0
  /// Told the number of each request before it is served.
  package var onRequest: ((Int) -> Void)?
  /// Told when a request fails because of a bad sector.
  package var onFailure: (() -> Void)?
  package private(set) var flushCount = 0
  package private(set) var indirectRequestCount = 0
  package private(set) var batches: [Int] = []
  package private(set) var bytesARequestMax = 0
  package private(set) var eventCount = 0
  package private(set) var connectCount = 0
  package private(set) var ringPageCount = 0
  private var ring: SharedMemory?
  private var ringReferences: [UInt32] = []
  private var entryCount: UInt32 = 0
  private var requestConsumer: UInt32 = 0
  private var responseProducer: UInt32 = 0
  private var port: UInt32 = 0
  private var held: [UInt32] = []
  private var isDead = false
  /// Requests taken from the ring and not answered.
  private var queue: [[UInt8]] = []

  package init(
    _ store: FakeStore, number: Int = 51712, data: [UInt8], features: Features = .blkback,
    type: String = "disk"
  ) {
    xen = store.xen
    self.store = store
    self.number = number
    self.data = data
    self.features = features
    back = "/local/domain/0/backend/vbd/5/\(number)"
    front = "\(FakeStore.home)/device/vbd/\(number)"
    store.set("\(front)/backend", back)
    store.set("\(front)/backend-id", "0")
    store.set("\(front)/state", "1")
    store.set("\(front)/virtual-device", "\(number)")
    store.set("\(front)/device-type", type)
    store.set("\(back)/frontend", front)
    store.set("\(back)/state", "2")
    // As Linux does before it connects, and QEMU never.
    if features.indirectSegments != nil { store.set("\(back)/multi-queue-max-queues", "4") }
    if let order = features.ringPageOrder { store.set("\(back)/max-ring-page-order", "\(order)") }
    store.listen(self)
  }

  /// Bytes of a disk in which every 512-byte sector is different.
  package static func pattern(byteCount: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var state: UInt32 = 12345
    for index in stride(from: 0, to: byteCount, by: 4) {
      state = state &* 1_664_525 &+ 1_013_904_223
      bytes[index] = UInt8(truncatingIfNeeded: state >> 24)
      bytes[index + 1] = UInt8(truncatingIfNeeded: index >> 9)
    }
    return bytes
  }

  package var state: String { store.value("\(back)/state") ?? "" }

  package func setState(_ state: String) { store.set("\(back)/state", state) }

  /// Unmaps what `holdsGrants` kept.
  package func letGo() {
    for reference in held { xen.unmap(reference) }
    held = []
  }

  /// Overwrites a part of the ring page.
  package func scribble(_ range: Range<Int>, _ byte: () -> UInt8) {
    for offset in range { ring?.store(u8: byte(), at: offset) }
  }

  package func work() {
    follow()
    serve()
  }

  /// Follows the frontend's state as blkback does.
  private func follow() {
    guard let frontState = store.value("\(front)/state"), !state.isEmpty else { return }
    switch (frontState, state) {
    case ("1", "6"): if !lies.neverReturns { setState("2") }
    case ("3", "2"), ("4", "2"): if !lies.neverConnects { connect() }
    case ("5", "2"), ("5", "3"), ("5", "4"): if !lies.neverCloses { setState("5") }
    case ("6", let own) where own != "6":
      if !lies.neverCloses {
        disconnect()
        setState("6")
      }
    default: break
    }
  }

  private func number(_ node: String) -> UInt32? {
    store.value("\(front)/\(node)").flatMap(UInt32.init)
  }

  private func connect() {
    if let refusal = lies.refusal {
      store.set("\(back)/error", "2 cannot")
      setState(refusal)
      return
    }
    if store.value("\(front)/protocol") != "x86_64-abi" { xen.complaints.append("no protocol") }
    if store.value("\(front)/feature-persistent") != nil { xen.complaints.append("persistent") }
    if let order = number("ring-page-order") {
      if order > features.ringPageOrder ?? 0 { xen.complaints.append("ring order \(order)") }
      ringReferences = (0..<1 << order).compactMap { number("ring-ref\($0)") }
      if ringReferences.count != 1 << order { xen.complaints.append("reading ring-ref0") }
    } else {
      ringReferences = [number("ring-ref")].compactMap { $0 }
    }
    guard let eventChannel = number("event-channel"), xen.isOpen(eventChannel) else {
      return xen.complaints.append("no event channel")
    }
    let pages = ringReferences.compactMap { xen.map($0, writable: true) }
    guard let first = pages.first, pages.count == ringReferences.count else { return }
    // The fake has no MMU: a ring's pages are consecutive, in the order of their references.
    for (index, page) in pages.enumerated() where page != first + index * 4096 {
      xen.complaints.append("ring pages out of order")
    }
    ringPageCount = pages.count
    let memory = SharedMemory(first, byteCount: pages.count * 4096)
    ring = memory
    isDead = false
    if requestCount >= lies.requestsBeforeDeath { lies.requestsBeforeDeath = .max }
    entryCount = 1
    while entryCount * 2 <= UInt32((memory.byteCount - 64) / 112) { entryCount *= 2 }
    requestConsumer = 0
    responseProducer = memory.u32(at: 8)
    port = eventChannel
    connectCount += 1
    xen.bind(port, self)
    var nodes = [
      "sectors": "\(data.count / 512)", "sector-size": "\(sectorByteCount)", "info": "0",
    ]
    nodes["feature-max-indirect-segments"] = features.indirectSegments.map { "\($0)" }
    nodes.merge(nodeOverrides) { $1 }
    for (node, value) in nodes { store.set("\(back)/\(node)", value) }
    setState("4")
  }

  private func disconnect() {
    for reference in ringReferences where ring != nil { xen.unmap(reference) }
    ring = nil
    ringReferences = []
    queue = []
  }

  // MARK: The ring

  private func serve() {
    guard let ring, !lies.isMute, !isDead else { return }
    defer { dieIfDue() }
    let producer = ring.u32(at: 0)
    let waiting = producer &- requestConsumer
    if waiting > entryCount { return xen.complaints.append("request producer jumps") }
    for _ in 0..<waiting {
      queue.append(entry(ring, requestConsumer).bytes(at: 0, count: 112))
      requestConsumer &+= 1
    }
    let count = min(queue.count, requestsATurn, lies.requestsBeforeDeath - requestCount)
    let old = responseProducer
    for request in queue.prefix(count) {
      requestCount += 1
      onRequest?(requestCount)
      let isFailing = requestCount == lies.failingRequest
      if requestCount == lies.breakingRequest { breakFirstSector(of: request) }
      respond(ring, to: request, ok: !isFailing && execute(request))
    }
    queue.removeFirst(count)
    if count > 0 { batches.append(count) }
    responseProducer &+= lies.producerJump
    lies.producerJump = 0
    ring.store(u32: responseProducer, at: 8)
    if !queue.isEmpty { xen.notify(self) }
    ring.store(u32: requestConsumer &+ 1, at: 4)
    if ring.u32(at: 0) &- requestConsumer != 0 { xen.notify(self) }
    if responseProducer &- ring.u32(at: 12) < responseProducer &- old {
      eventCount += 1
      xen.raise(port)
    }
  }

  private func dieIfDue() {
    guard requestCount >= lies.requestsBeforeDeath else { return }
    isDead = true
    if let state = lies.stateOfDeath { setState(state) }
  }

  private func entry(_ ring: SharedMemory, _ index: UInt32) -> SharedMemory {
    ring.slice(at: 64 + Int(index & (entryCount - 1)) * 112, count: 112)
  }

  private func respond(_ ring: SharedMemory, to request: [UInt8], ok: Bool) {
    var id = load(request, 8, UInt64.self)
    id &+= lies.idChange
    lies.idChange = 0
    let count = lies.answersTwice ? 2 : 1
    lies.answersTwice = false
    for _ in 0..<count {
      let entry = entry(ring, responseProducer)
      entry.store(u64: id, at: 0)
      entry.store(u8: request[0], at: 8)
      entry.store(u16: ok ? 0 : 0xffff, at: 10)
      responseProducer &+= 1
    }
  }

  private func load<T>(_ bytes: [UInt8], _ offset: Int, _ type: T.Type) -> T {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }

  private func execute(_ request: [UInt8]) -> Bool {
    var count = Int(request[1])
    var list = Array(request[24...])
    var listReference: UInt32?
    switch request[0] {
    case 0, 1: if !(1...11).contains(count) { return complain("\(count) segments") }
    case 3:
      flushCount += 1
      return count == 0 ? !lies.refusesFlush : complain("a flush with segments")
    case 6:
      indirectRequestCount += 1
      count = Int(load(request, 2, UInt16.self))
      if request[1] != 0 { return complain("indirect operation") }
      if !(1...(features.indirectSegments ?? 0)).contains(count) {
        return complain("\(count) indirect segments")
      }
      let reference = load(request, 28, UInt32.self)
      guard let page = xen.map(reference, writable: false) else { return false }
      listReference = reference
      list = Array(UnsafeRawBufferPointer(start: page, count: 4096))
    default: return complain("operation \(request[0])")
    }
    defer { if let listReference { xen.unmap(listReference) } }
    return transfer(
      list, count: count, sector: load(request, 16, UInt64.self), isWrite: request[0] == 1)
  }

  private func transfer(
    _ list: [UInt8], count: Int, sector start: UInt64, isWrite: Bool
  ) -> Bool {
    var sector = start
    var isOK = true
    let unit = UInt64(sectorByteCount / 512)
    for index in 0..<count {
      let reference = load(list, index * 8, UInt32.self)
      let (first, last) = (UInt64(list[index * 8 + 4]), UInt64(list[index * 8 + 5]))
      guard first <= last, last < 8 else { return complain("segment \(first)...\(last)") }
      let length = last - first + 1
      if sector % unit != 0 || length % unit != 0 || first % unit != 0 {
        return complain("misaligned")
      }
      guard sector <= data.count / 512, length <= UInt64(data.count / 512) - sector else {
        return complain("beyond the end")
      }
      guard let page = xen.map(reference, writable: true) else { return false }
      if lies.badSectors.overlaps(sector..<sector + length) {
        isOK = false
      } else {
        let range = Int(sector) * 512..<Int(sector + length) * 512
        let memory = UnsafeMutableRawBufferPointer(start: page, count: 4096)
        if isWrite {
          if nodeOverrides["info"] == "4" { return complain("a write to a read-only disk") }
          let place = Int(first) * 512
          data.replaceSubrange(range, with: Array(memory[place..<place + range.count]))
        } else {
          memory[(Int(first) * 512)...].copyBytes(from: data[range])
          readByteCount += range.count
        }
      }
      if lies.holdsGrants { held.append(reference) } else { xen.unmap(reference) }
      sector += length
    }
    bytesARequestMax = max(bytesARequestMax, Int(sector - start) * 512)
    if !isOK {
      onFailure?()
      lies.failureCount -= 1
      if lies.failureCount <= 0 { lies.badSectors = 0..<0 }
    }
    return isOK
  }

  /// Only reads break a sector.
  private func breakFirstSector(of request: [UInt8]) {
    guard request[0] == 0 || request[0] == 6 else { return }
    let sector = load(request, 16, UInt64.self)
    lies.badSectors = sector..<sector + 1
  }

  private func complain(_ what: String) -> Bool {
    xen.complaints.append(what)
    return false
  }
}
