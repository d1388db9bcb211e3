// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

import XenFrontends

/// A guest with its xenstore client and grant table, and dom0 behind them.
public struct FakeGuest {
  /// The hypervisor.
  public let xen: FakeXen
  /// Xenstored.
  public let daemon: FakeStore
  /// The guest's client of it.
  public let store: XenStore<FakeXen>
  /// The guest's grant table.
  public let grants: GrantTable<FakeXen>

  /// A new guest with nothing but its rings. `startIndex` is where xenstore's indexes begin.
  public init(
    startIndex: UInt32 = 0, grantFrameCountMax: Int = 32
  ) throws {
    xen = FakeXen()
    xen.grantFrameCountMax = grantFrameCountMax
    daemon = FakeStore(xen, startIndex: startIndex)
    store = XenStore(page: daemon.page, port: daemon.port, hypervisor: xen)
    grants = try GrantTable(hypervisor: xen)
  }

  /// The disks that the frontend finds.
  package func disks() throws -> [DiskFrontend<FakeXen>] {
    try DiskFrontend.discover(store: store, grants: grants, hypervisor: xen)
  }

  /// The first disk, connected.
  package func connectedDisk() throws -> DiskFrontend<FakeXen> {
    let disks = try disks()
    DiskFrontend.connect(disks, timeLimit: 10_000_000_000)
    guard let disk = disks.first, disk.status == .connected else {
      throw NotConnected(status: disks.first.map { "\($0.status)" } ?? "no disk")
    }
    return disk
  }

  /// A disk that a test needs did not connect.
  package struct NotConnected: Error {
    package let status: String
  }

  /// The nodes of the disk's directory as the toolstack made them.
  package static let toolstackNodes = [
    "backend", "backend-id", "device-type", "state", "virtual-device",
  ]

  /// What is left in Xen and xenstore of anything that a guest did, and what the fakes complained
  /// about; empty if all is as the toolstack made it.
  public var leftovers: [String] {
    var result = xen.complaints
    func note(_ count: Int, _ what: String) {
      if count != 0 { result.append("\(count) \(what)") }
    }
    note(xen.usedGrantCount, "entries of the grant table in use")
    note(grants.activeCount, "grants that the guest has not ended")
    note(xen.openPorts.count, "open ports")
    note(xen.mappedCount, "grants that dom0 has mapped")
    note(xen.allocatedPageCount, "pages not given back")
    note(daemon.watches.count, "watches")
    note(daemon.openTransactionCount, "open transactions")
    return result
  }

  /// The same, and what is not as the toolstack made it in the directories of one disk.
  package func leftovers(_ backend: FakeDisk) -> [String] {
    var result = leftovers
    let prefix = backend.front + "/"
    let nodes = daemon.nodes.keys.filter { $0.hasPrefix(prefix) }
      .map { String($0.dropFirst(prefix.count)) }.sorted()
    if nodes != Self.toolstackNodes { result.append("nodes of the frontend: \(nodes)") }
    let state = daemon.value(backend.front + "/state") ?? "none"
    if state != "1" { result.append("the frontend's state is \(state)") }
    if backend.state != "2" { result.append("the backend's state is \(backend.state)") }
    return result
  }
}
