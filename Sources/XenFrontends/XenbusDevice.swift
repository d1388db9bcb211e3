// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// How far a device has come in connecting.
public enum XenbusPhase: Equatable, Sendable {
  /// Not connected, and nothing under way.
  case idle
  /// A former kernel left the device open; we wrote Closing and wait for the backend.
  case endingEarlier
  /// The same; we wrote Closed and wait for the backend.
  case endedEarlier
  /// Waiting for the backend to be ready: InitWait, after its hotplug script has run.
  case awaitingBackend
  /// Waiting for the backend to map what we announced: Connected.
  case awaitingConnection
  /// Both ends are Connected.
  case connected
}

/// What `XenbusDevice.next` asks of the frontend.
public enum XenbusStep: Equatable, Sendable {
  /// Nothing before the backend's state changes: `wait`, then `next` again.
  case wait
  /// The backend is ready: make rings and event channels, and `announce` them.
  case offer
  /// The backend has taken them: read what it says of the device, and `confirm`.
  case confirm
}

/// One device on the xenbus, from the frontend's side: the handshake of `xen/io/xenbus.h`, which
/// all split drivers share, with the pages, grants and event channels of one connection.
///
/// Each end has a node `state` in its directory, which it alone writes. To connect:
///
///     us                                      the backend
///     Initialising (the toolstack wrote it)   Initialising, then InitWait when it is ready
///     nodes and Initialised, at once          maps what the nodes tell of, then Connected
///     reads the backend's nodes, Connected
///
/// To close, so that the next kernel can connect, or we again:
///
///     Closing                                 Closing, or Closed at once
///     Closed                                  unmaps everything, then Closed
///     ends grants, removes nodes, closes channels
///     Initialising                            InitWait
///
/// A device that is found in any other state than Initialising was left open; it is closed first.
///
/// A frontend owns one of these, calls `beginConnect`, and then calls `next` until the phase is
/// `connected`, with `wait` in between, which can wait for many devices at once. `connect` does all
/// of this for one device. After an error, or when your time limit is over, call `close`. Nothing
/// that the backend writes is trusted, and every wait ends.
public final class XenbusDevice<H: Hypervisor> {
  /// The name in error messages, `xvda`.
  public let name: ByteString
  /// Where both ends are.
  public let address: XenbusAddress
  /// The domain's hypervisor calls.
  public let hypervisor: H
  /// The domain's xenstore.
  public let store: XenStore<H>
  /// The domain's grant table.
  public let grants: GrantTable<H>

  /// Whether the frontend may announce itself before the backend shows InitWait.
  private let offersEarly: Bool
  /// Names of nodes that a frontend of this kind may leave; a `*` ends a prefix.
  private let ownNodes: [ByteString]

  /// How far the connection has come.
  public internal(set) var phase = XenbusPhase.idle
  /// How long the backend may take for each step of a close, in nanoseconds; 5 s if not changed.
  public var stepTimeLimit: UInt64 = 5_000_000_000
  /// Our ends of the event channels, in the order of `openPort`.
  public internal(set) var ports: [UInt32] = []

  /// Pages of this connection.
  var shares: [XenbusShare] = []
  /// Pages of earlier connections that the backend may still use.
  var stuckShares: [XenbusShare] = []
  /// Other grants of earlier connections that the backend did not let go of.
  var heldGrants: [UInt32] = []
  /// Whether the backend may have seen our nodes.
  var isAnnounced = false
  /// Whether there is a watch on the backend's state.
  var isWatching = false
  /// When the close of a device that was left open counts as stuck.
  private var earlierDeadline = UInt64.max

