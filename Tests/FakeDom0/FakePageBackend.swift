// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

import XenFrontends

/// QEMU's backend for framebuffer (`vfb`) or keyboard (`vkbd`), which maps pages by machine frame
/// numbers. It lies when told to.
package final class FakePageBackend: FakePeer {
  /// What it does wrong.
  package struct Lies {
    /// Never goes beyond InitWait.
    package var neverConnects = false
    /// Ignores the frontend's closing.
    package var neverCloses = false
    /// Stays Closed after the frontend is back at Initialising.
    package var neverReturns = false
    /// Goes to this state instead of Connected.
    package var refusal: String?
    /// Maps the grant, and keeps it for ever.
    package var holdsGrant = false

    package init() {}
  }

  package let xen: FakeXen
  package let store: FakeStore
  package let kind: String
  package let back: String
  package let front: String
  package var lies = Lies()
  /// The state in which it waits for the frontend's nodes.
  package var connectsFrom = "2"
  /// Whether the state that xenstore shows is not the backend's own: see `startLikeXenfb`.
  private var isOverwritten = false
  /// Whether it asks for updates and takes them.
  package var takesUpdates = true
  /// The page, while connected.
  package private(set) var memory: SharedMemory?
  package private(set) var updates: [PixelRectangle] = []
  package private(set) var connectCount = 0
  private var port: UInt32 = 0

  package init(_ store: FakeStore, kind: String) {
    xen = store.xen
    self.store = store
    self.kind = kind
    back = "/local/domain/0/backend/\(kind)/5/0"
    front = "\(FakeStore.home)/device/\(kind)/0"
    store.set("\(front)/backend", back)
    store.set("\(front)/backend-id", "0")
    store.set("\(front)/state", "1")
    store.set("\(back)/state", "2")
    store.listen(self)
  }

  package var state: String { store.value("\(back)/state") ?? "" }

  package func setState(_ state: String) { store.set("\(back)/state", state) }

  /// What QEMU 10 does with `-vga xenfb`: its backend waits for the frontend, then the states of
  /// both ends are written as if nobody had started yet.
  package func startLikeXenfb() {
    store.set("\(back)/hotplug-status", "connected")
    store.set("\(front)/state", "1")
    setState("1")
    isOverwritten = true
  }

  package func work() {
    follow()
    takeUpdates()
  }

  private func follow() {
    guard let frontState = store.value("\(front)/state"), !state.isEmpty else { return }
    switch (frontState, isOverwritten && state == "1" ? "2" : state) {
    case ("1", "6"): if !lies.neverReturns { setState("2") }
    case ("3", connectsFrom), ("4", connectsFrom): if !lies.neverConnects { connect() }
    case ("5", "2"), ("5", "4"): if !lies.neverCloses { setState("5") }
    case ("6", let own) where own != "6":
      if !lies.neverCloses {
        memory = nil
        setState("6")
      }
    default: break
    }
  }

  private func number(_ node: String) -> UInt64? {
    store.value("\(front)/\(node)").flatMap(UInt64.init)
  }

  private func connect() {
    if let refusal = lies.refusal { return setState(refusal) }
    guard let frame = number("page-ref"), let page = xen.foreignPage(frame) else {
      return xen.complaints.append("\(kind): page-ref names no page")
    }
    guard let channel = number("event-channel").flatMap(UInt32.init), xen.isOpen(channel) else {
      return xen.complaints.append("\(kind): no event channel")
    }
    if lies.holdsGrant, let reference = number("page-gref").flatMap(UInt32.init) {
      _ = xen.map(reference, writable: true)
    }
    port = channel
    xen.bind(channel, self)
    memory = SharedMemory(page, byteCount: 4096)
    connectCount += 1
    if kind == "vfb", number("feature-update") == 1, takesUpdates {
      store.set("\(back)/request-update", "1")
    }
    setState("4")
  }

  // MARK: Framebuffer

  /// The pixel at a place, found as QEMU finds it: by the directory's pages, then the pixels'.
  package func pixel(x: Int, y: Int) -> UInt32? {
    guard let memory else { return nil }
    let page = memory.slice(at: 0, count: 4096)
    let offset = y * Int(page.u32(at: 24)) + x * 4
    guard offset + 4 <= Int(page.u32(at: 28)), page.u8(at: 32) == 32 else { return nil }
    let index = offset / 4096
    guard let directory = xen.foreignPage(page.u64(at: 40 + index / 512 * 8)) else { return nil }
    let frames = SharedMemory(directory, byteCount: 4096)
    guard let pixels = xen.foreignPage(frames.u64(at: index % 512 * 8)) else { return nil }
    return SharedMemory(pixels, byteCount: 4096).u32(at: offset % 4096)
  }

  private func takeUpdates() {
    guard kind == "vfb", let memory, takesUpdates else { return }
    let producer = memory.u32(at: 12)
    var consumer = memory.u32(at: 8)
    if producer &- consumer > 51 { return xen.complaints.append("update producer jumps") }
    while consumer != producer {
      let event = memory.slice(at: 2048 + Int(consumer % 51) * 40, count: 40)
      if event.u8(at: 0) != 2 { xen.complaints.append("event \(event.u8(at: 0))") }
      let numbers = (1...4).map { Int(event.u32(at: $0 * 4)) }
      updates.append(
        PixelRectangle(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3]))
      consumer &+= 1
    }
    memory.store(u32: consumer, at: 8)
    xen.raise(port)
  }

  // MARK: Keyboard

  /// Puts an event into a keyboard's ring, unless it is full.
  package func send(type: UInt8 = 3, pressed: UInt8 = 1, code: UInt32) {
    guard let memory, memory.u32(at: 4) &- memory.u32(at: 0) < 51 else { return }
    let producer = memory.u32(at: 4)
    let event = memory.slice(at: 1024 + Int(producer % 51) * 40, count: 40)
    event.store(u8: type, at: 0)
    event.store(u8: pressed, at: 1)
    event.store(u32: code, at: 4)
    memory.store(u32: producer &+ 1, at: 4)
    xen.raise(port)
  }
}
