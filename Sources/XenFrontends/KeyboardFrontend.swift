// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen

/// A key of the paravirtual keyboard was pressed or released.
public struct KeyEvent: Equatable, Sendable {
  /// Linux's key code (`linux/input-event-codes.h`), less than 0x300.
  public let code: UInt16
  /// Whether it was pressed. A key that is held down may repeat.
  public let isPressed: Bool

  /// The event.
  public init(code: UInt16, isPressed: Bool) {
    self.code = code
    self.isPressed = isPressed
  }
}

/// The paravirtual keyboard (`xen/io/kbdif.h`). Pointer events and unknown ones are skipped; a ring
/// with impossible indexes counts as empty.
public final class KeyboardFrontend<H: Hypervisor> {
  private let device: XenbusDevice<H>
  /// The shared page, while connected.
  private var memory: SharedMemory?

  /// The domain's keyboard; nil if it has none.
  public init?(
    store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) throws(XenStoreError) {
    guard let address = try XenbusAddress(kind: "vkbd", number: 0, store: store) else {
      return nil
    }
    device = XenbusDevice(
      address, name: "vkbd", ownNodes: ["request-abs-pointer"], offersEarly: true,
      store: store, grants: grants, hypervisor: hypervisor)
    device.stepTimeLimit = PageDeviceLimit.stepTime
  }

  /// The event channel, for a caller that sleeps on several ports; nil while not connected.
  public var port: UInt32? { memory == nil ? nil : device.port }

  /// Grants that the backend still held after a close.
  public var heldGrantCount: Int { device.heldGrantCount }

  /// Connects, in at most `PageDeviceLimit.stepTime`.
  public func connect() throws(XenbusError) {
    var page: SharedMemory?
    try device.connect(
      until: device.hypervisor.now + PageDeviceLimit.stepTime,
      offer: { () throws(XenbusError) in
        let shared = try device.sharePages(1, isGranted: true)
        page = shared.memory
        let port = try device.openPort()
        return [
          XenbusNode("page-ref", "\(shared.frames[0])"),
          XenbusNode("page-gref", "\(shared.references[0])"),
          XenbusNode("event-channel", "\(port)"),
        ]
      })
    memory = page
  }

  /// Closes, in at most `PageDeviceLimit.stepTime`, so that the next kernel can connect.
  public func close() throws(XenbusError) {
    memory = nil
    try device.close(until: device.hypervisor.now + PageDeviceLimit.stepTime)
  }

  /// The key events since the last call; never waits.
  public func read() -> [KeyEvent] {
    guard let memory else { return [] }
    let producer = memory.u32(at: XENKBD_IN_PRODUCER_OFFSET)
    var consumer = memory.u32(at: XENKBD_IN_CONSUMER_OFFSET)
    // Wrapping: the indexes run freely modulo 2^32.
    guard producer &- consumer <= UInt32(XENKBD_EVENT_COUNT) else {
      memory.store(u32: producer, at: XENKBD_IN_CONSUMER_OFFSET)
      return []
    }
    var keys: [KeyEvent] = []
    while consumer != producer {
      let place = Int(consumer % UInt32(XENKBD_EVENT_COUNT)) * XENKBD_EVENT_SIZE
      let event = memory.slice(at: Int(XENKBD_EVENTS_OFFSET) + place, count: XENKBD_EVENT_SIZE)
      if event.u8(at: 0) == UInt8(XENKBD_TYPE_KEY) {
        let isPressed = event.u8(at: XENKBD_KEY_PRESSED_OFFSET) != 0
        let code = event.u32(at: XENKBD_KEY_CODE_OFFSET)
        if code < PageDeviceLimit.keyCodeCount {
          keys.append(KeyEvent(code: UInt16(code), isPressed: isPressed))
        }
      }
      consumer = consumer &+ 1
    }
    Barrier.full()
    memory.store(u32: consumer, at: XENKBD_IN_CONSUMER_OFFSET)
    return keys
  }

  /// For a caller that sleeps on several ports: false if there is an event already; else `port` can
  /// be polled next.
  public func prepareToSleep() -> Bool {
    guard let port, let memory else { return true }
    device.hypervisor.clearPending(port: port)
    return memory.u32(at: XENKBD_IN_PRODUCER_OFFSET)
      == memory.u32(at: XENKBD_IN_CONSUMER_OFFSET)
  }
}

/// The limits of framebuffer and keyboard.
public enum PageDeviceLimit {
  /// Nanoseconds that a connect may take, and a close; each device for itself.
  public static let stepTime: UInt64 = 2_000_000_000
  /// The number of Linux's key codes (`KEY_CNT`); higher ones are ignored.
  static let keyCodeCount: UInt32 = 0x300
}