  /// The device at `address`, not connected.
  ///
  /// - Parameters:
  ///   - ownNodes: names of nodes that a frontend of this kind, ours or another kernel's, may leave
  ///     in its directory, for `close` to remove; a name that ends with `*` stands for all that
  ///     begin so. `event-channel*`, `ring-ref*`, `page-ref`, `page-gref` and `protocol` are
  ///     always removed; the toolstack's nodes must not be among them.
  ///   - offersEarly: whether a backend in Initialised is ready too, and one that shows
  ///     Initialising but has started (`hotplug-status`). Those of framebuffer and keyboard may be,
  ///     since Linux's frontends announce themselves without a look at them. QEMU's `-vga xenfb`
  ///     writes the first state once more when its backends wait already (hw/xen/xen_devconfig.c).
  public init(
    _ address: XenbusAddress, name: ByteString, ownNodes: [ByteString] = [],
    offersEarly: Bool = false, store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) {
    self.address = address
    self.name = name
    self.ownNodes =
      ["event-channel*", "ring-ref*", "page-ref", "page-gref", "protocol"] + ownNodes
    self.offersEarly = offersEarly
    self.store = store
    self.grants = grants
    self.hypervisor = hypervisor
  }

  /// The first event channel, for a caller that sleeps on several ports; nil if there is none.
  public var port: UInt32? { ports.first }

  /// Starts to connect; `next` continues. Writes nothing unless the device was left open.
  /// Throws `framesInUse` if pages that the backend knows by their numbers were not given back.
  public func beginConnect() throws(XenbusError) {
    guard phase == .idle else { return }
    guard !isLost else { throw .framesInUse(device: name, count: stuckFrameCount) }
    isWatching = true
    let state = try stored { () throws(XenStoreError) in
      try self.store.watch(self.address.backendPath + "/state", token: self.token)
      return try self.store.readIfPresent(self.address.path + "/state")
    }
    guard state != "1" else {
      phase = .awaitingBackend
      return
    }
    // The backend takes no new connection before the old one is closed.
    phase = .endingEarlier
    try setState(XenbusState.closing)
    earlierDeadline = hypervisor.now + stepTimeLimit
  }

  /// Takes the steps that the backend is ready for, and returns what the frontend has to do. Sleeps
  /// only for xenstore's answers. After an error call `close`.
  public func next() throws(XenbusError) -> XenbusStep {
    guard phase != .idle, phase != .connected else { return .wait }
    guard let state = try backendState() else { throw .backendGone(device: name) }
    if phase == .endingEarlier, state == XenbusState.closing || state == XenbusState.closed {
      phase = .endedEarlier
      try setState(XenbusState.closed)
      earlierDeadline = hypervisor.now + stepTimeLimit
    }
    if phase == .endedEarlier, state == XenbusState.closed {
      phase = .awaitingBackend
      earlierDeadline = .max
      try removeOwnNodes()
      try setState(XenbusState.initialising)
      return .wait
    }
    if phase == .awaitingBackend, try isReady(inState: state) { return .offer }
    if phase == .awaitingConnection {
      if state == XenbusState.connected { return .confirm }
      if state == XenbusState.closing || state == XenbusState.closed {
        throw .backendClosed(device: name, state: state, reason: try backendValue("error") ?? "")
      }
    }
    guard hypervisor.now < earlierDeadline else { throw try stuckError() }
    return .wait
  }

  /// Whether the backend takes an offer now.
  private func isReady(inState state: UInt64) throws(XenbusError) -> Bool {
    if state == XenbusState.initWait { return true }
    guard offersEarly else { return false }
    if state == XenbusState.initialised { return true }
    guard state == XenbusState.initialising else { return false }
    return try backendValue("hotplug-status") == "connected"
  }

  /// Writes `nodes` and the state Initialised, in one transaction. Call it after `offer`.
  ///
  /// Some backends, such as those of network interfaces, want to see Connected instead: pass it as
  /// `state`.
  public func announce(
    _ nodes: [XenbusNode], state: UInt64 = XenbusState.initialised
  ) throws(XenbusError) {
    precondition(phase == .awaitingBackend, "nothing can be announced before the backend is ready")
    isAnnounced = true
    try stored { () throws(XenStoreError) in
      try self.store.transaction { (transaction) throws(XenStoreError) in
        try self.removeOwnNodes(in: transaction)
        for node in nodes + [XenbusNode("state", "\(state)")] {
          try self.store.write(
            self.address.path + "/" + node.name, node.value, in: transaction)
        }
      }
    }
    phase = .awaitingConnection
  }

