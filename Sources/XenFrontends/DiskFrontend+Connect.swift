// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// How far a connect has come.
enum ConnectPhase {
  case idle
  /// Until the backend is in InitWait: its hotplug script has run.
  case awaitingBackend
  /// Until the backend has mapped our ring.
  case awaitingConnection
}

extension DiskFrontend {
  /// How long a drive may keep the others waiting that are all ready, in nanoseconds.
  private static var driveGrace: UInt64 { 2_000_000_000 }

  /// Connects all of `disks` at the same time, and sleeps until each is ready, or has failed, or
  /// `timeLimit` nanoseconds are over. Look at each one's `status` then. A CD-ROM drive that does
  /// not get ready is skipped.
  public static func connect(_ disks: [DiskFrontend<H>], timeLimit: UInt64) {
    guard let first = disks.first else { return }
    let hypervisor = first.hypervisor
    let deadline = hypervisor.now + timeLimit
    for disk in disks { disk.beginConnect() }
    var driveDeadline = deadline
    while true {
      for disk in disks { disk.advance() }
      let unsettled = disks.filter { $0.status == .connecting }
      if unsettled.isEmpty { return }
      if unsettled.allSatisfy({ $0.description.isCDROM }) {
        driveDeadline = min(driveDeadline, hypervisor.now + driveGrace)
      }
      let end = min(deadline, driveDeadline)
      var isOver = hypervisor.now >= end
      if !isOver {
        do throws(XenStoreError) {
          _ = try first.store.waitForChange(tokens: unsettled.map { $0.token }, until: end)
        } catch {
          isOver = true
        }
      }
      if isOver {
        for disk in unsettled {
          disk.advance()
          disk.giveUp()
        }
        return
      }
    }
  }

  /// The token of our watch.
  var token: ByteString { "disk\(description.number)" }

  /// Starts to connect; `advance` goes on.
  public func beginConnect() {
    guard engine == nil, phase == .idle else { return }
    status = .connecting
    phase = .awaitingBackend
    attempt { () throws(DiskError) in
      let state = try self.stored { () throws(XenStoreError) in
        try self.store.watch(self.description.backendPath + "/state", token: self.token)
        return try self.store.readIfPresent(self.description.path + "/state")
      }
      guard state != "1" else { return }
      // Somebody before us did not close; the backend takes no new connection before that.
      try self.shakeHands()
      try self.removeOwnNodes()
      try self.setState(XenbusState.initialising)
    }
  }

  /// Takes the next step of the connect if the backend is ready for it; never sleeps for long.
  public func advance() {
    guard status == .connecting else { return }
    attempt { () throws(DiskError) in
      guard let state = try self.backendState() else {
        throw DiskError.backendGone(disk: self.name)
      }
      switch (self.phase, state) {
      case (.awaitingBackend, XenbusState.initWait):
        try self.announce()
        self.phase = .awaitingConnection
      case (.awaitingConnection, XenbusState.connected):
        try self.finishConnect()
        self.phase = .idle
        self.status = .connected
      case (.awaitingConnection, XenbusState.closing), (.awaitingConnection, XenbusState.closed):
        let reason = try self.backendReason()
        throw DiskError.backendClosed(disk: self.name, state: state, reason: reason)
      default: break
      }
    }
  }

  /// Ends a connect that took too long.
  func giveUp() {
    guard status == .connecting else { return }
    let awaited = phase == .awaitingBackend ? XenbusState.initWait : XenbusState.connected
    attempt { () throws(DiskError) in
      let state = try self.backendState() ?? 0
      throw DiskError.backendStuck(disk: self.name, state: state, awaited: awaited)
    }
  }

  /// Runs a step; if it fails, undoes what was done and keeps the reason.
  private func attempt(_ step: () throws(DiskError) -> Void) {
    do throws(DiskError) {
      try step()
    } catch {
      do throws(DiskError) {
        try leave()
      } catch {
        // The first error is the one to tell; what is left over shows in the grant table's count.
      }
      status = description.isCDROM ? .skipped(reason: error.message) : .failed(error)
    }
  }

  /// Runs a step that talks to xenstore.
  func stored<Result>(
    _ step: () throws(XenStoreError) -> Result
  ) throws(DiskError) -> Result {
    do throws(XenStoreError) {
      return try step()
    } catch {
      throw .store(disk: name, error)
    }
  }

  /// The backend's state, nil if it has none any more.
  func backendState() throws(DiskError) -> UInt64? {
    let text = try stored { () throws(XenStoreError) in
      try self.store.readIfPresent(self.description.backendPath + "/state")
    }
    guard let text else { return nil }
    guard let state = Numbers.decimal(text) else {
      throw .badNode(disk: name, node: "state", value: text)
    }
    return state
  }

  /// What the backend has written about its trouble.
  private func backendReason() throws(DiskError) -> ByteString {
    try stored { () throws(XenStoreError) in
      try self.store.readIfPresent(self.description.backendPath + "/error") ?? ""
    }
  }

