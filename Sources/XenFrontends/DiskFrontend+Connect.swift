// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension DiskFrontend {
  /// How long a CD-ROM drive may delay other disks that are all ready, in nanoseconds.
  private static var driveGrace: UInt64 { 2_000_000_000 }

  /// Connects all of `disks` at the same time, and sleeps until each is ready or has failed, at
  /// most `timeLimit` nanoseconds. The outcome is in each one's `status`. A CD-ROM drive that does
  /// not become ready is skipped.
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
          try XenbusDevice.wait(for: unsettled.map { $0.bus }, until: end)
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

  /// Starts to connect; `advance` goes on.
  public func beginConnect() {
    guard engine == nil, bus.phase == .idle else { return }
    status = .connecting
    attempt { () throws(XenbusError) in try self.bus.beginConnect() }
  }

  /// Takes the next step of the connect if the backend is ready for it; never sleeps for long.
  public func advance() {
    guard status == .connecting else { return }
    attempt { () throws(XenbusError) in
      switch try self.bus.next() {
      case .wait: break
      case .offer: try self.offer()
      case .confirm:
        try self.finishConnect()
        self.status = .connected
      }
    }
  }

  /// Ends a connect that took too long.
  func giveUp() {
    guard status == .connecting else { return }
    attempt { () throws(XenbusError) in throw try self.bus.stuckError() }
  }

  /// Runs a step; if it fails, undoes what was done and keeps the reason.
  private func attempt(_ step: () throws(XenbusError) -> Void) {
    do throws(XenbusError) {
      try step()
    } catch {
      // Report the first error. Anything left over shows in the grant table's count.
      try? leave()
      status = description.isCDROM ? .skipped(reason: error.message) : .failed(error)
    }
  }

  /// Makes the ring and tells the backend where it is.
  private func offer() throws(XenbusError) {
    let pages = try makeRing(pageCount: 1 << Int(try ringPageOrder()))
    ring = BlockRing(pages.memory)
    let port = try bus.openPort()
    try bus.announce(
      XenbusNode.ring(pages.references) + [
        XenbusNode("event-channel", "\(port)"), XenbusNode("protocol", "x86_64-abi"),
      ])
  }

  /// How large the ring should be. Linux's backend prepares 256 segments for every entry, so one
  /// page of large, indirect requests is plenty; other backends need many small ones. Linux may
  /// announce indirect requests only later, but it announces its queues now.
  private func ringPageOrder() throws(XenbusError) -> UInt64 {
    let queueCount = try bus.backendNumber("multi-queue-max-queues", default: 0)
    let segmentCount = try bus.backendNumber("feature-max-indirect-segments", default: 0)
    guard queueCount == 0, segmentCount == 0 else { return 0 }
    return min(try bus.backendNumber("max-ring-page-order", default: 0), DiskLimit.ringPageOrder)
  }

  /// Gets the ring's pages, or one page if there is no memory for more.
  private func makeRing(
    pageCount: Int
  ) throws(XenbusError) -> (memory: SharedMemory, references: [UInt32]) {
    do throws(XenbusError) { return try bus.grantPages(pageCount) } catch {
      guard pageCount > 1 else { throw error }
      return try bus.grantPages(1)
    }
  }

  /// Reads what the backend says about the disk, and declares the connection ready.
  private func finishConnect() throws(XenbusError) {
    guard let ring, let port = bus.port else { preconditionFailure("connected without a ring") }
    let sectorCount = try bus.backendNumber("sectors", default: nil)
    let sectorByteCount = try bus.backendNumber("sector-size", default: 512)
    let info = try bus.backendNumber("info", default: 0)
    let segmentCount = try bus.backendNumber("feature-max-indirect-segments", default: 0)
    // Optical drives have 2048.
    guard sectorByteCount == 512 || sectorByteCount == 2048 || sectorByteCount == 4096 else {
      throw .badNode(device: name, node: "sector-size", value: "\(sectorByteCount)")
    }
    // In units of 512 bytes, whatever the sector size is.
    guard let byteCount = Checked.product(sectorCount, 512), byteCount < 1 << 62 else {
      throw .badNode(device: name, node: "sectors", value: "\(sectorCount)")
    }
    let canFlush = try bus.backendNumber("feature-flush-cache", default: 0) == 1
    isReadOnly = info & 4 != 0
    let geometry = DiskGeometry(
      byteCount: byteCount - byteCount % sectorByteCount,
      sectorByteCount: Int(sectorByteCount),
      indirectSegmentCount: Int(min(segmentCount, UInt64(DiskLimit.indirectSegments))),
      canFlush: canFlush)
    try bus.confirm()
    connectionCount += 1
    lastDeath = nil
    engine = DiskEngine(
      hypervisor: hypervisor, grants: grants, domain: bus.address.backendDomain,
      ports: (disk: port, store: store.port),
      handle: UInt16(truncatingIfNeeded: description.number), connection: connectionCount,
      ring: ring, geometry: geometry)
    engine?.hasBackendLeft = { [bus] in bus.hasBackendLeft() }
  }
}
