// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskPlanTests {
  private static let megabyte = 1 << 20

  private func connected(
    _ features: FakeDisk.Features = .blkback, byteCount: Int = 4 << 20, sectorByteCount: Int = 512,
    grantFrameCountMax: Int = 32
  ) throws -> (FakeGuest, FakeDisk, DiskFrontend<FakeXen>) {
    let guest = try FakeGuest(grantFrameCountMax: grantFrameCountMax)
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: byteCount), features: features)
    backend.sectorByteCount = sectorByteCount
    return (guest, backend, try guest.connectedDisk())
  }

  private func piece(
    _ device: Int, _ frame: UInt64, _ byteCount: Int, at byteOffset: Int = 0
  ) -> ReadPlan.Piece {
    ReadPlan.Piece(
      deviceByteOffset: UInt64(device), place: .init(frame: frame, byteOffset: byteOffset),
      byteCount: UInt64(byteCount))
  }

  @Test func indirectRequestsCarryAMegabyteEach() throws {
    let (guest, backend, disk) = try connected()
    let frame = guest.xen.makeTarget(count: 1024)
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 4 << 20)]))
    #expect(guest.xen.bytes(frame: frame, count: 4 << 20) == backend.data)
    #expect(backend.requestCount == 4)
    #expect(backend.indirectRequestCount == 4)
    #expect(backend.bytesARequestMax == Self.megabyte)
    // All four with one event, all in flight together.
    #expect(backend.batches == [4])
    #expect(disk.statistics.notifyCount == 1)
    #expect(disk.statistics.depthMax == 4)
    #expect(disk.statistics.byteCount == 4 << 20)
    #expect(disk.statistics.grantCount == 1024)
    #expect(disk.statistics.indirectRequestCount == 4)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func directRequestsFillTheRing() throws {
    let (guest, backend, disk) = try connected(.qdisk)
    let frame = guest.xen.makeTarget(count: 1024)
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 4 << 20)]))
    #expect(guest.xen.bytes(frame: frame, count: 4 << 20) == backend.data)
    #expect(backend.requestCount == 94)
    #expect(backend.bytesARequestMax == 11 * 4096)
    #expect(backend.batches == [94])
    #expect(disk.statistics.notifyCount == 1)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func ringOfOnePageIsKeptFull() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.requestsATurn = 8
    let frame = guest.xen.makeTarget(count: 1024)
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 4 << 20)]))
    #expect(guest.xen.bytes(frame: frame, count: 4 << 20) == backend.data)
    #expect(disk.statistics.depthMax == 32)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func piecesThatFollowEachOtherBecomeOneRequest() throws {
    let (guest, backend, disk) = try connected()
    let frame = guest.xen.makeTarget(count: 200)
    // Pages of a file in a row on the disk, in scattered frames, backwards.
    let pieces = (0..<100).map { piece($0 * 4096, frame + UInt64(199 - $0), 4096) }
    try disk.execute(ReadPlan(pieces: pieces))
    for index in 0..<100 {
      #expect(
        guest.xen.bytes(frame: frame + UInt64(199 - index), count: 4096)
          == Array(backend.data[index * 4096..<(index + 1) * 4096]))
    }
    #expect(backend.requestCount == 1)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func pieceMayStartAnywhereInAFrame() throws {
    for features in [FakeDisk.Features.blkback, .plain] {
      let (guest, backend, disk) = try connected(features)
      let frame = guest.xen.makeTarget(count: 40)
      try disk.execute(
        ReadPlan(pieces: [
          piece(512 * 3, frame, 512 * 101, at: 512 * 5), piece(512 * 1000, frame, 512 * 5),
          piece(512 * 9, frame + 39, 512, at: 3584), piece(0, frame, 0),
        ]))
      let bytes = guest.xen.bytes(frame: frame, count: 40 * 4096)
      #expect(bytes[..<2560] == backend.data[512_000..<514_560])
      #expect(Array(bytes[2560..<2560 + 51712]) == Array(backend.data[1536..<1536 + 51712]))
      #expect(bytes[2560 + 51712] == 0xee)
      #expect(Array(bytes.suffix(512)) == Array(backend.data[4608..<5120]))
      try disk.close()
      guest.expectClean(backend)
    }
  }

  @Test(arguments: [2048, 4096]) func largeSectorsAreReadWhole(sectorByteCount: Int) throws {
    let (guest, backend, disk) = try connected(sectorByteCount: sectorByteCount)
    #expect(disk.sectorByteCount == sectorByteCount)
    let frame = guest.xen.makeTarget(count: 64)
    try disk.execute(ReadPlan(pieces: [piece(8192, frame, 64 * 4096)]))
    #expect(guest.xen.bytes(frame: frame, count: 64 * 4096) == Array(backend.data[8192..<270_336]))
    #expect(try disk.read(at: 5000, count: 10) == Array(backend.data[5000..<5010]))
    #expect(try disk.read(at: 1, count: 300_001) == Array(backend.data[1..<300_002]))
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func depthShrinksToTheGrantsThereAre() throws {
    // 504 entries; the ring and the lists take 33.
    let (guest, backend, disk) = try connected(grantFrameCountMax: 1)
    let frame = guest.xen.makeTarget(count: 1024)
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 4 << 20)]))
    #expect(guest.xen.bytes(frame: frame, count: 4 << 20) == backend.data)
    #expect(disk.statistics.depthMax == 2)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func withoutAnyGrantReadingIsAnError() throws {
    let (guest, backend, disk) = try connected(.plain, grantFrameCountMax: 1)
    let page = guest.xen.makePages(count: 1).frames[0]
    var references: [UInt32] = []
    while guest.grants.availableCount > 0 {
      references.append(try guest.grants.grant(frame: page, to: 0, readOnly: false))
    }
    let reason: ByteString = "all 512 entries of the grant table are in use"
    let frame = guest.xen.makeTarget(count: 4)
    #expect(throws: BlockError.outOfResources(reason)) {
      try disk.execute(ReadPlan(pieces: [piece(0, frame, 8192)]))
    }
    #expect(throws: BlockError.outOfResources(reason)) { try disk.read(at: 0, count: 1) }
    // Two grants are enough.
    for reference in references.suffix(2) { try guest.grants.end(reference) }
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 16384)]))
    #expect(guest.xen.bytes(frame: frame, count: 16384) == Array(backend.data[..<16384]))
    for reference in references.dropLast(2) { try guest.grants.end(reference) }
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func withoutMemoryForListsRequestsStaySmall() throws {
    let (guest, backend, disk) = try connected()
    guest.xen.pagesLeft = 0
    let frame = guest.xen.makeTarget(count: 64)
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 64 * 4096)]))
    #expect(guest.xen.bytes(frame: frame, count: 64 * 4096) == Array(backend.data[..<262_144]))
    #expect(backend.indirectRequestCount == 0)
    guest.xen.pagesLeft = 1000
    try disk.close()
    #expect(guest.xen.usedGrantCount == 0)
  }

  @Test func depthShrinksToTheListsThereAre() throws {
    let (guest, backend, disk) = try connected()
    guest.xen.pagesLeft = 2
    let frame = guest.xen.makeTarget(count: 1024)
    try disk.execute(ReadPlan(pieces: [piece(0, frame, 4 << 20)]))
    #expect(guest.xen.bytes(frame: frame, count: 4 << 20) == backend.data)
    #expect(disk.statistics.depthMax == 2)
    #expect(backend.indirectRequestCount == 4)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func metadataCanBeReadWhileAPlanRuns() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.requestsATurn = 2
    let frame = guest.xen.makeTarget(count: 1024)
    try disk.submit(ReadPlan(pieces: [piece(0, frame, 4 << 20)]))
    try disk.pump()
    #expect(try disk.read(at: 777, count: 5000) == Array(backend.data[777..<5777]))
    #expect(!disk.isDone)
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(guest.xen.bytes(frame: frame, count: 4 << 20) == backend.data)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func pumpNeverSleeps() throws {
    let (guest, _, disk) = try connected()
    let frame = guest.xen.makeTarget(count: 16)
    try disk.submit(ReadPlan(pieces: [piece(0, frame, 65536)]))
    let (polls, time) = (guest.xen.pollCount, guest.xen.now)
    for _ in 0..<100 { try disk.pump() }
    #expect(guest.xen.pollCount == polls && guest.xen.now == time)
  }

  @Test func completedBytesGrowWithoutGaps() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.requestsATurn = 3
    let frame = guest.xen.makeTarget(count: 256)
    try disk.submit(ReadPlan(pieces: [piece(4096, frame, Self.megabyte)]))
    #expect(disk.completedByteCount == 0)
    var last: UInt64 = 0
    while !disk.isDone {
      try disk.pump()
      let count = disk.completedByteCount
      #expect(count >= last)
      let have = guest.xen.bytes(frame: frame, count: Int(count))
      #expect(have == Array(backend.data[4096..<4096 + Int(count)]))
      last = count
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(disk.completedByteCount == UInt64(Self.megabyte))
    // The count starts again with the next plan.
    try disk.submit(ReadPlan(pieces: [piece(0, frame, 512)]))
    #expect(disk.completedByteCount == 0)
  }

  @Test func aTicketIsCompleteWhenItsPlanIsThere() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.requestsATurn = 3
    let frame = guest.xen.makeTarget(count: 512)
    let first = try disk.submit(ReadPlan(pieces: [piece(0, frame, Self.megabyte)]))
    let second = try disk.submit(
      ReadPlan(pieces: [piece(Self.megabyte, frame + 256, Self.megabyte)]))
    #expect(!disk.isComplete(first) && !disk.isComplete(second))
    while !disk.isComplete(first) {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(!disk.isDone && !disk.isComplete(second))
    let have = guest.xen.bytes(frame: frame, count: Self.megabyte)
    #expect(have == Array(backend.data[..<Self.megabyte]))
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(disk.isComplete(second))
    // A later plan does not change that.
    let third = try disk.submit(ReadPlan(pieces: [piece(0, frame, 512)]))
    #expect(disk.isComplete(first) && disk.isComplete(second) && !disk.isComplete(third))
  }

  @Test func aTicketOfAPlanThatFailsIsNeverComplete() throws {
    let (guest, backend, disk) = try connected(.plain)
    backend.lies.badSectors = 8..<9
    let frame = guest.xen.makeTarget(count: 4)
    let ticket = try disk.submit(ReadPlan(pieces: [piece(4096, frame, 8192)]))
    while !disk.isDone {
      try disk.pump()
      #expect(!disk.isComplete(ticket))
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(disk.state(of: ticket) == .failed(.readFailed(sector: 8)))
  }

  @Test func planBeyondTheDeviceIsRefused() throws {
    let (guest, _, disk) = try connected(byteCount: 8192)
    let frame = guest.xen.makeTarget(count: 4)
    #expect(
      throws: BlockError.outOfRange(byteOffset: 4096, byteCount: 8192, deviceByteCount: 8192)
    ) {
      try disk.submit(ReadPlan(pieces: [piece(4096, frame, 8192)]))
    }
    #expect(
      throws: BlockError.outOfRange(byteOffset: 8190, byteCount: 3, deviceByteCount: 8192)
    ) {
      try disk.read(at: 8190, count: 3)
    }
    #expect(
      throws: BlockError.outOfRange(
        byteOffset: UInt64.max, byteCount: 3, deviceByteCount: 8192)
    ) {
      try disk.read(at: UInt64.max, count: 3)
    }
  }

  @Test func manyRoundsWrapTheRing() throws {
    let (guest, backend, disk) = try connected(.plain)
    let frame = guest.xen.makeTarget(count: 1)
    for round in 0..<300 {
      try disk.execute(ReadPlan(pieces: [piece(round * 512, frame, 512)]))
      #expect(
        guest.xen.bytes(frame: frame, count: 512)
          == Array(backend.data[round * 512..<(round + 1) * 512]))
    }
    #expect(backend.requestCount == 300)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func aPlanForTwoDisksKeepsBothBusy() throws {
    let guest = try FakeGuest()
    let backends = [0, 1].map { number in
      FakeDisk(
        guest.daemon, number: 51712 + 16 * number,
        data: FakeDisk.pattern(byteCount: 4 << 20).map { $0 &+ UInt8(number) }, features: .plain)
    }
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 10_000_000_000)
    let layout = try #require(
      StripeLayout(.none, memberCount: 2, chunkByteCount: 65536, memberByteCount: 4 << 20))
    let set = try #require(StripedSet(disks.map { Volume(whole: $0) }, layout))
    let volume = try #require(
      Volume(name: "md/0", segments: [VolumeSegment(.striped(set), at: 0, byteCount: 8 << 20)]))
    let frame = guest.xen.makeTarget(count: 2048)
    let plan = try ReadPlan(
      [.run(byteOffset: 0, byteCount: 8 << 20)], on: volume,
      target: .init(frames: [FrameRange(first: frame, frameCount: 2048)]))
    for (index, disk) in disks.enumerated() { try disk.submit(plan, device: index) }
    for disk in disks { try disk.pump() }
    // Both have requests before anybody waits.
    #expect(disks.allSatisfy { $0.statistics.requestCount > 0 && !$0.isDone })
    while disks.contains(where: { !$0.isDone }) {
      DiskFrontend.wait(disks, until: guest.xen.now + 1_000_000_000)
      for disk in disks { try disk.pump() }
    }
    var expected: [UInt8] = []
    for start in stride(from: 0, to: 4 << 20, by: 65536) {
      for backend in backends { expected += backend.data[start..<start + 65536] }
    }
    #expect(guest.xen.bytes(frame: frame, count: 8 << 20) == expected)
    #expect(backends.allSatisfy { $0.requestCount > 1 })
  }

  @Test func ofTwoDisksTheOneThatDiedEndsTheWait() throws {
    let guest = try FakeGuest()
    let backends = [0, 1].map { number in
      FakeDisk(
        guest.daemon, number: 51712 + 16 * number, data: FakeDisk.pattern(byteCount: 1 << 20),
        features: .blkback)
    }
    let disks = try guest.disks()
    DiskFrontend.connect(disks, timeLimit: 10_000_000_000)
    backends[1].lies.isMute = true
    let frame = guest.xen.makeTarget(count: 2)
    for disk in disks {
      try disk.submit(ReadPlan(pieces: [piece(0, frame, 4096)]))
    }
    var failure: BlockError?
    while failure == nil {
      do {
        for disk in disks { try disk.pump() }
        DiskFrontend.wait(disks, until: guest.xen.now + 100_000_000_000)
      } catch { failure = error }
    }
    #expect(failure == .timedOut(sector: 0))
    #expect(disks[1].isDead && !disks[0].isDead && disks[0].isDone)
  }
}
