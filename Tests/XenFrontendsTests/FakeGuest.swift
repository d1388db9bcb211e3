// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

@testable import XenFrontends

/// A guest with its xenstore client and grant table, and dom0 behind them.
struct FakeGuest {
  let xen: FakeXen
  let daemon: FakeStore
  let store: XenStore<FakeXen>
  let grants: GrantTable<FakeXen>

  init(
    startIndex: UInt32 = 0, grantFrameCountMax: Int = 32
  ) throws {
    xen = FakeXen()
    xen.grantFrameCountMax = grantFrameCountMax
    daemon = FakeStore(xen, startIndex: startIndex)
    store = XenStore(page: daemon.page, port: daemon.port, hypervisor: xen)
    grants = try GrantTable(hypervisor: xen)
  }

  /// The disks that the frontend finds.
  func disks() throws -> [DiskFrontend<FakeXen>] {
    try DiskFrontend.discover(store: store, grants: grants, hypervisor: xen)
  }

  /// The first disk, connected.
  func connectedDisk() throws -> DiskFrontend<FakeXen> {
    let disks = try disks()
    DiskFrontend.connect(disks, timeLimit: 10_000_000_000)
    let disk = try #require(disks.first)
    #expect(disk.status == .connected)
    return disk
  }

  /// The nodes of the disk's directory as the toolstack made them.
  static let toolstackNodes = ["backend", "backend-id", "device-type", "state", "virtual-device"]

  /// Nothing of ours is left anywhere.
  func expectClean(_ backend: FakeDisk, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(xen.complaints == [], sourceLocation: sourceLocation)
    #expect(xen.usedGrantCount == 0, sourceLocation: sourceLocation)
    #expect(grants.activeCount == 0, sourceLocation: sourceLocation)
    #expect(xen.openPorts == [], sourceLocation: sourceLocation)
    #expect(xen.mappedCount == 0, sourceLocation: sourceLocation)
    #expect(xen.allocatedPageCount == 0, sourceLocation: sourceLocation)
    #expect(daemon.watches.isEmpty, sourceLocation: sourceLocation)
    #expect(daemon.openTransactionCount == 0, sourceLocation: sourceLocation)
    let prefix = backend.front + "/"
    let nodes = daemon.nodes.keys.filter { $0.hasPrefix(prefix) }
      .map { String($0.dropFirst(prefix.count)) }.sorted()
    #expect(nodes == Self.toolstackNodes, sourceLocation: sourceLocation)
    #expect(daemon.value(backend.front + "/state") == "1", sourceLocation: sourceLocation)
    #expect(backend.state == "2", sourceLocation: sourceLocation)
  }
}
