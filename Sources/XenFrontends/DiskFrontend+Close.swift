// SPDX-License-Identifier: GPL-2.0-or-later
extension DiskFrontend {
  /// Closes the connection so that the next kernel, or we again, can connect: every grant ended,
  /// the event channel closed, our nodes removed, our state 1 and the backend's InitWait.
  ///
  /// Each wait is bounded. Goes on after an error as far as it can, and throws the first one. With
  /// `framesInUse` the frames must not become part of a new domain; a further `close` tries again.
  public func close() throws(XenbusError) {
    guard bus.needsClosing else {
      status = .closed
      return
    }
    do throws(XenbusError) {
      try leave()
    } catch {
      status = .failed(error)
      throw error
    }
    status = .closed
  }

  /// Makes sure that the backend holds no frame of a plan any more: closes a connection that has
  /// died or still has requests in flight. False if the backend holds frames even then; they must
  /// not be used again.
  public func settle() -> Bool {
    if let engine, engine.death != nil || !engine.isDone {
      do throws(XenbusError) { try close() } catch { return heldGrantCount == 0 }
    }
    return heldGrantCount == 0
  }

  /// Closes from wherever the connection stands.
  func leave() throws(XenbusError) {
    // If the backend does not answer, all we can do is take the ring away from it.
    _ = engine?.drain(until: hypervisor.now + DiskLimit.drainTime)
    defer {
      engine = nil
      ring = nil
    }
    try bus.close {
      guard let engine else { return [] }
      pastStatistics = engine.statistics
      lastDeath = engine.death
      return engine.endAllGrants()
    }
  }
}
