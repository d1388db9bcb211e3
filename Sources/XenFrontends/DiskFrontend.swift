// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// The state of a disk.
public enum DiskStatus: Equatable {
  /// Not connected; no error.
  case closed
  /// The backend has not answered yet.
  case connecting
  /// Ready to read.
  case connected
  /// A drive without a medium, or one that gave no answer.
  case skipped(reason: ByteString)
  /// It can't be used, and why.
  case failed(XenbusError)

  /// Whether it is a drive without a medium, or one that gave no answer.
  public var isSkipped: Bool {
    if case .skipped = self { true } else { false }
  }

  /// Why the disk can't be read, for the log; nil if it can, or was never tried.
  public var failureReason: ByteString? {
    switch self {
    case .closed, .connected: nil
    case .connecting: "no answer from the backend"
    case .skipped(let reason): reason
    case .failed(let error): error.message
    }
  }
}

/// A virtual disk of this domain, through Xen's split block driver (`xen/io/blkif.h`).
///
/// Whole files: `submit` a plan, turn `pump` until its ticket is not `pending`, `wait` in between;
/// the backend puts the data straight into the frames. Metadata: `read`, which sleeps. `close`
/// leaves the disk as the toolstack made it, for the next kernel or for another `connect`.
public final class DiskFrontend<H: Hypervisor>: BlockDevice {
  /// What xenstore says about the disk.
  public let description: DiskDescription

  /// The state of the disk.
  public internal(set) var status = DiskStatus.closed

  /// Whether the backend says that the disk may not be written.
  public internal(set) var isReadOnly = false

  let hypervisor: H
  let store: XenStore<H>
  let grants: GrantTable<H>
  /// The handshake with the backend, ring and event channel.
  let bus: XenbusDevice<H>

  /// The ring as the backend finds it, until the engine takes it over.
  var ring: BlockRing?
  var engine: DiskEngine<H>?
  var pastStatistics = DiskStatistics()
  /// Numbers the connections, for tickets.
  var connectionCount: UInt64 = 0
  /// Why the backend of the last connection died; nil if it did not.
  var lastDeath: BlockError?

  /// The disk of `description`, not connected.
  public init(
    _ description: DiskDescription, store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) {
    self.description = description
    self.store = store
    self.grants = grants
    self.hypervisor = hypervisor
    bus = XenbusDevice(
      description.address, name: description.name,
      ownNodes: [
        "ring-page-order", "feature-persistent", "feature-large-sector-size",
        "multi-queue-num-queues", "queue-*",
      ], store: store, grants: grants, hypervisor: hypervisor)
    // An empty drive should not delay anybody.
    if description.isCDROM { bus.stepTimeLimit = DiskLimit.driveStepTime }
  }

  /// All disks that xenstore lists, by number, none connected.
  public static func discover(
    store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) throws(XenStoreError) -> [DiskFrontend<H>] {
    var disks: [DiskFrontend<H>] = []
    for description in try DiskDescription.all(store) {
      disks.append(
        DiskFrontend(description, store: store, grants: grants, hypervisor: hypervisor))
    }
    return disks
  }

  /// The name that an administrator knows, `xvda`.
  public var name: ByteString { description.name }

  /// The size in bytes; 0 while not connected.
  public var byteCount: UInt64 { engine?.geometry.byteCount ?? 0 }

  /// The logical sector size; 512 while not connected.
  public var sectorByteCount: Int { engine?.geometry.sectorByteCount ?? 512 }

  /// Size and sector size, for `ReadPlan`.
  public var geometry: ReadPlan.DeviceGeometry {
    ReadPlan.DeviceGeometry(byteCount: byteCount, sectorByteCount: sectorByteCount)
  }

  /// The event channel, for a caller that sleeps on several ports; nil while not connected.
  public var eventPort: UInt32? { bus.port }

  /// Counters since the disk was last connected.
  public var statistics: DiskStatistics { engine?.statistics ?? pastStatistics }

  /// How many frames the backend still holds although it has answered, or closed.
  public var heldGrantCount: Int { bus.heldGrantCount + (engine?.lingering.count ?? 0) }

  /// How many requests fit into the ring.
  public var ringEntryCount: Int { engine.map { Int($0.ring.entryCount) } ?? 0 }

  /// Reads bytes through our own pages, and sleeps until they are there. Plans go on meanwhile.
  public func read(
    at byteOffset: UInt64, count byteCount: Int
  ) throws(BlockError) -> [UInt8] {
    try connection().read(at: byteOffset, count: byteCount)
  }

  /// Whether it may be written: the backend allows it, and it is not a CD-ROM drive.
  public var isWritable: Bool {
    status == .connected && !isReadOnly && !description.isCDROM
  }

