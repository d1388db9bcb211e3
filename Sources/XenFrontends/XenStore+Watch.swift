// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

extension XenStore {
  /// Watches the node at `path` and all below it. The first event comes at once. `token` must be
  /// unique among the watches.
  public func watch(_ path: ByteString, token: ByteString) throws(XenStoreError) {
    precondition(!watches.contains { $0.token == token }, "a watch token is used twice")
    // Recorded before the answer, because the first event may come before it.
    watches.append(XenStoreWatch(path: path, token: token))
    do throws(XenStoreError) {
      _ = try request(.watch, path, terminated(path) + terminated(token), in: .none)
    } catch {
      forget(token)
      throw error
    }
  }

  /// Removes the watch with `token`; does nothing if there is none.
  public func unwatch(token: ByteString) throws(XenStoreError) {
    guard let watch = watches.first(where: { $0.token == token }) else { return }
    forget(token)
    do throws(XenStoreError) {
      _ = try request(
        .unwatch, watch.path, terminated(watch.path) + terminated(token), in: .none)
    } catch {
      if !error.isNotFound { throw error }
    }
  }

  /// Removes all of our watches.
  public func unwatchAll() throws(XenStoreError) {
    while let watch = watches.last { try unwatch(token: watch.token) }
  }

  /// Whether there was an event for one of `tokens` since the last call; never sleeps.
  public func hasChange(tokens: [ByteString]) throws(XenStoreError) -> Bool {
    try flush()
    _ = try receive(awaiting: [])
    return takeEvents(tokens)
  }

  /// Sleeps until a watch with one of `tokens` has an event, at most until `deadline` in system
  /// time; false when the time is over. May return true without a change: look at the nodes.
  public func waitForChange(
    tokens: [ByteString], until deadline: UInt64
  ) throws(XenStoreError) -> Bool {
    while true {
      hypervisor.clearPending(port: port)
      if try hasChange(tokens: tokens) { return true }
      guard hypervisor.now < deadline else { return false }
      hypervisor.poll(ports: [port], until: deadline)
    }
  }

  /// For a caller that sleeps on several ports: false if there is an event for one of `tokens`
  /// already; else `port` can be polled next, with no request in between.
  public func prepareToSleep(tokens: [ByteString]) throws(XenStoreError) -> Bool {
    hypervisor.clearPending(port: port)
    try flush()
    _ = try receive(awaiting: [])
    return !hasLostEvents && !events.contains { tokens.contains($0.token) }
  }

  private func takeEvents(_ tokens: [ByteString]) -> Bool {
    let countBefore = events.count
    events.removeAll { tokens.contains($0.token) }
    let found = events.count < countBefore || hasLostEvents
    hasLostEvents = false
    return found
  }

  private func forget(_ token: ByteString) {
    watches.removeAll { $0.token == token }
    events.removeAll { $0.token == token }
  }
}
