// SPDX-License-Identifier: GPL-2.0-or-later
/// Pages of ours that a backend may use for as long as it is connected.
struct XenbusShare {
  let pages: SharedPages
  /// One for each page, or none.
  var references: [UInt32]
  /// Whether the backend maps them by their numbers, so that only its own state says when it has
  /// let go.
  let isKnownByNumber: Bool
}

extension XenbusDevice {
  /// Allocates `count` zeroed pages, at consecutive addresses, and grants each to the backend. They
  /// belong to the connection, and `close` takes them back. Call it after `offer`.
  public func grantPages(
    _ count: Int
  ) throws(XenbusError) -> (memory: SharedMemory, references: [UInt32]) {
    let pages = try allocate(count)
    let references = try grant(pages)
    shares.append(XenbusShare(pages: pages, references: references, isKnownByNumber: false))
    return (SharedMemory(pages.address, byteCount: count * 4096), references)
  }

  /// Allocates `count` zeroed pages that the backend maps by their numbers, as those of framebuffer
  /// and keyboard do. With `isGranted` they are granted too, for backends that prefer that. `close`
  /// takes them back only if the backend says that it has closed.
  public func sharePages(
    _ count: Int, isGranted: Bool = false
  ) throws(XenbusError) -> (memory: SharedMemory, frames: [UInt64], references: [UInt32]) {
    let pages = try allocate(count)
    let references = isGranted ? try grant(pages) : []
    shares.append(XenbusShare(pages: pages, references: references, isKnownByNumber: true))
    return (
      SharedMemory(pages.address, byteCount: count * 4096),
      pages.frames.map { hypervisor.grantableFrame($0) }, references
    )
  }

  /// Opens an event channel for the backend to bind. `close` closes it. Call it after `offer`.
  public func openPort() throws(XenbusError) -> UInt32 {
    do throws(HypervisorError) {
      let port = try hypervisor.allocateUnboundPort(remoteDomain: address.backendDomain)
      ports.append(port)
      return port
    } catch { throw .resources(device: name, reason: error.message) }
  }

  /// How many frames of closed connections the backend still holds.
  public var heldGrantCount: Int {
    stuckShares.reduce(heldGrants.count) { $0 + $1.references.count }
  }

  /// Whether pages that the backend knows by their numbers could not be taken back: it did not
  /// close, so it may write to them at any time. Such a device can't be connected before another
  /// `close` has succeeded.
  public var isLost: Bool { stuckShares.contains { $0.isKnownByNumber } }

  /// Pages that were not given back.
  var stuckFrameCount: Int { stuckShares.reduce(0) { $0 + $1.pages.frames.count } }

  /// Ends the grants of all pages, for up to a second, and frees the pages. Pages known by number
  /// are kept unless the backend has closed.
  func takeBack(hasClosed: Bool, until deadline: UInt64) throws(XenbusError) {
    stuckShares += shares
    shares = []
    let end = min(deadline, hypervisor.now + XenbusLimit.grantTime)
    while true {
      heldGrants = stillHeld(heldGrants)
      var stuck: [XenbusShare] = []
      for var share in stuckShares {
        share.references = stillHeld(share.references)
        if share.references.isEmpty, hasClosed || !share.isKnownByNumber {
          hypervisor.release(share.pages)
        } else {
          stuck.append(share)
        }
      }
      stuckShares = stuck
      guard heldGrantCount > 0 else { return }
      guard hypervisor.now < end else {
        throw .framesInUse(device: name, count: heldGrantCount)
      }
      hypervisor.poll(ports: [], until: min(end, hypervisor.now + XenbusLimit.grantPause))
    }
  }

  /// Ends grants; returns those that the backend still holds.
  private func stillHeld(_ references: [UInt32]) -> [UInt32] {
    references.filter { reference in
      do throws(GrantError) { try grants.end(reference) } catch { return true }
      return false
    }
  }

  private func allocate(_ count: Int) throws(XenbusError) -> SharedPages {
    do throws(HypervisorError) { return try hypervisor.allocateSharedPages(count: count) } catch {
      throw .resources(device: name, reason: error.message)
    }
  }

  /// Grants each page, or frees them all.
  private func grant(_ pages: SharedPages) throws(XenbusError) -> [UInt32] {
    do throws(GrantError) {
      return try grants.grantAll(pages.frames, to: address.backendDomain)
    } catch {
      hypervisor.release(pages)
      throw .resources(device: name, reason: error.message)
    }
  }
}
