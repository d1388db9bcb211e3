// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen

/// A device whose two ends share one page and an event channel: framebuffer and keyboard.
///
/// Their backends map the page by its frame number (`page-ref`), not by a grant. Every wait ends at
/// a deadline of the caller's. After a close that failed nobody knows what the backend still has
/// mapped: the pages are kept, and the device is not connected again.
final class PageDevice<H: Hypervisor> {
  let name: ByteString
  let path: ByteString
  let backendPath: ByteString
  let backendDomain: UInt16
  let hypervisor: H

  /// The page, while it is shared.
  private(set) var memory: SharedMemory?
  /// Our end of the event channel, while connected or connecting.
  private(set) var port: UInt32?
  private(set) var isConnected = false
  /// Whether a close failed.
  private(set) var isLost = false

  private let store: XenStore<H>
  private let grants: GrantTable<H>
  private var pages: SharedPages?
  private var reference: UInt32?

  /// The device 0 of `kind` (`vfb`, `vkbd`); nil if the toolstack has set up none.
  init?(
    kind: ByteString, store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) throws(XenStoreError) {
    let path: ByteString = "device/\(kind)/0"
    guard let backend = try store.readIfPresent(path + "/backend"), !backend.isEmpty,
      let domainText = try store.readIfPresent(path + "/backend-id"),
      let domainNumber = Numbers.decimal(domainText), let domain = UInt16(exactly: domainNumber)
    else { return nil }
    name = kind
    self.path = path
    backendPath = backend
    backendDomain = domain
    self.store = store
    self.grants = grants
    self.hypervisor = hypervisor
  }

  /// The grants that a backend did not let go of.
  var heldGrantCount: Int { isLost && reference != nil ? 1 : 0 }

  /// Takes the page, lets `fill` write into it, tells the backend where it is, and sleeps until the
  /// backend is connected. With `isGranted` the page is granted too, for backends that want that.
  /// After an error everything is as it was before, as far as the backend plays along.
  func connect(
    isGranted: Bool, nodes: [(ByteString, ByteString)], until deadline: UInt64,
    fill: (SharedMemory) -> Void
  ) throws(PageDeviceError) {
    guard pages == nil, !isLost else { throw .pageInUse(device: name) }
    do throws(PageDeviceError) {
      try stored { () throws(XenStoreError) in
        try self.store.watch(self.backendPath + "/state", token: self.token)
      }
      try reset(until: deadline)
      try awaitState(XenbusState.initWait, upTo: XenbusState.initWait, until: deadline)
      try share(isGranted: isGranted, fill)
      try announce(nodes)
      try awaitState(XenbusState.connected, upTo: XenbusState.connected, until: deadline)
      try setState(XenbusState.connected)
      isConnected = true
    } catch {
      do throws(PageDeviceError) {
        try close(until: hypervisor.now + PageDeviceLimit.undoTime)
      } catch {
        // The first error is the one to tell; `isLost` says what is left over.
      }
      throw error
    }
  }

  /// Closes the connection so that the next kernel, or we again, can connect. Goes on after an
  /// error as far as it can, and throws the first one.
  func close(until deadline: UInt64) throws(PageDeviceError) {
    var firstError: PageDeviceError?
    func note(_ step: () throws(PageDeviceError) -> Void) {
      do throws(PageDeviceError) {
        try step()
      } catch {
        if firstError == nil { firstError = error }
      }
    }
    isConnected = false
    if pages != nil {
      note { () throws(PageDeviceError) in try self.shakeHands(until: deadline) }
      isLost = firstError != nil
      note { () throws(PageDeviceError) in try self.removeOwnNodes() }
    }
    if let port { hypervisor.close(port: port) }
    port = nil
    if pages != nil {
      note { () throws(PageDeviceError) in try self.takeBack() }
      note { () throws(PageDeviceError) in
        try self.setState(XenbusState.initialising)
        try self.awaitState(XenbusState.initWait, upTo: XenbusState.connected, until: deadline)
      }
    }
    note { () throws(PageDeviceError) in
      try self.stored { () throws(XenStoreError) in try self.store.unwatch(token: self.token) }
    }
    if let firstError { throw firstError }
  }

  /// A number that the backend has written; 0 if there is no such node.
  func backendNumber(_ node: ByteString) throws(PageDeviceError) -> UInt64 {
    let text = try stored { () throws(XenStoreError) in
      try self.store.readIfPresent(self.backendPath + "/" + node)
    }
    guard let text else { return 0 }
    guard let number = Numbers.decimal(text) else {
      throw .badNode(device: name, node: node, value: text)
    }
    return number
  }

  private var token: ByteString { "page-\(name)" }

  /// Brings a device back that somebody before us did not close.
  private func reset(until deadline: UInt64) throws(PageDeviceError) {
    let state = try stored { () throws(XenStoreError) in
      try self.store.readIfPresent(self.path + "/state")
    }
    guard state != "1" else { return }
    do throws(PageDeviceError) {
      try shakeHands(until: deadline)
      try removeOwnNodes()
    } catch {
      try setState(XenbusState.initialising)
      throw error
    }
    try setState(XenbusState.initialising)
  }

