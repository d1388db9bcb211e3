// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import Testing
import XenFrontends

/// The other side of a `Greeter`, by the same public interface.
final class FakeGreeterBackend: FakePeer {
  let xen: FakeXen
  let store: FakeStore
  let back: String
  let front: String
  /// Whether it answers numbers.
  var answers = true
  private(set) var connectCount = 0
  private var ring: SharedMemory?
  private var reference: UInt32 = 0
  private var port: UInt32 = 0
  private var consumer: UInt32 = 0

  init(_ store: FakeStore, number: Int, state: String = "2") {
    xen = store.xen
    self.store = store
    back = "/local/domain/0/backend/greet/5/\(number)"
    front = "\(FakeStore.home)/device/greet/\(number)"
    store.set("\(front)/backend", back)
    store.set("\(front)/backend-id", "0")
    store.set("\(front)/state", "1")
    store.set("\(back)/state", state)
    store.set("\(back)/versions", "1")
    store.listen(self)
  }

  func setState(_ state: String) { store.set("\(back)/state", state) }

  func work() {
    switch (store.value("\(front)/state"), store.value("\(back)/state")) {
    case ("3", "2"): connect()
    case ("5", "4"), ("5", "2"): setState("5")
    case ("6", "5"):
      if ring != nil { xen.unmap(reference) }
      ring = nil
      setState("6")
    case ("1", "6"): setState("2")
    default: break
    }
    if answers { serve() }
  }

  private func connect() {
    guard store.value("\(front)/version") == "1",
      let reference = store.value("\(front)/ring-ref").flatMap(UInt32.init),
      let port = store.value("\(front)/event-channel").flatMap(UInt32.init),
      let page = xen.map(reference, writable: true)
    else { return setState("5") }
    (self.reference, self.port) = (reference, port)
    ring = SharedMemory(page, byteCount: 4096)
    consumer = 0
    connectCount += 1
    xen.bind(port, self)
    store.set("\(back)/greeting", "hello")
    setState("4")
  }

  /// 504 entries of eight bytes make 256, a power of two.
  private func serve() {
    guard let ring else { return }
    while consumer != ring.u32(at: 0) {
      let offset = 64 + Int(consumer % 256) * 8
      ring.store(u32: ring.u32(at: offset + 4) &* 2, at: offset + 4)
      consumer &+= 1
    }
    ring.store(u32: consumer &+ 1, at: 4)
    ring.store(u32: consumer, at: 8)
    xen.raise(port)
  }
}

/// This target is no part of the package to the compiler: it sees what is public, and no more.
@Suite struct GreeterTests {
  private let guest: FakeGuest

  init() throws { guest = try FakeGuest() }

  private func greeter(_ number: UInt64) throws -> Greeter<FakeXen> {
    try #require(
      try Greeter(
        number: number, store: guest.store, grants: guest.grants, hypervisor: guest.xen))
  }

  @Test func aFrontendFromOutsideConnectsWorksAndLeavesNothing() throws {
    let backend = FakeGreeterBackend(guest.daemon, number: 0)
    let greeter = try greeter(0)
    for round in 1...3 {
      try Greeter.connect([greeter], timeLimit: 1_000_000_000)
      #expect(greeter.greeting == "hello")
      let numbers = (0..<1000).map { UInt32($0 * round) }
      #expect(greeter.doubles(of: numbers) == numbers.map { $0 * 2 })
      try greeter.close()
      #expect(guest.leftovers == [])
      #expect(guest.daemon.value("\(backend.front)/state") == "1")
      #expect(guest.daemon.value("\(backend.front)/version") == nil)
      #expect(guest.daemon.value("\(backend.front)/feature-politeness") == nil)
    }
    #expect(backend.connectCount == 3)
  }

  @Test func manyDevicesConnectInTheTimeOfOne() throws {
    let backends = (0..<5).map { FakeGreeterBackend(guest.daemon, number: $0, state: "1") }
    for backend in backends { guest.xen.after(2_000_000_000) { backend.setState("2") } }
    let greeters = try XenbusAddress.all(kind: "greet", store: guest.store)
      .map { try greeter($0.number) }
    #expect(greeters.count == 5)
    let start = guest.xen.now
    try Greeter.connect(greeters, timeLimit: 10_000_000_000)
    #expect(guest.xen.now - start < 2_100_000_000)
    for greeter in greeters { try greeter.close() }
    #expect(guest.leftovers == [])
  }

  @Test func anotherVersionIsRefusedAndLeavesNothing() throws {
    let backend = FakeGreeterBackend(guest.daemon, number: 0)
    guest.daemon.set("\(backend.back)/versions", "2")
    let greeter = try greeter(0)
    #expect(throws: XenbusError.badNode(device: "greet0", node: "versions", value: "2")) {
      try Greeter.connect([greeter], timeLimit: 1_000_000_000)
    }
    #expect(guest.leftovers == [])
  }

  @Test func aBackendThatIsNotReadyCostsTheTimeLimit() throws {
    _ = FakeGreeterBackend(guest.daemon, number: 0, state: "1")
    let greeter = try greeter(0)
    let start = guest.xen.now
    #expect(throws: XenbusError.backendStuck(device: "greet0", state: 1, awaited: 2)) {
      try Greeter.connect([greeter], timeLimit: 3_000_000_000)
    }
    #expect(guest.xen.now - start >= 3_000_000_000)
    #expect(guest.xen.now - start < 3_100_000_000)
    #expect(guest.leftovers == [])
  }

  @Test func aBackendThatIsSilentOrLeavesEndsTheWait() throws {
    let backend = FakeGreeterBackend(guest.daemon, number: 0)
    let greeter = try greeter(0)
    try Greeter.connect([greeter], timeLimit: 1_000_000_000)
    backend.answers = false
    let start = guest.xen.now
    #expect(greeter.doubles(of: [1]) == nil)
    #expect(guest.xen.now - start >= 1_000_000_000)
    guest.xen.after(1_000_000) { backend.setState("5") }
    #expect(greeter.doubles(of: [1]) == nil)
    #expect(guest.xen.now - start < 1_100_000_000)
    try greeter.close()
    #expect(guest.leftovers == [])
  }
}
