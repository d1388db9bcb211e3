// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension DiskFrontend {
  /// Closes the connection so that the next kernel, or we again, can connect: every grant ended,
  /// the event channel closed, our nodes removed, our state 1 and the backend's InitWait.
  ///
  /// Each wait is bounded. Goes on after an error as far as it can, and throws the first one. With
  /// `grantsInUse` the frames must not become part of a new domain; a further `close` tries again.
  public func close() throws(DiskError) {
    guard ringPages != nil || phase != .idle || !heldGrants.isEmpty else {
      status = .closed
      return
    }
    do throws(DiskError) {
      try leave()
    } catch {
      status = .failed(error)
      throw error
    }
    status = .closed
  }

  /// Makes sure that no frame of a plan is with the backend any more: a connection that has died,
  /// or still has requests under way, is closed. False if the backend holds frames even then; they
  /// must not be used again.
  public func settle() -> Bool {
    if let engine, engine.death != nil || !engine.isDone {
      do throws(DiskError) { try close() } catch { return heldGrantCount == 0 }
    }
    return heldGrantCount == 0
  }

  /// The steps of a close, from wherever the connection stands.
  func leave() throws(DiskError) {
    var firstError: DiskError?
    func note(_ step: () throws(DiskError) -> Void) {
      do throws(DiskError) {
        try step()
      } catch {
        if firstError == nil { firstError = error }
      }
    }
    let wasAnnounced = ringPages != nil
    // If the backend does not answer, taking the ring away from it is what is left.
    _ = engine?.drain(until: hypervisor.now + stepTimeLimit)
    if wasAnnounced {
      note { () throws(DiskError) in try self.shakeHands() }
    }
    note { () throws(DiskError) in try self.endGrants() }
    if wasAnnounced {
      note { () throws(DiskError) in try self.removeOwnNodes() }
    }
    if let port { hypervisor.close(port: port) }
    port = nil
    if wasAnnounced {
      note { () throws(DiskError) in
        try self.setState(XenbusState.initialising)
        try self.awaitBackend(XenbusState.initWait, orUpTo: XenbusState.connected)
      }
    }
    note { () throws(DiskError) in
      try self.stored { () throws(XenStoreError) in try self.store.unwatch(token: self.token) }
    }
    phase = .idle
    if let firstError { throw firstError }
  }

  /// Closing, then Closed: after that nothing maps our pages.
  func shakeHands() throws(DiskError) {
    try setState(XenbusState.closing)
    try awaitBackend(XenbusState.closing, orUpTo: XenbusState.closed)
    try setState(XenbusState.closed)
    try awaitBackend(XenbusState.closed, orUpTo: XenbusState.closed)
  }

  func setState(_ state: UInt64) throws(DiskError) {
    try stored { () throws(XenStoreError) in
      try self.store.write(self.description.path + "/state", "\(state)")
    }
  }

  /// Sleeps until the backend's state is one of `first...last`. A backend that has gone altogether
  /// has let go of everything too, but is an error.
  private func awaitBackend(_ first: UInt64, orUpTo last: UInt64) throws(DiskError) {
    // Nobody should have to wait long for an empty drive.
    let limit = description.isCDROM ? min(stepTimeLimit, 1_000_000_000) : stepTimeLimit
    let deadline = hypervisor.now + limit
    while true {
      guard let state = try backendState() else { throw .backendGone(disk: name) }
      if state >= first && state <= last { return }
      guard hypervisor.now < deadline else {
        throw .backendStuck(disk: name, state: state, awaited: first)
      }
      _ = try stored { () throws(XenStoreError) in
        try self.store.waitForChange(tokens: [self.token], until: deadline)
      }
    }
  }

  /// Ends every grant of this disk, with some patience.
  private func endGrants() throws(DiskError) {
    if let engine {
      heldGrants += engine.endAllGrants()
      pastStatistics = engine.statistics
      lastDeath = engine.death
    }
    if let ringPages { heldGrants += ringPages.release(hypervisor, grants) }
    engine = nil
    ringPages = nil
    ring = nil
    let deadline = hypervisor.now + Self.grantPatience
    while !heldGrants.isEmpty {
      let references = heldGrants
      heldGrants = []
      for reference in references {
        do throws(GrantError) {
          try grants.end(reference)
        } catch {
          heldGrants.append(reference)
        }
      }
      guard !heldGrants.isEmpty else { break }
      guard hypervisor.now < deadline else {
        throw .grantsInUse(disk: name, count: heldGrants.count)
      }
      hypervisor.poll(ports: [], until: min(deadline, hypervisor.now + Self.grantPause))
    }
  }

  /// How long to wait for grants to end after the backend has closed, in nanoseconds.
  private static var grantPatience: UInt64 { 1_000_000_000 }
  /// The pause between two looks, in nanoseconds.
  private static var grantPause: UInt64 { 10_000_000 }

  /// Removes our nodes, all or none.
  func removeOwnNodes() throws(DiskError) {
    try stored { () throws(XenStoreError) in
      try self.store.transaction { (transaction) throws(XenStoreError) in
        try self.removeOwnNodes(in: transaction)
      }
    }
  }

  /// Removes every node that a frontend may have left in our directory; those of the toolstack
  /// stay.
  func removeOwnNodes(in transaction: XenStoreTransaction) throws(XenStoreError) {
    let nodes = try store.directory(description.path, in: transaction)
    for node in nodes where Self.isFrontendNode(node) {
      try store.removeIfPresent(description.path + "/" + node, in: transaction)
    }
  }

  private static func isFrontendNode(_ node: ByteString) -> Bool {
    let names: [ByteString] = [
      "event-channel", "protocol", "ring-page-order", "feature-persistent",
      "multi-queue-num-queues", "feature-large-sector-size",
    ]
    return names.contains(node) || node.hasPrefix("ring-ref") || node.hasPrefix("queue-")
  }
}