  /// Writes the state Connected. Call it after `confirm`.
  public func confirm() throws(XenbusError) {
    precondition(phase == .awaitingConnection, "nothing was announced")
    try setState(XenbusState.connected)
    phase = .connected
  }

  /// The error for a caller whose time limit is over: the backend's state, and the one that was
  /// awaited.
  public func stuckError() throws(XenbusError) -> XenbusError {
    let awaited =
      switch phase {
      case .endingEarlier: XenbusState.closing
      case .endedEarlier: XenbusState.closed
      case .idle, .awaitingBackend: XenbusState.initWait
      case .awaitingConnection, .connected: XenbusState.connected
      }
    return .backendStuck(device: name, state: try backendState() ?? 0, awaited: awaited)
  }

  /// Sleeps until the backend of one of `devices` has changed its state, at most until `deadline`
  /// in system time. The devices must share one `XenStore`. May return too early: call `next` on
  /// all of them.
  public static func wait(
    for devices: [XenbusDevice<H>], until deadline: UInt64
  ) throws(XenStoreError) {
    guard let first = devices.first else { return }
    let end = devices.reduce(deadline) { min($0, $1.earlierDeadline) }
    _ = try first.store.waitForChange(tokens: devices.map { $0.token }, until: end)
  }

  /// Connects, and sleeps until that is done, at most until `deadline` in system time. After an
  /// error everything is undone, as far as the backend cooperates within one second.
  ///
  /// - Parameters:
  ///   - offer: makes what is shared, and gives the nodes that tell of it.
  ///   - confirm: reads what the backend says of the device.
  public func connect(
    until deadline: UInt64, offer: () throws(XenbusError) -> [XenbusNode],
    confirm: () throws(XenbusError) -> Void = {}
  ) throws(XenbusError) {
    do throws(XenbusError) {
      try beginConnect()
      while phase != .connected {
        switch try next() {
        case .offer: try announce(try offer())
        case .confirm:
          try confirm()
          try self.confirm()
        case .wait:
          guard hypervisor.now < deadline else { throw try stuckError() }
          try stored { () throws(XenStoreError) in
            try Self.wait(for: [self], until: deadline)
          }
        }
      }
    } catch {
      // Report the first error; `isLost` and `heldGrantCount` tell what is left over.
      try? close(until: hypervisor.now + XenbusLimit.undoTime)
      throw error
    }
  }

  /// Whether the backend has left the state Connected; asks xenstore only if there was an event.
  public func hasBackendLeft() -> Bool {
    do throws(XenStoreError) {
      guard try store.hasChange(tokens: [token]) else { return false }
      return try store.readIfPresent(address.backendPath + "/state") != "4"
    } catch {
      return false  // The device may work without xenstore.
    }
  }

  /// The token of our watch.
  var token: ByteString { "\(address.kind)-\(address.number)" }

  func isOwnNode(_ node: ByteString) -> Bool {
    ownNodes.contains { name in
      name.bytes.last == 0x2a
        ? node.hasPrefix(ByteString(name.bytes.dropLast())) : node == name
    }
  }
}

/// The limits of a device.
enum XenbusLimit {
  /// Nanoseconds to take back a connect that failed.
  static let undoTime: UInt64 = 1_000_000_000
  /// Nanoseconds to wait for grants to end after the backend has closed.
  static let grantTime: UInt64 = 1_000_000_000
  /// Nanoseconds between two looks at them.
  static let grantPause: UInt64 = 10_000_000
}
