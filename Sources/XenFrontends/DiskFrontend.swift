// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// How it stands with a disk.
public enum DiskStatus: Equatable {
  /// Not connected, and nothing wrong.
  case closed
  /// The backend has not answered yet.
  case connecting
  /// Ready to read.
  case connected
  /// A drive without a medium, or one that gave no answer.
  case skipped(reason: ByteString)
  /// It can't be used.
  case failed(DiskError)

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
/// Whole files: `submit` a plan, turn `pump` until `isDone`, `wait` in between; the backend puts
/// the data straight into the frames. Metadata: `read`, which sleeps. `close` leaves the disk as
/// the toolstack made it, for the next kernel or for another `connect`.
public final class DiskFrontend<H: Hypervisor>: BlockDevice {
  /// What xenstore says of the disk.
  public let description: DiskDescription

  /// How it stands with the disk.
  public internal(set) var status = DiskStatus.closed

  /// Whether the backend says that the disk may not be written.
  public internal(set) var isReadOnly = false

  /// How long each step of connect and close may take, in nanoseconds.
  public var stepTimeLimit: UInt64 = 5_000_000_000

  let hypervisor: H
  let store: XenStore<H>
  let grants: GrantTable<H>

  var phase = ConnectPhase.idle
  var ringPages: GrantedPages?
  /// The ring as the backend finds it, until the engine takes it over.
  var ring: BlockRing?
  var port: UInt32?
  var engine: DiskEngine<H>?
  var pastStatistics = DiskStatistics()
  /// Grants that the backend did not let go of at an earlier close.
  var heldGrants: [UInt32] = []

  /// The disk of `description`, not connected.
  public init(
    _ description: DiskDescription, store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) {
    self.description = description
    self.store = store
    self.grants = grants
    self.hypervisor = hypervisor
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
  public var eventPort: UInt32? { port }

  /// What the disk has done since it was last connected.
  public var statistics: DiskStatistics { engine?.statistics ?? pastStatistics }

  /// Frames that the backend holds though it has answered, or closed.
  public var heldGrantCount: Int { heldGrants.count + (engine?.lingering.count ?? 0) }

  /// The requests that fit into the ring at one time.
  public var ringEntryCount: Int { engine.map { Int($0.ring.entryCount) } ?? 0 }

  /// Reads bytes through pages of our own, and sleeps until they are there. Plans go on meanwhile.
  public func read(
    at byteOffset: UInt64, count byteCount: Int
  ) throws(BlockError) -> [UInt8] {
    try connection().read(at: byteOffset, count: byteCount)
  }

  /// Whether it may be written: the backend says so, and it is no CD-ROM drive.
  public var isWritable: Bool {
    status == .connected && !isReadOnly && !description.isCDROM
  }

  /// Writes whole sectors through pages of our own, and sleeps until they are on the disk.
  public func write(_ bytes: [UInt8], at byteOffset: UInt64) throws(BlockError) {
    guard isWritable else { throw .readOnly }
    try connection().write(bytes, at: byteOffset)
  }

  /// Adds the pieces of a plan to what is to be read; the rest of the plan is the caller's. Of a
  /// plan for several disks this is number `device`. Nothing is sent before `pump`.
  ///
  /// The frames must not be page tables, and must not be used until `isDone`, whatever is thrown
  /// meanwhile.
  @discardableResult
  public func submit(_ plan: ReadPlan, device: Int = 0) throws(BlockError) -> DiskTicket {
    try connection().submit(plan.pieces(onDevice: device))
  }

  /// Whether all pieces up to those of the ticket are there; false where a `pump` is going to tell
  /// why not.
  public func isComplete(_ ticket: DiskTicket) -> Bool { engine?.isComplete(ticket) ?? false }

  /// Takes answers and keeps the backend busy; never sleeps. Throws when the backend is dead, or,
  /// once and not before nothing is in flight, when part of a plan could not be read.
  public func pump() throws(BlockError) {
    let engine = try connection()
    try engine.turn()
    guard engine.isDone, let failure = engine.planFailure else { return }
    engine.planFailure = nil
    throw failure
  }

  /// Sleeps until the backend answers, at most until `deadline` in system time; returns at once if
  /// nothing is due.
  public func wait(until deadline: UInt64) { engine?.wait(until: deadline) }

  /// Sleeps until the backend of one of `disks` answers, at most until `deadline` in system time;
  /// returns at once if one of them has something to `pump`, or none has anything to do.
  public static func wait(_ disks: [DiskFrontend<H>], until deadline: UInt64) {
    DiskEngine.wait(disks.compactMap { $0.engine }, until: deadline)
  }

  /// For a caller that sleeps on several ports: asks for an event with the next answer, after which
  /// `eventPort` can be polled. False if there is something to `pump` at once, or nothing is due.
  public func prepareToSleep() -> Bool { engine?.prepareToSleep() ?? false }

  /// Whether nothing is left to do, and nothing in flight.
  public var isDone: Bool { engine?.isDone ?? true }

  /// Whether the backend is of no more use, so that nothing will ever be done.
  public var isDead: Bool { engine?.death != nil }

  /// The bytes of the plans' pieces, from the first on, that are there without a gap; counted anew
  /// when a plan is submitted while nothing is left to do.
  public var completedByteCount: UInt64 { engine?.completedByteCount ?? 0 }

  /// Gives up what was not sent of the plans; turn `pump` until `isDone` before the frames are used
  /// for something else.
  public func cancel() { engine?.cancel() }

  /// Executes the pieces of a plan, and sleeps until they are there.
  public func execute(_ plan: ReadPlan) throws(BlockError) {
    try submit(plan)
    while true {
      try pump()
      if isDone { return }
      wait(until: hypervisor.now + DiskLimit.silence)
    }
  }

  private func connection() throws(BlockError) -> DiskEngine<H> {
    guard let engine, status == .connected else { throw .disconnected }
    return engine
  }
}
