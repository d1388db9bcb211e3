// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

/// A guest with a framebuffer and a keyboard, and QEMU behind them.
private struct Seat {
  let guest: FakeGuest
  let screen: FakePageBackend
  let keys: FakePageBackend

  init() throws {
    guest = try FakeGuest()
    screen = FakePageBackend(guest.daemon, kind: "vfb")
    keys = FakePageBackend(guest.daemon, kind: "vkbd")
  }

  func framebuffer() throws -> FramebufferFrontend<FakeXen> {
    try #require(
      try FramebufferFrontend(store: guest.store, grants: guest.grants, hypervisor: guest.xen))
  }

  func keyboard() throws -> KeyboardFrontend<FakeXen> {
    try #require(
      try KeyboardFrontend(store: guest.store, grants: guest.grants, hypervisor: guest.xen))
  }

  func connectedKeyboard() throws -> KeyboardFrontend<FakeXen> {
    let keyboard = try keyboard()
    try keyboard.connect()
    return keyboard
  }

  /// The guest has left nothing behind, and both devices are as the toolstack made them.
  func expectClean(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(guest.xen.complaints == [], sourceLocation: sourceLocation)
    #expect(guest.xen.usedGrantCount == 0, sourceLocation: sourceLocation)
    #expect(guest.grants.activeCount == 0, sourceLocation: sourceLocation)
    #expect(guest.xen.openPorts == [], sourceLocation: sourceLocation)
    #expect(guest.xen.allocatedPageCount == 0, sourceLocation: sourceLocation)
    #expect(guest.daemon.watches.isEmpty, sourceLocation: sourceLocation)
    for backend in [screen, keys] {
      let prefix = backend.front + "/"
      let nodes = guest.daemon.nodes.keys.filter { $0.hasPrefix(prefix) }
        .map { String($0.dropFirst(prefix.count)) }.sorted()
      #expect(nodes == ["backend", "backend-id", "state"], sourceLocation: sourceLocation)
      #expect(
        guest.daemon.value(backend.front + "/state") == "1", sourceLocation: sourceLocation)
      #expect(backend.state == "2", sourceLocation: sourceLocation)
    }
  }
}

