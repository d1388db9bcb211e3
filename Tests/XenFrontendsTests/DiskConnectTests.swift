// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskConnectTests {
  private let home = FakeStore.home

  @Test func ringIsAsLargeAsTheBackendAllows() throws {
    for (order, entryCount) in [(0, 32), (1, 64), (3, 256), (4, 512), (7, 512)] {
      let guest = try FakeGuest()
      let backend = FakeDisk(
        guest.daemon, data: [UInt8](repeating: 0, count: 4096),
        features: .init(ringPageOrder: order, indirectSegments: nil))
      let disk = try guest.connectedDisk()
      #expect(disk.ringEntryCount == entryCount)
      #expect(backend.ringPageCount == 1 << min(order, 4))
      try disk.close()
      guest.expectClean(backend)
    }
  }

  @Test func ringHasOnePageWhenMemoryIsShort() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 16), features: .qdisk)
    guest.xen.pagesLeft = 10
    let disk = try guest.connectedDisk()
    #expect(disk.ringEntryCount == 32)
    // The blocking read makes do with fewer pages too.
    #expect(try disk.read(at: 0, count: 1 << 16) == backend.data)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func ringOfABackendWithIndirectRequestsHasOnePage() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 4096))
    let disk = try guest.connectedDisk()
    #expect(backend.ringPageCount == 1)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func severalDisksConnectAtTheSameTime() throws {
    let guest = try FakeGuest()
    let backends = [51712, 51728, 51744].map {
      FakeDisk(guest.daemon, number: $0, data: FakeDisk.pattern(byteCount: 8192))
    }
    // Each backend's hotplug script takes two seconds.
    for backend in backends {
      backend.setState("1")
      guest.xen.after(2_000_000_000) { backend.setState("2") }
    }
    let start = guest.xen.now
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 10_000_000_000)
    #expect(disks.allSatisfy { $0.status == .connected })
    #expect(guest.xen.now - start < 2_100_000_000)
    for disk in disks { try disk.close() }
    for backend in backends { guest.expectClean(backend) }
  }

  @Test func emptyDriveIsSkippedWithAReason() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 8192))
    let drive = FakeDisk(
      guest.daemon, number: 51760, data: [], features: .qdisk, type: "cdrom")
    drive.lies.neverConnects = true
    let start = guest.xen.now
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 60_000_000_000)
    #expect(disks[0].status == .connected)
    #expect(
      disks[1].status
        == .skipped(reason: "xvdd: the backend stays in state 2 and does not reach 4"))
    #expect(guest.xen.now - start < 5_000_000_000)
    #expect(try disks[0].read(at: 0, count: 512) == Array(backend.data[..<512]))
    try disks[0].close()
    guest.expectClean(drive)
    guest.expectClean(backend)
  }

  @Test func driveThatNeverReachesInitWaitIsSkipped() throws {
    let guest = try FakeGuest()
    let drive = FakeDisk(guest.daemon, data: [], type: "cdrom")
    drive.setState("1")
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 60_000_000_000)
    #expect(
      disks[0].status
        == .skipped(reason: "xvda: the backend stays in state 1 and does not reach 2"))
    drive.setState("2")
    guest.expectClean(drive)
  }

  @Test func driveWithAMediumIsConnected() throws {
    let guest = try FakeGuest()
    let drive = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 4096), type: "cdrom")
    drive.nodeOverrides["info"] = "5"
    let disk = try guest.connectedDisk()
    #expect(disk.isReadOnly)
    try disk.close()
    guest.expectClean(drive)
  }

  @Test func diskThatNeverConnectsIsAnError() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [])
    backend.lies.neverConnects = true
    let disks = try guest.disks()
    let start = guest.xen.now
    DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
    #expect(disks[0].status == .failed(.backendStuck(device: "xvda", state: 2, awaited: 4)))
    #expect(guest.xen.now - start < 25_000_000_000)
    guest.expectClean(backend)
  }

  @Test func backendThatRefusesIsAnErrorWithItsReason() throws {
    for state in ["5", "6"] {
      let guest = try FakeGuest()
      let backend = FakeDisk(guest.daemon, data: [])
      backend.lies.refusal = state
      let disks = try guest.disks()
      DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
      let expected = XenbusError.backendClosed(
        device: "xvda", state: state == "5" ? 5 : 6, reason: "2 cannot")
      #expect(disks[0].status == .failed(expected))
      guest.expectClean(backend)
    }
  }

  @Test func backendThatVanishesIsAnError() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [])
    backend.setState("1")
    guest.xen.after(100_000) { guest.daemon.removeTree(backend.back) }
    let disks = try guest.disks()
    let start = guest.xen.now
    DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
    #expect(disks[0].status == .failed(.backendGone(device: "xvda")))
    #expect(guest.xen.now - start < 1_000_000_000)
    #expect(guest.daemon.watches.isEmpty)
  }

  @Test(arguments: [
    ("sectors", "many"), ("sectors", "99999999999999999999"), ("sectors", "9223372036854775807"),
    ("sectors", ""), ("sector-size", "0"), ("sector-size", "513"), ("sector-size", "8192"),
    ("info", "-1"), ("feature-max-indirect-segments", "0x10"),
  ])
  func nodeThatMakesNoSenseIsAnError(_ node: String, _ value: String) throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [UInt8](repeating: 0, count: 4096))
    backend.nodeOverrides[node] = value
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
    #expect(
      disks[0].status
        == .failed(.badNode(device: "xvda", node: ByteString(node), value: ByteString(value))))
    guest.expectClean(backend)
  }

  @Test func noEventChannelIsAnError() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [])
    guest.xen.refusesPorts = true
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
    #expect(
      disks[0].status
        == .failed(.resources(device: "xvda", reason: "Xen refused alloc_unbound (error 28)")))
    guest.expectClean(backend)
  }

  @Test func noMemoryForTheRingIsAnError() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [])
    guest.xen.pagesLeft = 0
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
    #expect(disks[0].status == .failed(.resources(device: "xvda", reason: "no memory for 1 pages")))
    guest.expectClean(backend)
  }

  @Test func deadXenstoreIsAnError() throws {
    let guest = try FakeGuest()
    _ = FakeDisk(guest.daemon, data: [])
    let disks = try guest.disks()
    guest.daemon.isDead = true
    DiskFrontend.connect(disks, timeLimit: 7_000_000_000)
    guard case .failed(.store(device: "xvda", .timedOut)) = disks[0].status else {
      Issue.record("\(disks[0].status)")
      return
    }
  }

  @Test func nodesOfAnEarlierLoaderAreRemoved() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 4096), features: .plain)
    for node in [
      "ring-page-order", "ring-ref0", "ring-ref1", "multi-queue-num-queues", "queue-0/ring-ref",
      "feature-persistent", "feature-large-sector-size",
    ] {
      guest.daemon.set("\(backend.front)/\(node)", "1")
    }
    let disk = try guest.connectedDisk()
    #expect(backend.ringPageCount == 1)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test(arguments: ["4", "5", "6"])
  func connectsAfterALoaderThatDidNotClose(_ state: String) throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 4096))
    backend.setState(state)
    guest.daemon.set("\(backend.front)/state", state)
    guest.daemon.set("\(backend.front)/ring-ref", "9")
    let disk = try guest.connectedDisk()
    #expect(try disk.read(at: 0, count: 4096) == backend.data)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func disksThatWereLeftOpenAreClosedAtTheSameTime() throws {
    let guest = try FakeGuest()
    let backends = [51712, 51728, 51744].map {
      FakeDisk(guest.daemon, number: $0, data: FakeDisk.pattern(byteCount: 4096))
    }
    for backend in backends {
      backend.setState("4")
      guest.daemon.set("\(backend.front)/state", "4")
      // Each takes two seconds to close.
      backend.lies.neverCloses = true
      guest.xen.after(2_000_000_000) {
        backend.lies.neverCloses = false
        guest.xen.notify(backend)
      }
    }
    let start = guest.xen.now
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 10_000_000_000)
    #expect(disks.allSatisfy { $0.status == .connected })
    #expect(guest.xen.now - start < 2_100_000_000)
    for disk in disks { try disk.close() }
    for backend in backends { guest.expectClean(backend) }
  }

  @Test func diskThatWasLeftOpenAndNeverClosesIsAnErrorInBoundedTime() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [])
    backend.setState("4")
    guest.daemon.set("\(backend.front)/state", "4")
    backend.lies.neverCloses = true
    let start = guest.xen.now
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 60_000_000_000)
    #expect(disks[0].status == .failed(.backendStuck(device: "xvda", state: 4, awaited: 5)))
    #expect(guest.xen.now - start < 6_000_000_000)
    #expect(guest.daemon.value("\(backend.front)/state") == "1")
    #expect(guest.daemon.watches.isEmpty && guest.xen.openPorts == [])
  }

  @Test func worksWhileXenstoreCrawls() throws {
    let guest = try FakeGuest(startIndex: UInt32.max - 100)
    guest.daemon.chunkByteCount = 1
    guest.daemon.sendsStaleEvents = true
    guest.daemon.conflictCount = 2
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 4096))
    let disk = try guest.connectedDisk()
    #expect(try disk.read(at: 100, count: 99) == Array(backend.data[100..<199]))
    try disk.close()
    guest.expectClean(backend)
  }
}