  /// Makes the ring and tells the backend where it is.
  private func announce() throws(DiskError) {
    let pages = try makeRing(pageCount: 1 << Int(try ringPageOrder()))
    ringPages = pages
    ring = BlockRing(pages.memory)
    let port: UInt32
    do throws(HypervisorError) {
      port = try hypervisor.allocateUnboundPort(remoteDomain: description.backendDomain)
    } catch {
      throw .resources(disk: name, reason: error.message)
    }
    self.port = port
    var nodes: [(ByteString, ByteString)] = []
    let references = pages.references
    if references.count == 1 {
      nodes.append(("ring-ref", "\(references[0])"))
    } else {
      nodes.append(("ring-page-order", "\(references.count.trailingZeroBitCount)"))
      for (index, reference) in references.enumerated() {
        nodes.append(("ring-ref\(index)", "\(reference)"))
      }
    }
    nodes.append(("event-channel", "\(port)"))
    nodes.append(("protocol", "x86_64-abi"))
    nodes.append(("state", "\(XenbusState.initialised)"))
    try stored { () throws(XenStoreError) in
      try self.store.transaction { (transaction) throws(XenStoreError) in
        try self.removeOwnNodes(in: transaction)
        for (node, value) in nodes {
          try self.store.write(self.description.path + "/" + node, value, in: transaction)
        }
      }
    }
  }

  /// How large the ring should be. Linux's backend prepares 256 segments for every entry, so a page
  /// of large, indirect requests is plenty; others make it up with many small ones. Linux may tell
  /// of indirect requests only later, but of its queues now.
  private func ringPageOrder() throws(DiskError) -> UInt64 {
    let queueCount = try backendNumber("multi-queue-max-queues", default: 0)
    let segmentCount = try backendNumber("feature-max-indirect-segments", default: 0)
    guard queueCount == 0, segmentCount == 0 else { return 0 }
    return min(try backendNumber("max-ring-page-order", default: 0), DiskLimit.ringPageOrder)
  }

  /// Gets the ring's pages; without room for many, one.
  private func makeRing(pageCount: Int) throws(DiskError) -> GrantedPages {
    do throws(GrantError) {
      do throws(GrantError) {
        return try GrantedPages(
          count: pageCount, for: description.backendDomain, hypervisor: hypervisor,
          grants: grants)
      } catch {
        guard pageCount > 1 else { throw error }
        return try GrantedPages(
          count: 1, for: description.backendDomain, hypervisor: hypervisor, grants: grants)
      }
    } catch {
      throw .resources(disk: name, reason: error.message)
    }
  }

  /// Reads what the backend says of the disk, and declares the connection ready.
  private func finishConnect() throws(DiskError) {
    guard let ring, let port else { preconditionFailure("connected without a ring") }
    let sectorCount = try backendNumber("sectors", default: nil)
    let sectorByteCount = try backendNumber("sector-size", default: 512)
    let info = try backendNumber("info", default: 0)
    let segmentCount = try backendNumber("feature-max-indirect-segments", default: 0)
    // 2048 is what optical drives have.
    guard sectorByteCount == 512 || sectorByteCount == 2048 || sectorByteCount == 4096 else {
      throw .badNode(disk: name, node: "sector-size", value: "\(sectorByteCount)")
    }
    // In units of 512 bytes, whatever the sector size is.
    guard let byteCount = Checked.product(sectorCount, 512), byteCount < 1 << 62 else {
      throw .badNode(disk: name, node: "sectors", value: "\(sectorCount)")
    }
    let canFlush = try backendNumber("feature-flush-cache", default: 0) == 1
    isReadOnly = info & 4 != 0
    let geometry = DiskGeometry(
      byteCount: byteCount - byteCount % sectorByteCount,
      sectorByteCount: Int(sectorByteCount),
      indirectSegmentCount: Int(min(segmentCount, UInt64(DiskLimit.indirectSegments))),
      canFlush: canFlush)
    try setState(XenbusState.connected)
    connectionCount += 1
    lastDeath = nil
    engine = DiskEngine(
      hypervisor: hypervisor, grants: grants, domain: description.backendDomain,
      ports: (disk: port, store: store.port),
      handle: UInt16(truncatingIfNeeded: description.number), connection: connectionCount,
      ring: ring, geometry: geometry)
    engine?.hasBackendLeft = { [store, description, token] in
      Self.hasBackendLeft(store, description, token)
    }
  }

  /// Whether the backend has left the connected state; looks only if its watch has an event.
  private static func hasBackendLeft(
    _ store: XenStore<H>, _ description: DiskDescription, _ token: ByteString
  ) -> Bool {
    do throws(XenStoreError) {
      guard try store.hasChange(tokens: [token]) else { return false }
      return try store.readIfPresent(description.backendPath + "/state") != "4"
    } catch {
      return false  // The disk may well go on without xenstore.
    }
  }

  /// A number that the backend has written; `missing` if there is no such node, which is an error
  /// if that is nil.
  private func backendNumber(
    _ node: ByteString, default missing: UInt64?
  ) throws(DiskError) -> UInt64 {
    let text = try stored { () throws(XenStoreError) in
      try self.store.readIfPresent(self.description.backendPath + "/" + node)
    }
    guard let text else {
      if let missing { return missing }
      throw .badNode(disk: name, node: node, value: "")
    }
    guard let number = Numbers.decimal(text) else {
      throw .badNode(disk: name, node: node, value: text)
    }
    return number
  }
}