@Suite struct PageDeviceTests {
  @Test func guestWithoutDevicesHasNone() throws {
    let guest = try FakeGuest()
    #expect(
      try FramebufferFrontend(
        store: guest.store, grants: guest.grants, hypervisor: guest.xen) == nil)
    #expect(
      try KeyboardFrontend(store: guest.store, grants: guest.grants, hypervisor: guest.xen) == nil)
    #expect(guest.xen.allocatedPageCount == 0)
  }

  @Test func backendFindsEveryPixelByItsFrame() throws {
    let seat = try Seat()
    let framebuffer = try seat.framebuffer()
    framebuffer.setPixel(x: 0, y: 0, to: 1)
    try framebuffer.connect()
    #expect(framebuffer.width == 800 && framebuffer.height == 600)
    for place in [(0, 0), (799, 0), (0, 599), (799, 599), (123, 456)] {
      #expect(seat.screen.pixel(x: place.0, y: place.1) == 0)
      framebuffer.setPixel(x: place.0, y: place.1, to: UInt32(place.0 << 12 | place.1))
      #expect(seat.screen.pixel(x: place.0, y: place.1) == UInt32(place.0 << 12 | place.1))
    }
    for (x, y) in [(-1, 0), (800, 0), (0, -1), (0, 600), (.max, .max)] {
      framebuffer.setPixel(x: x, y: y, to: 0xff)
    }
    #expect(seat.screen.pixel(x: 0, y: 1) == 0)
    try framebuffer.close()
    seat.expectClean()
  }

  @Test(arguments: [("", 800), ("0", 800), ("2", 800), ("1", 640), ("4000000000000", 800)])
  func frameFitsIntoTheBackendsMemory(megabytes: String, width: Int) throws {
    let seat = try Seat()
    if !megabytes.isEmpty { seat.guest.daemon.set("\(seat.screen.back)/videoram", megabytes) }
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    #expect(framebuffer.width == width)
    #expect(megabytes != "1" || framebuffer.width * framebuffer.height * 4 <= 1 << 20)
    try framebuffer.close()
    seat.expectClean()
  }

  @Test func nodesThatMakeNoSenseAreRefused() throws {
    let seat = try Seat()
    seat.guest.daemon.set("\(seat.screen.back)/videoram", "two")
    let framebuffer = try seat.framebuffer()
    #expect(throws: XenbusError.badNode(device: "vfb", node: "videoram", value: "two")) {
      try framebuffer.connect()
    }
    seat.guest.daemon.set("\(seat.screen.back)/videoram", "2")
    seat.screen.setState("ready")
    #expect(throws: XenbusError.badNode(device: "vfb", node: "state", value: "ready")) {
      try framebuffer.connect()
    }
    seat.screen.setState("2")
    seat.expectClean()
  }

  @Test func updatesAreToldAndJoinedWhenTheRingIsFull() throws {
    let seat = try Seat()
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    for index in 0..<60 {
      framebuffer.update(PixelRectangle(x: index, y: index, width: 1, height: 2))
    }
    seat.guest.xen.run()
    #expect(seat.screen.updates.count == 51)
    framebuffer.update(PixelRectangle(x: 0, y: 599, width: 800, height: 1))
    seat.guest.xen.run()
    #expect(seat.screen.updates.last == PixelRectangle(x: 0, y: 51, width: 800, height: 549))
    try framebuffer.close()
    seat.expectClean()
  }

  @Test func backendThatAsksForNoUpdatesGetsNone() throws {
    let seat = try Seat()
    seat.screen.takesUpdates = false
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    let memory = try #require(seat.screen.memory)
    framebuffer.update(PixelRectangle(x: 0, y: 0, width: 1, height: 1))
    #expect(memory.u32(at: 12) == 0)
    try framebuffer.close()
    seat.expectClean()
  }

  @Test func impossibleIndexesOfTheBackendAreHarmless() throws {
    let seat = try Seat()
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    let memory = try #require(seat.screen.memory)
    for (consumer, incoming) in [
      (1000, 7), (0xffff_ff00, 0x8000_0000), (1, 0),
    ] as [(UInt32, UInt32)] {
      memory.store(u32: consumer, at: 8)
      memory.store(u32: incoming, at: 4)
      framebuffer.update(PixelRectangle(x: 0, y: 0, width: 1, height: 1))
      #expect(memory.u32(at: 12) == 0)
      // Incoming events are consumed, so that their sender never finds the ring full.
      #expect(memory.u32(at: 0) == incoming)
    }
    memory.store(u32: 0, at: 8)
    framebuffer.update(PixelRectangle(x: 5, y: 5, width: 1, height: 1))
    #expect(memory.u32(at: 12) == 1)
    try framebuffer.close()
    seat.expectClean()
  }

  @Test func keysComeInOrder() throws {
    let seat = try Seat()
    let keyboard = try seat.connectedKeyboard()
    #expect(keyboard.read() == [])
    for round in 0..<5 {
      for code in 0..<40 { seat.keys.send(pressed: UInt8(code % 2), code: UInt32(code + round)) }
      #expect(!keyboard.prepareToSleep())
      let expected = (0..<40).map {
        KeyEvent(code: UInt16($0 + round), isPressed: $0 % 2 == 1)
      }
      #expect(keyboard.read() == expected)
      #expect(keyboard.prepareToSleep())
    }
    try keyboard.close()
    #expect(keyboard.read() == [])
    seat.expectClean()
  }

  @Test func whatIsNoKeyIsSkipped() throws {
    let seat = try Seat()
    let keyboard = try seat.connectedKeyboard()
    for type in [0, 1, 2, 4, 5, 77, 255] as [UInt8] { seat.keys.send(type: type, code: 28) }
    seat.keys.send(code: 0x300)
    seat.keys.send(code: .max)
    seat.keys.send(code: 0x2ff)
    #expect(keyboard.read() == [KeyEvent(code: 0x2ff, isPressed: true)])
    try keyboard.close()
    seat.expectClean()
  }

  @Test func keyboardWithImpossibleIndexesIsEmptyAndGoesOn() throws {
    let seat = try Seat()
    let keyboard = try seat.connectedKeyboard()
    let memory = try #require(seat.keys.memory)
    for producer in [52, 0x8000_0000, 0xffff_fff0] as [UInt32] {
      memory.store(u32: 0, at: 0)
      memory.store(u32: producer, at: 4)
      #expect(keyboard.read() == [])
      seat.keys.send(code: 30)
      #expect(keyboard.read() == [KeyEvent(code: 30, isPressed: true)])
    }
    try keyboard.close()
    seat.expectClean()
  }

  @Test func bothConnectAgainAfterAClose() throws {
    let seat = try Seat()
    let (framebuffer, keyboard) = (try seat.framebuffer(), try seat.keyboard())
    for _ in 0..<3 {
      try framebuffer.connect()
      try keyboard.connect()
      try framebuffer.close()
      try keyboard.close()
      seat.expectClean()
    }
    #expect(seat.screen.connectCount == 3 && seat.keys.connectCount == 3)
  }

  @Test func deviceThatSomebodyLeftOpenIsClosedFirst() throws {
    let seat = try Seat()
    seat.guest.daemon.set("\(seat.keys.front)/state", "4")
    seat.guest.daemon.set("\(seat.keys.front)/page-ref", "1")
    seat.keys.setState("4")
    let keyboard = try seat.connectedKeyboard()
    try keyboard.close()
    seat.expectClean()
  }
}