  /// Writes whole sectors through our own pages, and sleeps until they are on the disk.
  public func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) {
    guard isWritable else { throw .readOnly }
    try connection().write(bytes, at: byteOffset)
  }

  /// Queues the pieces of a plan for reading; the rest of the plan is up to the caller. In a plan
  /// for several disks this one is number `device`. Nothing is sent before `pump`. Plans are read
  /// in the order of submission, and each has an outcome of its own: ask for it with the ticket.
  ///
  /// The frames must not be page tables, and must not be used until the ticket is complete or has
  /// failed.
  ///
  /// Throws `outOfRange` if a piece leaves the disk, the reason if the disk is not connected or its
  /// backend is dead, and `outOfResources` if 1024 tickets are pending, or failed and not
  /// forgotten.
  @discardableResult
  public func submit(_ plan: ReadPlan, device: Int = 0) throws(BlockError) -> DiskTicket {
    try connection().submit(plan.pieces(onDevice: device))
  }

  /// The state of a ticket.
  ///
  /// A bad sector fails only the ticket whose bytes it holds. Once the state is `complete` or
  /// `failed`, the backend holds none of the ticket's frames any more, unless the backend is dead
  /// (`isDead`): then call `settle` before you use the frames. A dead backend fails every ticket
  /// that is not complete. Closing the disk fails all of its tickets, because it no longer knows
  /// which were complete.
  public func state(of ticket: DiskTicket) -> DiskReadState {
    if let engine { return engine.state(of: ticket) }
    return ticket.bytes.isEmpty ? .complete : .failed(lastDeath ?? .disconnected)
  }

  /// Whether all of a ticket's bytes are there.
  public func isComplete(_ ticket: DiskTicket) -> Bool {
    if case .complete = state(of: ticket) { true } else { false }
  }

  /// Gives up a ticket that is neither complete nor failed. Nothing more is sent for it. It stays
  /// pending until everything that was sent has been answered, and then it has failed with
  /// `cancelled`, even if all of its bytes came.
  public func cancel(_ ticket: DiskTicket) { engine?.cancel(ticket) }

  /// Forgets a failed ticket; do not use it afterwards. Complete tickets take no memory and need
  /// not be forgotten. Does nothing for them and for pending ones.
  public func forget(_ ticket: DiskTicket) { engine?.forget(ticket) }

  /// How many bytes of a ticket, from the first on, are there without a gap. Never decreases, and
  /// stops at a failure. 0 for a ticket of an earlier connection.
  public func completedByteCount(of ticket: DiskTicket) -> UInt64 {
    engine?.completedByteCount(of: ticket) ?? 0
  }

  /// Takes answers and keeps the backend busy; never sleeps. Throws only if the backend is dead,
  /// and then every time; the outcome of a plan is in its ticket.
  public func pump() throws(BlockError) { try connection().turn() }

  /// Sleeps until the backend answers, at most until `deadline` in system time; returns at once if
  /// nothing is in flight.
  public func wait(until deadline: UInt64) { engine?.wait(until: deadline) }

  /// Sleeps until the backend of one of `disks` answers, at most until `deadline` in system time;
  /// returns at once if one of them can be pumped, or if none has anything to do.
  public static func wait(_ disks: [DiskFrontend<H>], until deadline: UInt64) {
    DiskEngine.wait(disks.compactMap { $0.engine }, until: deadline)
  }

  /// For a caller that sleeps on several ports: asks for an event with the next answer, after which
  /// `eventPort` can be polled. False if there is an answer already, or if nothing is in flight.
  public func prepareToSleep() -> Bool { engine?.prepareToSleep() ?? false }

  /// Whether nothing is left to do and nothing is in flight.
  public var isDone: Bool { engine?.isDone ?? true }

  /// Whether the backend is dead, so that nothing more will be done.
  public var isDead: Bool { engine?.death != nil }

  /// How many bytes of all plans together, from the first on, are there without a gap. Starts again
  /// from 0 when a plan is submitted to an idle disk.
  public var completedByteCount: UInt64 { engine?.completedByteCount ?? 0 }

  /// Executes the pieces of a plan, and sleeps until they are there; other plans go on meanwhile.
  public func execute(_ plan: ReadPlan) throws(BlockError) {
    let ticket = try submit(plan)
    while true {
      try pump()
      switch state(of: ticket) {
      case .complete: return
      case .failed(let error):
        forget(ticket)
        throw error
      case .pending: wait(until: hypervisor.now + DiskLimit.silence)
      }
    }
  }

  private func connection() throws(BlockError) -> DiskEngine<H> {
    guard let engine, status == .connected else { throw .disconnected }
    return engine
  }
}
