// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskCloseTests {
  private func connected(
    _ features: FakeDisk.Features = .blkback
  ) throws -> (FakeGuest, FakeDisk, DiskFrontend<FakeXen>) {
    let guest = try FakeGuest()
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 20), features: features)
    return (guest, backend, try guest.connectedDisk())
  }

  private func expectReconnects(
    _ guest: FakeGuest, _ backend: FakeDisk, _ disk: DiskFrontend<FakeXen>
  ) throws {
    DiskFrontend.connect([disk], timeLimit: 10_000_000_000)
    #expect(disk.status == .connected)
    #expect(try disk.read(at: 4096, count: 512) == Array(backend.data[4096..<4608]))
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func closeOfAnUnconnectedDiskDoesNothing() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: [])
    let disk = try #require(try guest.disks().first)
    try disk.close()
    #expect(disk.status == .closed)
    guest.expectClean(backend)
  }

  @Test func closeEndsAConnectThatIsUnderWay() throws {
    for backendState in ["1", "2"] {
      let guest = try FakeGuest()
      let backend = FakeDisk(guest.daemon, data: [])
      backend.setState(backendState)
      let disk = try #require(try guest.disks().first)
      disk.beginConnect()
      disk.advance()
      #expect(disk.status == .connecting)
      try disk.close()
      #expect(disk.status == .closed)
      backend.setState("2")
      guest.expectClean(backend)
    }
  }

  @Test func closeWaitsForWhatIsInFlight() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.requestsATurn = 1
    let frame = guest.xen.makeTarget(count: 256)
    try disk.submit(plan(frame, 1 << 20))
    try disk.pump()
    #expect(!disk.isDone)
    try disk.close()
    // The rest was never sent.
    #expect(backend.requestCount == 24)
    guest.expectClean(backend)
    try expectReconnects(guest, backend, disk)
  }

  @Test func statesGoDownInOrder() throws {
    let (guest, backend, disk) = try connected()
    let recorder = StateRecorder(backend)
    guest.daemon.listen(recorder)
    try disk.close()
    #expect(recorder.seen == ["4/4", "5/5", "6/6", "1/2"])
    guest.expectClean(backend)
  }

  @Test func heldGrantIsAnErrorUntilTheBackendLetsGo() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.holdsGrants = true
    let frame = guest.xen.makeTarget(count: 20)
    try disk.execute(plan(frame, 20 * 4096))
    #expect(guest.xen.bytes(frame: frame, count: 20 * 4096) == Array(backend.data[..<(20 * 4096)]))
    #expect(throws: XenbusError.framesInUse(device: "xvda", count: 20)) { try disk.close() }
    #expect(disk.status == .failed(.framesInUse(device: "xvda", count: 20)))
    #expect(guest.grants.activeCount == 20)
    #expect(disk.heldGrantCount == 20)
    #expect(disk.statistics.byteCount == 20 * 4096)
    // Everything else is clean: the event channel, the nodes, the states.
    #expect(guest.xen.openPorts == [])
    #expect(backend.state == "2")
    #expect(throws: XenbusError.framesInUse(device: "xvda", count: 20)) { try disk.close() }
    backend.letGo()
    try disk.close()
    #expect(disk.status == .closed)
    guest.expectClean(backend)
    backend.lies.holdsGrants = false
    try expectReconnects(guest, backend, disk)
  }

  @Test func grantThatIsReleasedALittleLateIsNoError() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.holdsGrants = true
    let frame = guest.xen.makeTarget(count: 4)
    try disk.execute(plan(frame, 4 * 4096))
    guest.xen.after(200_000_000) { backend.letGo() }
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func backendThatNeverClosesIsAnErrorInBoundedTime() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.neverCloses = true
    let start = guest.xen.now
    #expect(throws: XenbusError.backendStuck(device: "xvda", state: 4, awaited: 5)) {
      try disk.close()
    }
    #expect(guest.xen.now - start < 20_000_000_000)
    // The ring is still mapped, so its grants and pages stay.
    #expect(guest.grants.activeCount == 1)
    #expect(guest.xen.complaints == [])
    #expect(guest.xen.openPorts == [])
    #expect(backend.connectCount == 1)
  }

  @Test func backendThatDoesNotComeBackIsAnError() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.neverReturns = true
    #expect(throws: XenbusError.backendStuck(device: "xvda", state: 6, awaited: 2)) {
      try disk.close()
    }
    #expect(guest.grants.activeCount == 0)
    #expect(guest.xen.openPorts == [])
    backend.setState("2")
    guest.expectClean(backend)
    backend.lies.neverReturns = false
    try expectReconnects(guest, backend, disk)
  }

  @Test func backendThatVanishedIsAnErrorAndNothingIsLeft() throws {
    let (guest, backend, disk) = try connected()
    for reference in 8..<64 as Range<UInt32> { guest.xen.unmap(reference) }
    guest.daemon.removeTree(backend.back)
    #expect(throws: XenbusError.backendGone(device: "xvda")) { try disk.close() }
    #expect(guest.grants.activeCount == 0)
    #expect(guest.xen.openPorts == [])
    #expect(guest.daemon.watches.isEmpty)
    #expect(guest.daemon.value(backend.front + "/ring-ref") == nil)
    #expect(guest.daemon.value(backend.front + "/state") == "1")
  }

  @Test func silentBackendCanBeClosed() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.isMute = true
    let frame = guest.xen.makeTarget(count: 64)
    try disk.submit(plan(frame, 64 * 4096))
    try disk.pump()
    try disk.close()
    guest.expectClean(backend)
    backend.lies.isMute = false
    try expectReconnects(guest, backend, disk)
  }

  @Test func settlingADeadConnectionTakesEveryFrameBack() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.isMute = true
    let frame = guest.xen.makeTarget(count: 64)
    #expect(throws: BlockError.self) { try disk.execute(plan(frame, 64 * 4096)) }
    #expect(guest.grants.activeCount > 0)
    #expect(disk.settle())
    guest.expectClean(backend)
    backend.lies.isMute = false
    try expectReconnects(guest, backend, disk)
  }

  @Test func settlingSaysWhenTheBackendKeepsFrames() throws {
    let (guest, backend, disk) = try connected()
    #expect(disk.settle())
    #expect(disk.status == .connected)
    backend.lies.holdsGrants = true
    let frame = guest.xen.makeTarget(count: 20)
    try disk.execute(plan(frame, 20 * 4096))
    #expect(!disk.settle())
    backend.letGo()
  }

  private func plan(_ frame: UInt64, _ byteCount: UInt64) -> ReadPlan {
    ReadPlan(pieces: [
      ReadPlan.Piece(
        deviceByteOffset: 0, place: .init(frame: frame, byteOffset: 0), byteCount: byteCount)
    ])
  }
}

/// Records the states of both ends.
private final class StateRecorder: FakePeer {
  private let backend: FakeDisk
  private(set) var seen: [String] = []

  init(_ backend: FakeDisk) {
    self.backend = backend
    work()
  }

  func work() {
    let front = backend.store.value(backend.front + "/state") ?? ""
    let now = "\(front)/\(backend.state)"
    if seen.last != now { seen.append(now) }
  }
}
