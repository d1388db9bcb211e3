// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskLiarTests {
  private func connected(
    _ features: FakeDisk.Features = .blkback
  ) throws -> (FakeGuest, FakeDisk, DiskFrontend<FakeXen>) {
    let guest = try FakeGuest()
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 20), features: features)
    return (guest, backend, try guest.connectedDisk())
  }

  private func plan(_ frame: UInt64, _ byteCount: UInt64 = 1 << 20) -> ReadPlan {
    ReadPlan(pieces: [
      ReadPlan.Piece(
        deviceByteOffset: 0, place: .init(frame: frame, byteOffset: 0), byteCount: byteCount)
    ])
  }

  /// The disk is dead, reports it every time, and can be closed and connected again.
  private func expectDead(
    _ guest: FakeGuest, _ backend: FakeDisk, _ disk: DiskFrontend<FakeXen>, _ error: BlockError
  ) throws {
    #expect(throws: error) { try disk.pump() }
    #expect(throws: error) { try disk.read(at: 0, count: 1) }
    backend.lies = FakeDisk.Lies()
    try disk.close()
    guest.expectClean(backend)
    DiskFrontend.connect([disk], timeLimit: 10_000_000_000)
    #expect(try disk.read(at: 512, count: 512) == Array(backend.data[512..<1024]))
    try disk.close()
    guest.expectClean(backend)
  }

  /// Another slot; a slot that does not exist; the right slot, but an earlier or later request.
  @Test(arguments: [9, 0xffff, UInt64.max - 0xffff, 0x1_0000, 1 << 40] as [UInt64])
  func answerToNoRequestKillsTheDisk(_ change: UInt64) throws {
    let (guest, backend, disk) = try connected()
    backend.lies.idChange = change
    let error = BlockError.protocolViolation("an answer to request \(hex: 0x1_0000 &+ change)")
    #expect(throws: error) { try disk.read(at: 0, count: 512) }
    try expectDead(guest, backend, disk, error)
  }

  @Test func secondAnswerToARequestKillsTheDisk() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.answersTwice = true
    backend.requestsATurn = 1
    let frame = guest.xen.makeTarget(count: 256)
    let error = BlockError.protocolViolation("request 0x10000 is answered twice")
    #expect(throws: error) { try disk.execute(plan(frame)) }
    try expectDead(guest, backend, disk, error)
  }

  @Test(arguments: [1, 31, 32, 33, 0x8000_0000, UInt32.max] as [UInt32])
  func responseIndexThatJumpsKillsTheDisk(_ jump: UInt32) throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.producerJump = jump
    let error = BlockError.protocolViolation("\(1 &+ jump) answers to 1 requests")
    if jump == UInt32.max {
      // The index did not move: no answer at all.
      #expect(throws: BlockError.timedOut(sector: 0)) { try disk.read(at: 0, count: 512) }
      return
    }
    #expect(throws: error) { try disk.read(at: 0, count: 512) }
    try expectDead(guest, backend, disk, error)
  }

  @Test func silenceIsATimeOut() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.isMute = true
    let start = guest.xen.now
    #expect(throws: BlockError.timedOut(sector: 3)) { try disk.read(at: 1536, count: 512) }
    #expect(guest.xen.now - start > DiskLimit.silence)
    #expect(guest.xen.now - start < DiskLimit.silence + 1_000_000_000)
    try expectDead(guest, backend, disk, .timedOut(sector: 3))
  }

  @Test func slowBackendThatGoesOnIsNoTimeOut() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.isMute = true
    let frame = guest.xen.makeTarget(count: 256)
    try disk.submit(plan(frame))
    try disk.pump()
    for step in 1...5 {
      guest.xen.after(20_000_000_000 * UInt64(step)) {
        backend.lies.isMute = false
        backend.requestsATurn = 1
        backend.work()
        backend.lies.isMute = true
        if step == 5 {
          backend.lies.isMute = false
          backend.requestsATurn = .max
          guest.xen.notify(backend)
        }
      }
    }
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 25_000_000_000)
    }
    #expect(guest.xen.bytes(frame: frame, count: 1 << 20) == backend.data)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func passingErrorIsRepeatedUnseen() throws {
    for features in [FakeDisk.Features.blkback, .plain] {
      let (guest, backend, disk) = try connected(features)
      backend.lies.badSectors = 100..<101
      backend.lies.failureCount = 2
      let frame = guest.xen.makeTarget(count: 256)
      try disk.execute(plan(frame))
      #expect(guest.xen.bytes(frame: frame, count: 1 << 20) == backend.data)
      #expect(disk.statistics.failureCount == 2)
      #expect(disk.completedByteCount == 1 << 20)
      backend.lies.badSectors = 100..<101
      backend.lies.failureCount = 1
      #expect(try disk.read(at: 100 * 512, count: 512) == Array(backend.data[51200..<51712]))
      try disk.close()
      guest.expectClean(backend)
    }
  }

  @Test func lastingErrorNamesTheSectorOfItsPage() throws {
    for features in [FakeDisk.Features.blkback, .plain] {
      let (guest, backend, disk) = try connected(features)
      backend.lies.badSectors = 805..<806
      let frame = guest.xen.makeTarget(count: 256)
      #expect(throws: BlockError.readFailed(sector: 800)) { try disk.execute(plan(frame)) }
      #expect(disk.isDone)
      // The rest of the disk can be read.
      #expect(try disk.read(at: 0, count: 4096) == Array(backend.data[..<4096]))
      #expect(throws: BlockError.readFailed(sector: 805)) {
        try disk.read(at: 805 * 512, count: 512)
      }
      try disk.execute(plan(frame, 4096))
      #expect(guest.xen.bytes(frame: frame, count: 4096) == Array(backend.data[..<4096]))
      try disk.close()
      guest.expectClean(backend)
    }
  }

  @Test func diskOfBadSectorsFailsInBoundedTime() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.badSectors = 0..<UInt64.max
    let frame = guest.xen.makeTarget(count: 256)
    #expect(throws: BlockError.self) { try disk.execute(plan(frame)) }
    #expect(backend.requestCount < 1100)
    #expect(throws: BlockError.self) { try disk.read(at: 0, count: 200_000) }
    #expect(backend.requestCount < 1500)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func metadataErrorDoesNotHurtThePlan() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.badSectors = 2000..<2001
    backend.requestsATurn = 2
    let frame = guest.xen.makeTarget(count: 128)
    try disk.submit(plan(frame, 128 * 4096))
    #expect(throws: BlockError.readFailed(sector: 2000)) {
      try disk.read(at: 2000 * 512, count: 1)
    }
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(guest.xen.bytes(frame: frame, count: 128 * 4096) == Array(backend.data[..<524_288]))
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func planErrorIsToldByItsTicketAndNotByARead() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.badSectors = 16..<17
    let frame = guest.xen.makeTarget(count: 128)
    let ticket = try disk.submit(plan(frame, 128 * 4096))
    #expect(try disk.read(at: 900_000, count: 9000) == Array(backend.data[900_000..<909_000]))
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(disk.state(of: ticket) == .failed(.readFailed(sector: 16)))
    try disk.pump()
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func cancelledPlanLeavesNothingInFlight() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.requestsATurn = 1
    let frame = guest.xen.makeTarget(count: 256)
    let ticket = try disk.submit(plan(frame))
    try disk.pump()
    disk.cancel(ticket)
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(guest.xen.usedGrantCount == 1)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test(arguments: ["1", "5", "6"])
  func backendThatLeavesTheConnectionEndsTheReadAtOnce(_ state: String) throws {
    let (guest, backend, disk) = try connected()
    backend.lies.isMute = true
    guest.xen.after(1_000_000) { backend.setState(state) }
    let start = guest.xen.now
    #expect(throws: BlockError.disconnected) { try disk.read(at: 0, count: 512) }
    #expect(guest.xen.now - start < 1_000_000_000)
  }

  @Test func backendThatVanishesEndsThePlanAtOnce() throws {
    let (guest, backend, disk) = try connected()
    backend.lies.isMute = true
    guest.xen.after(1_000_000) { guest.daemon.removeTree(backend.back) }
    let frame = guest.xen.makeTarget(count: 4)
    let start = guest.xen.now
    #expect(throws: BlockError.disconnected) { try disk.execute(plan(frame, 4096)) }
    #expect(guest.xen.now - start < 1_000_000_000)
    #expect(throws: XenbusError.backendGone(device: "xvda")) { try disk.close() }
    #expect(guest.grants.activeCount <= 1)
    #expect(guest.xen.openPorts == [])
  }

  @Test func callerCanSleepOnThePortItself() throws {
    let (guest, backend, disk) = try connected()
    let frame = guest.xen.makeTarget(count: 256)
    #expect(!disk.prepareToSleep())
    try disk.submit(plan(frame))
    try disk.pump()
    #expect(disk.prepareToSleep())
    let port = try #require(disk.eventPort)
    guest.xen.poll(ports: [port, 2], until: guest.xen.now + 1_000_000_000)
    #expect(!disk.prepareToSleep())
    try disk.pump()
    #expect(disk.isDone)
    #expect(guest.xen.bytes(frame: frame, count: 1 << 20) == backend.data)
    #expect(backend.eventCount == 1)
  }
}