/// Backends that announce themselves before the frontend does.
@Suite struct PageDeviceOrderTests {
  @Test func backendInInitialisedIsReadyToo() throws {
    let seat = try Seat()
    seat.keys.setState("3")
    // It goes to Connected as soon as it finds our nodes.
    seat.keys.connectsFrom = "3"
    let keyboard = try seat.connectedKeyboard()
    #expect(seat.keys.connectCount == 1)
    try keyboard.close()
    seat.expectClean()
  }

  @Test func backendOfXenfbIsReadyThoughItShowsInitialising() throws {
    let seat = try Seat()
    seat.screen.startLikeXenfb()
    seat.keys.startLikeXenfb()
    let start = seat.guest.xen.now
    let (framebuffer, keyboard) = (try seat.framebuffer(), try seat.keyboard())
    for _ in 0..<2 {
      try framebuffer.connect()
      try keyboard.connect()
      framebuffer.setPixel(x: 1, y: 1, to: 7)
      #expect(seat.screen.pixel(x: 1, y: 1) == 7)
      try framebuffer.close()
      try keyboard.close()
      seat.expectClean()
    }
    #expect(seat.screen.connectCount == 2 && seat.keys.connectCount == 2)
    #expect(seat.guest.xen.now - start < 1_000_000_000, "nobody waited for a time limit")
  }

  @Test(arguments: ["2", "3"])
  func backendThatStartsLateIsWaitedFor(state: String) throws {
    let seat = try Seat()
    seat.screen.setState("1")
    seat.screen.connectsFrom = state
    seat.guest.xen.after(500_000_000) { seat.screen.setState(state) }
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    try framebuffer.close()
    seat.expectClean()
  }

  @Test func backendOfXenfbThatStartsLateIsWaitedFor() throws {
    let seat = try Seat()
    seat.screen.setState("1")
    seat.guest.xen.after(500_000_000) { seat.screen.startLikeXenfb() }
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    #expect(seat.screen.connectCount == 1)
    try framebuffer.close()
    seat.expectClean()
  }

  @Test(arguments: ["", "error", "connecte"])
  func backendWhoseHotplugDidNotSucceedIsSharedNothingWith(status: String) throws {
    let seat = try Seat()
    seat.screen.setState("1")
    seat.guest.daemon.set("\(seat.screen.back)/hotplug-status", status)
    let framebuffer = try seat.framebuffer()
    #expect(throws: XenbusError.backendStuck(device: "vfb", state: 1, awaited: 2)) {
      try framebuffer.connect()
    }
    #expect(seat.guest.xen.allocatedPageCount == 0)
  }

  @Test func backendOfXenfbThatNeverConnectsCostsItsLimit() throws {
    let seat = try Seat()
    seat.screen.startLikeXenfb()
    seat.screen.lies.neverConnects = true
    let framebuffer = try seat.framebuffer()
    let start = seat.guest.xen.now
    #expect(throws: XenbusError.backendStuck(device: "vfb", state: 1, awaited: 4)) {
      try framebuffer.connect()
    }
    #expect(
      seat.guest.xen.now - start <= PageDeviceLimit.stepTime + XenbusLimit.undoTime)
    #expect(seat.guest.xen.complaints == [])
  }
}

@Suite struct PageDeviceLiarTests {
  /// Runs a step and returns how many nanoseconds it took.
  private func time(_ seat: Seat, _ step: () throws -> Void) rethrows -> UInt64 {
    let start = seat.guest.xen.now
    try step()
    return seat.guest.xen.now - start
  }

