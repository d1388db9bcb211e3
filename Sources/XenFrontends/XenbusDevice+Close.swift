// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension XenbusDevice {
  /// Whether `close` would do anything.
  public var needsClosing: Bool {
    phase != .idle || isAnnounced || isWatching || !ports.isEmpty || !shares.isEmpty
      || !stuckShares.isEmpty || !heldGrants.isEmpty
  }

  /// Closes the connection, or gives up a connect that is under way, so that the next kernel can
  /// connect, or we again: every grant ended, the event channels closed, our nodes removed, our
  /// state Initialising and the backend's InitWait.
  ///
  /// Each wait ends after `stepTimeLimit`, and all of them at `deadline` in system time. After an
  /// error it continues as far as it can, and throws the first one. After `framesInUse` the frames
  /// must not become part of a new domain; another `close` tries again.
  ///
  /// - Parameter release: called after the handshake. Ends the frontend's own grants, and returns
  ///   those that the backend still holds; they count in `heldGrantCount` and are ended later.
  public func close(
    until deadline: UInt64 = .max, release: () -> [UInt32] = { [] }
  ) throws(XenbusError) {
    guard needsClosing else { return }
    var firstError: XenbusError?
    func note(_ step: () throws(XenbusError) -> Void) {
      do throws(XenbusError) { try step() } catch {
        if firstError == nil { firstError = error }
      }
    }
    if isAnnounced {
      note { () throws(XenbusError) in try self.shakeHands(until: deadline) }
    }
    let hasClosed = firstError == nil
    heldGrants += release()
    note { () throws(XenbusError) in
      try self.takeBack(hasClosed: hasClosed, until: deadline)
    }
    for port in ports { hypervisor.close(port: port) }
    ports = []
    if isAnnounced {
      note { () throws(XenbusError) in try self.removeOwnNodes() }
      note { () throws(XenbusError) in
        try self.setState(XenbusState.initialising)
        try self.awaitBackend(
          XenbusState.initWait, orUpTo: XenbusState.connected, until: deadline)
      }
    } else if phase == .endingEarlier || phase == .endedEarlier {
      note { () throws(XenbusError) in try self.setState(XenbusState.initialising) }
    }
    if isWatching {
      note { () throws(XenbusError) in
        try self.stored { () throws(XenStoreError) in
          try self.store.unwatch(token: self.token)
        }
      }
    }
    isWatching = false
    // The next close asks a backend again that did not close.
    isAnnounced = isLost
    phase = .idle
    if let firstError { throw firstError }
  }

  /// Closing, then Closed: after that nothing maps our pages.
  private func shakeHands(until deadline: UInt64) throws(XenbusError) {
    try setState(XenbusState.closing)
    try awaitBackend(XenbusState.closing, orUpTo: XenbusState.closed, until: deadline)
    try setState(XenbusState.closed)
    try awaitBackend(XenbusState.closed, orUpTo: XenbusState.closed, until: deadline)
  }

  /// Sleeps until the backend's state is in `first...last`. A backend that has gone altogether has
  /// let go of everything too, but that is an error.
  private func awaitBackend(
    _ first: UInt64, orUpTo last: UInt64, until deadline: UInt64
  ) throws(XenbusError) {
    let end = min(deadline, hypervisor.now + stepTimeLimit)
    while true {
      guard let state = try backendState() else { throw .backendGone(device: name) }
      if state >= first && state <= last { return }
      guard hypervisor.now < end else {
        throw .backendStuck(device: name, state: state, awaited: first)
      }
      _ = try stored { () throws(XenStoreError) in
        try self.store.waitForChange(tokens: [self.token], until: end)
      }
    }
  }
}