  private func share(
    isGranted: Bool, _ fill: (SharedMemory) -> Void
  ) throws(PageDeviceError) {
    let pages: SharedPages
    do throws(HypervisorError) {
      pages = try hypervisor.allocateSharedPages(count: 1)
    } catch { throw .resources(device: name, reason: error.message) }
    self.pages = pages
    let memory = SharedMemory(pages.address, byteCount: 4096)
    self.memory = memory
    fill(memory)
    do throws(HypervisorError) {
      port = try hypervisor.allocateUnboundPort(remoteDomain: backendDomain)
    } catch { throw .resources(device: name, reason: error.message) }
    guard isGranted, let frame = pages.frames.first else { return }
    do throws(GrantError) {
      reference = try grants.grant(frame: frame, to: backendDomain, readOnly: false)
    } catch { throw .resources(device: name, reason: error.message) }
  }

  private func announce(_ more: [(ByteString, ByteString)]) throws(PageDeviceError) {
    guard let frame = pages?.frames.first, let port else {
      preconditionFailure("a page is shared before it is announced")
    }
    var nodes: [(ByteString, ByteString)] = [
      ("page-ref", "\(hypervisor.grantableFrame(frame))"), ("event-channel", "\(port)"),
    ]
    if let reference { nodes.append(("page-gref", "\(reference)")) }
    nodes += more
    nodes.append(("state", "\(XenbusState.initialised)"))
    try stored { () throws(XenStoreError) in
      try self.store.transaction { (transaction) throws(XenStoreError) in
        for (node, value) in nodes {
          try self.store.write(self.path + "/" + node, value, in: transaction)
        }
      }
    }
  }

  /// Ends the grant and gives the page back; keeps both if the backend may still use them.
  private func takeBack() throws(PageDeviceError) {
    if let reference {
      do throws(GrantError) { try grants.end(reference) } catch {
        isLost = true
        throw .pageInUse(device: name)
      }
      self.reference = nil
    }
    guard !isLost, let pages else { return }
    hypervisor.release(pages)
    self.pages = nil
    memory = nil
  }

  /// Closing, then Closed: after that nothing maps our pages.
  private func shakeHands(until deadline: UInt64) throws(PageDeviceError) {
    try setState(XenbusState.closing)
    try awaitState(XenbusState.closing, upTo: XenbusState.closed, until: deadline)
    try setState(XenbusState.closed)
    try awaitState(XenbusState.closed, upTo: XenbusState.closed, until: deadline)
  }

  private func setState(_ state: UInt64) throws(PageDeviceError) {
    try stored { () throws(XenStoreError) in
      try self.store.write(self.path + "/state", "\(state)")
    }
  }

  /// Sleeps until the backend's state is one of `first...last`. A backend that closes where it
  /// should connect is not waited for.
  private func awaitState(
    _ first: UInt64, upTo last: UInt64, until deadline: UInt64
  ) throws(PageDeviceError) {
    while true {
      let text = try stored { () throws(XenStoreError) in
        try self.store.readIfPresent(self.backendPath + "/state")
      }
      guard let text else { throw .backendGone(device: name) }
      guard let state = Numbers.decimal(text) else {
        throw .badNode(device: name, node: "state", value: text)
      }
      if state >= first && state <= last { return }
      if first == XenbusState.connected, state >= XenbusState.closing {
        throw .backendClosed(device: name, state: state)
      }
      guard hypervisor.now < deadline else {
        throw .backendStuck(device: name, state: state, awaited: first)
      }
      _ = try stored { () throws(XenStoreError) in
        try self.store.waitForChange(tokens: [self.token], until: deadline)
      }
    }
  }

  private func removeOwnNodes() throws(PageDeviceError) {
    let names: [ByteString] = [
      "page-ref", "page-gref", "event-channel", "protocol", "feature-update",
      "request-abs-pointer",
    ]
    try stored { () throws(XenStoreError) in
      try self.store.transaction { (transaction) throws(XenStoreError) in
        for node in names {
          try self.store.removeIfPresent(self.path + "/" + node, in: transaction)
        }
      }
    }
  }

  private func stored<Result>(
    _ step: () throws(XenStoreError) -> Result
  ) throws(PageDeviceError) -> Result {
    do throws(XenStoreError) { return try step() } catch {
      throw .store(device: name, error)
    }
  }
}

/// The limits of framebuffer and keyboard.
public enum PageDeviceLimit {
  /// Nanoseconds that a connect may take, and a close; each device for itself.
  public static let stepTime: UInt64 = 2_000_000_000
  /// Nanoseconds to take back a connect that failed.
  static let undoTime: UInt64 = 1_000_000_000
  /// The key codes of Linux (`KEY_CNT`): what is higher is no key.
  static let keyCodeCount: UInt32 = 0x300
}