  @Test func backendThatNeverConnectsCostsItsLimit() throws {
    let seat = try Seat()
    seat.screen.lies.neverConnects = true
    let framebuffer = try seat.framebuffer()
    let duration = time(seat) {
      #expect(throws: XenbusError.backendStuck(device: "vfb", state: 2, awaited: 4)) {
        try framebuffer.connect()
      }
    }
    #expect(duration >= PageDeviceLimit.stepTime)
    #expect(duration <= PageDeviceLimit.stepTime + XenbusLimit.undoTime)
    seat.expectClean()
  }

  @Test func backendThatIsNotThereYetCostsItsLimit() throws {
    let seat = try Seat()
    seat.keys.setState("1")
    let keyboard = try seat.keyboard()
    #expect(throws: XenbusError.backendStuck(device: "vkbd", state: 1, awaited: 2)) {
      try keyboard.connect()
    }
    seat.keys.setState("2")
    seat.expectClean()
  }

  @Test func backendThatRefusesIsNotWaitedFor() throws {
    let seat = try Seat()
    seat.screen.lies.refusal = "5"
    let framebuffer = try seat.framebuffer()
    let duration = time(seat) {
      #expect(throws: XenbusError.backendClosed(device: "vfb", state: 5, reason: "")) {
        try framebuffer.connect()
      }
    }
    #expect(duration < 1_000_000_000)
    seat.expectClean()
  }

  @Test func backendWithoutADirectoryIsGone() throws {
    let seat = try Seat()
    seat.guest.daemon.removeTree(seat.keys.back)
    let keyboard = try seat.keyboard()
    #expect(throws: XenbusError.backendGone(device: "vkbd")) { try keyboard.connect() }
    #expect(seat.guest.xen.usedGrantCount == 0 && seat.guest.daemon.watches.isEmpty)
  }

  @Test func backendThatNeverClosesKeepsItsPagesAndCostsItsLimit() throws {
    let seat = try Seat()
    let framebuffer = try seat.framebuffer()
    try framebuffer.connect()
    seat.screen.lies.neverCloses = true
    let duration = time(seat) {
      #expect(throws: XenbusError.backendStuck(device: "vfb", state: 4, awaited: 5)) {
        try framebuffer.close()
      }
    }
    #expect(duration <= PageDeviceLimit.stepTime + 100_000_000)
    // Pages that are still mapped must not be reused.
    #expect(seat.guest.xen.allocatedPageCount == 1 + 1 + 469)
    #expect(seat.guest.xen.openPorts == [] && seat.guest.daemon.watches.isEmpty)
    #expect(throws: XenbusError.framesInUse(device: "vfb", count: 471)) {
      try framebuffer.connect()
    }
    // Another close succeeds once the backend cooperates.
    seat.screen.lies.neverCloses = false
    try framebuffer.close()
    seat.expectClean()
  }

  @Test func backendThatStaysClosedIsToldAndHoldsNothing() throws {
    let seat = try Seat()
    let keyboard = try seat.connectedKeyboard()
    seat.keys.lies.neverReturns = true
    #expect(throws: XenbusError.backendStuck(device: "vkbd", state: 6, awaited: 2)) {
      try keyboard.close()
    }
    seat.keys.setState("2")
    seat.expectClean()
  }

  @Test func grantThatIsHeldIsCounted() throws {
    let seat = try Seat()
    seat.keys.lies.holdsGrant = true
    let keyboard = try seat.connectedKeyboard()
    #expect(keyboard.heldGrantCount == 0)
    #expect(throws: XenbusError.framesInUse(device: "vkbd", count: 1)) { try keyboard.close() }
    #expect(keyboard.heldGrantCount == 1 && seat.guest.grants.activeCount == 1)
    #expect(seat.guest.xen.allocatedPageCount == 1)
  }

  @Test func shortageOfAnythingIsAnErrorThatLeavesNothing() throws {
    for pageCount in [0, 469, 470] {
      let seat = try Seat()
      seat.guest.xen.pagesLeft = pageCount
      let framebuffer = try seat.framebuffer()
      #expect(throws: XenbusError.self) { try framebuffer.connect() }
      seat.guest.xen.pagesLeft = 1000
      seat.expectClean()
    }
    let seat = try Seat()
    seat.guest.xen.refusesPorts = true
    let keyboard = try seat.keyboard()
    #expect(throws: XenbusError.self) { try keyboard.connect() }
    seat.expectClean()
  }

  @Test func deadXenstoreIsAnError() throws {
    let seat = try Seat()
    let keyboard = try seat.connectedKeyboard()
    seat.guest.daemon.isDead = true
    seat.guest.store.timeLimit = 10_000_000
    #expect(throws: XenbusError.self) { try keyboard.close() }
  }

  @Test func everyErrorNamesItsDevice() {
    let errors: [XenbusError] = [
      .store(device: "vfb", .conflict(attemptCount: 1)), .resources(device: "vfb", reason: "x"),
      .backendStuck(device: "vfb", state: 1, awaited: 2), .backendGone(device: "vfb"),
      .backendClosed(device: "vfb", state: 5, reason: ""), .framesInUse(device: "vfb", count: 1),
      .badNode(device: "vfb", node: "state", value: "x"),
    ]
    for error in errors {
      #expect(error.message.hasPrefix("vfb: ") && error.family == .device)
    }
  }
}
