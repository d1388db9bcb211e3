// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

/// Each submitted plan has an outcome of its own.
@Suite struct DiskTicketTests {
  /// Ten tickets of 64 KiB each, consecutive on the disk, so that they share requests where the
  /// backend takes large ones.
  private static let ticketCount = 10
  private static let ticketByteCount = 65536

  private struct Reads {
    let guest: FakeGuest
    let backend: FakeDisk
    let disk: DiskFrontend<FakeXen>
    let frame: UInt64
    var tickets: [DiskTicket] = []

    init(_ features: FakeDisk.Features, requestsATurn: Int = .max) throws {
      guest = try FakeGuest()
      backend = FakeDisk(
        guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 20), features: features)
      backend.requestsATurn = requestsATurn
      disk = try guest.connectedDisk()
      frame = guest.xen.makeTarget(count: 256)
    }

    func plan(_ number: Int) -> ReadPlan {
      ReadPlan(pieces: [
        ReadPlan.Piece(
          deviceByteOffset: UInt64(number * ticketByteCount),
          place: .init(frame: frame + UInt64(number * ticketByteCount / 4096), byteOffset: 0),
          byteCount: UInt64(ticketByteCount))
      ])
    }

    mutating func submitAll() throws {
      for number in 0..<ticketCount { tickets.append(try disk.submit(plan(number))) }
    }

    /// Runs until nothing is pending, and checks that no state changes after that.
    func finish() throws {
      var told: [Int: DiskReadState] = [:]
      while tickets.contains(where: { disk.state(of: $0) == .pending }) {
        try disk.pump()
        for (number, ticket) in tickets.enumerated() {
          let state = disk.state(of: ticket)
          if let earlier = told[number] { #expect(state == earlier) }
          if state != .pending { told[number] = state }
        }
        disk.wait(until: guest.xen.now + 1_000_000)
      }
    }

    func expectThere(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) {
      let start = number * ticketByteCount
      #expect(disk.state(of: tickets[number]) == .complete, sourceLocation: sourceLocation)
      #expect(
        disk.completedByteCount(of: tickets[number]) == UInt64(ticketByteCount),
        sourceLocation: sourceLocation)
      let bytes = guest.xen.bytes(
        frame: frame + UInt64(start / 4096), count: ticketByteCount)
      #expect(
        bytes == Array(backend.data[start..<start + ticketByteCount]),
        sourceLocation: sourceLocation)
    }

    func expectCleanClose(sourceLocation: SourceLocation = #_sourceLocation) throws {
      #expect(disk.isDone, sourceLocation: sourceLocation)
      try disk.close()
      guest.expectClean(backend, sourceLocation: sourceLocation)
    }
  }

  private static let backends: [FakeDisk.Features] = [.blkback, .qdisk, .plain]

  @Test(arguments: 0..<ticketCount, 0..<backends.count)
  func aBadSectorOfOneTicketLeavesTheOthersToFinish(_ bad: Int, _ features: Int) throws {
    var reads = try Reads(Self.backends[features])
    // In the eighth page of the ticket.
    let sector = UInt64(bad * 128 + 7 * 8)
    reads.backend.lies.badSectors = sector + 3..<sector + 4
    try reads.submitAll()
    try reads.finish()
    for number in 0..<Self.ticketCount where number != bad { reads.expectThere(number) }
    #expect(reads.disk.state(of: reads.tickets[bad]) == .failed(.readFailed(sector: sector)))
    // Only the bytes before the bad page are there without a gap.
    #expect(reads.disk.completedByteCount(of: reads.tickets[bad]) <= 7 * 4096)
    try reads.expectCleanClose()
  }

  @Test func severalBadSectorsFailTheTicketsThatTheyAreIn() throws {
    for features in Self.backends {
      var reads = try Reads(features, requestsATurn: 3)
      reads.backend.lies.badSectors = 4 * 128 + 120..<6 * 128 + 8
      try reads.submitAll()
      try reads.finish()
      for number in [0, 1, 2, 3, 7, 8, 9] { reads.expectThere(number) }
      #expect(reads.disk.state(of: reads.tickets[4]) == .failed(.readFailed(sector: 632)))
      #expect(reads.disk.state(of: reads.tickets[6]) == .failed(.readFailed(sector: 768)))
      guard case .failed = reads.disk.state(of: reads.tickets[5]) else {
        Issue.record("a ticket of bad sectors alone did not fail")
        return
      }
      try reads.expectCleanClose()
    }
  }

  @Test(arguments: 0..<backends.count)
  func whicheverRequestFailsOnceEveryTicketIsFinished(_ features: Int) throws {
    var good = try Reads(Self.backends[features])
    try good.submitAll()
    try good.finish()
    let requestCount = good.backend.requestCount
    for number in 1...requestCount {
      var reads = try Reads(Self.backends[features])
      reads.backend.lies.failingRequest = number
      try reads.submitAll()
      try reads.finish()
      for ticket in 0..<Self.ticketCount { reads.expectThere(ticket) }
      #expect(reads.disk.statistics.failureCount == 1)
      try reads.expectCleanClose()
    }
  }

  @Test(arguments: 0..<backends.count)
  func whicheverRequestFindsABadSectorOneTicketFails(_ features: Int) throws {
    var good = try Reads(Self.backends[features])
    try good.submitAll()
    try good.finish()
    for number in 1...good.backend.requestCount {
      var reads = try Reads(Self.backends[features])
      reads.backend.lies.breakingRequest = number
      try reads.submitAll()
      try reads.finish()
      let bad = Int(reads.backend.lies.badSectors.lowerBound)
      for ticket in 0..<Self.ticketCount where ticket != bad / 128 { reads.expectThere(ticket) }
      #expect(
        reads.disk.state(of: reads.tickets[bad / 128])
          == .failed(.readFailed(sector: UInt64(bad))))
      try reads.expectCleanClose()
    }
  }

  @Test(arguments: 0..<backends.count)
  func afterWhicheverRequestTheBackendDiesEveryPendingTicketFails(_ features: Int) throws {
    var good = try Reads(Self.backends[features], requestsATurn: 1)
    try good.submitAll()
    try good.finish()
    for count in 0..<good.backend.requestCount {
      var reads = try Reads(Self.backends[features], requestsATurn: 1)
      reads.backend.lies.requestsBeforeDeath = count
      try reads.submitAll()
      var death: BlockError?
      do throws(BlockError) {
        while true {
          try reads.disk.pump()
          reads.disk.wait(until: reads.guest.xen.now + 60_000_000_000)
        }
      } catch { death = error }
      let last = try #require(death)
      guard case .timedOut = last else {
        Issue.record("the backend died of \(last)")
        return
      }
      var failedCount = 0
      for (number, ticket) in reads.tickets.enumerated() {
        if reads.disk.isComplete(ticket) { reads.expectThere(number) } else { failedCount += 1 }
        let state = reads.disk.state(of: ticket)
        #expect(state == .complete || state == .failed(last))
      }
      #expect(failedCount > 0)
      #expect(reads.disk.settle())
      #expect(reads.disk.state(of: reads.tickets[9]) == .failed(last))
      reads.guest.expectClean(reads.backend)
      // Another backend takes its place.
      DiskFrontend.connect([reads.disk], timeLimit: 10_000_000_000)
      try reads.disk.execute(reads.plan(9))
      try reads.expectCleanClose()
    }
  }

  @Test func aBackendThatSaysThatItDiesFailsItsTicketsAtOnce() throws {
    var reads = try Reads(.plain, requestsATurn: 1)
    reads.backend.lies.requestsBeforeDeath = 3
    reads.backend.lies.stateOfDeath = "6"
    try reads.submitAll()
    let start = reads.guest.xen.now
    #expect(throws: BlockError.disconnected) { try reads.finish() }
    #expect(reads.guest.xen.now - start < 1_000_000_000)
    // The first ticket takes two requests: 11 of its pages, then 5 with 6 of the second.
    reads.expectThere(0)
    for ticket in reads.tickets.dropFirst(2) {
      #expect(reads.disk.state(of: ticket) == .failed(.disconnected))
    }
  }

  @Test(arguments: 0..<ticketCount, 0..<backends.count)
  func aCancelledTicketLeavesTheOthersToFinish(_ number: Int, _ features: Int) throws {
    var reads = try Reads(Self.backends[features], requestsATurn: 1)
    try reads.submitAll()
    try reads.disk.pump()
    reads.disk.cancel(reads.tickets[number])
    try reads.finish()
    for other in 0..<Self.ticketCount where other != number { reads.expectThere(other) }
    #expect(reads.disk.state(of: reads.tickets[number]) == .failed(.cancelled))
    try reads.expectCleanClose()
  }

  @Test func nothingIsSentForATicketThatWasCancelledBefore() throws {
    var reads = try Reads(.plain)
    try reads.submitAll()
    for number in 0..<Self.ticketCount where number != 5 {
      reads.disk.cancel(reads.tickets[number])
    }
    #expect(reads.disk.state(of: reads.tickets[0]) == .failed(.cancelled))
    try reads.finish()
    reads.expectThere(5)
    // 16 pages, 11 per request.
    #expect(reads.backend.requestCount == 2)
    try reads.expectCleanClose()
  }

  @Test func whatIsLeftOfATicketThatIsHalfSentIsGivenUp() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 4 << 20), features: .plain)
    let disk = try guest.connectedDisk()
    let frame = guest.xen.makeTarget(count: 1024)
    var tickets: [DiskTicket] = []
    for number in 0..<2 as Range<UInt64> {
      // 47 requests each, of which the ring has room for 32.
      tickets.append(
        try disk.submit(
          ReadPlan(pieces: [
            .init(
              deviceByteOffset: number << 21,
              place: .init(frame: frame + number * 512, byteOffset: 0), byteCount: 2 << 20)
          ])))
    }
    try disk.pump()
    disk.cancel(tickets[0])
    while !disk.isDone {
      try disk.pump()
      disk.wait(until: guest.xen.now + 1_000_000)
    }
    #expect(backend.requestCount == 32 + 47)
    #expect(disk.state(of: tickets[0]) == .failed(.cancelled))
    #expect(disk.isComplete(tickets[1]))
    let bytes = guest.xen.bytes(frame: frame + 512, count: 2 << 20)
    #expect(bytes == Array(backend.data[(2 << 20)...]))
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func ticketsAroundACancelledOneAreNotTakenForEachOther() throws {
    let reads = try Reads(.blkback)
    // On the disk the third follows the first.
    let tickets = [0, 9, 1].map { try? reads.disk.submit(reads.plan($0)) }
    reads.disk.cancel(try #require(tickets[1]))
    while !reads.disk.isDone {
      try reads.disk.pump()
      reads.disk.wait(until: reads.guest.xen.now + 1_000_000)
    }
    #expect(reads.disk.isComplete(try #require(tickets[0])))
    #expect(reads.disk.isComplete(try #require(tickets[2])))
    #expect(
      reads.guest.xen.bytes(frame: reads.frame, count: 2 * Self.ticketByteCount)
        == Array(reads.backend.data[..<(2 * Self.ticketByteCount)]))
    #expect(reads.backend.requestCount == 2)
  }

  @Test func aTicketIsPendingUntilItsFramesAreOurs() throws {
    var reads = try Reads(.plain)
    reads.backend.lies.isMute = true
    try reads.submitAll()
    try reads.disk.pump()
    reads.disk.cancel(reads.tickets[0])
    #expect(reads.disk.state(of: reads.tickets[0]) == .pending)
    reads.backend.lies.isMute = false
    try reads.finish()
    #expect(reads.disk.state(of: reads.tickets[0]) == .failed(.cancelled))
  }

  @Test func aCompleteOrFailedTicketIsNotCancelledAnyMore() throws {
    var reads = try Reads(.plain)
    reads.backend.lies.badSectors = 8..<9
    try reads.submitAll()
    try reads.finish()
    for ticket in reads.tickets { reads.disk.cancel(ticket) }
    #expect(reads.disk.state(of: reads.tickets[0]) == .failed(.readFailed(sector: 8)))
    reads.expectThere(1)
  }

  @Test func progressOfEachTicketGrowsWithoutGaps() throws {
    for features in Self.backends {
      var reads = try Reads(features, requestsATurn: 1)
      try reads.submitAll()
      var last = [UInt64](repeating: 0, count: Self.ticketCount)
      while !reads.disk.isDone {
        try reads.disk.pump()
        for (number, ticket) in reads.tickets.enumerated() {
          let count = reads.disk.completedByteCount(of: ticket)
          #expect(count >= last[number])
          last[number] = count
          let start = number * Self.ticketByteCount
          let bytes = reads.guest.xen.bytes(
            frame: reads.frame + UInt64(start / 4096), count: Int(count))
          #expect(bytes == Array(reads.backend.data[start..<start + Int(count)]))
        }
        reads.disk.wait(until: reads.guest.xen.now + 1_000_000)
      }
      #expect(last == .init(repeating: UInt64(Self.ticketByteCount), count: Self.ticketCount))
    }
  }

  @Test func plansThatFollowEachOtherStillShareRequests() throws {
    var reads = try Reads(.blkback)
    try reads.submitAll()
    try reads.finish()
    #expect(reads.backend.requestCount == 1)
  }

  @Test func anEmptyTicketIsCompleteAtOnce() throws {
    let reads = try Reads(.plain)
    let ticket = try reads.disk.submit(ReadPlan(pieces: []))
    #expect(reads.disk.isComplete(ticket) && reads.disk.isDone)
    #expect(reads.disk.completedByteCount(of: ticket) == 0)
  }

  @Test func ticketsOfAnEarlierConnectionHaveFailed() throws {
    var reads = try Reads(.blkback)
    try reads.submitAll()
    try reads.finish()
    try reads.disk.close()
    #expect(reads.disk.state(of: reads.tickets[0]) == .failed(.disconnected))
    DiskFrontend.connect([reads.disk], timeLimit: 10_000_000_000)
    let ticket = try reads.disk.submit(reads.plan(0))
    #expect(reads.disk.state(of: reads.tickets[0]) == .failed(.disconnected))
    #expect(reads.disk.completedByteCount(of: reads.tickets[0]) == 0)
    #expect(reads.disk.state(of: ticket) == .pending)
  }

  @Test func failedTicketsAreKeptUntilForgottenAndNoMoreThan1024() throws {
    let reads = try Reads(.plain)
    var tickets: [DiskTicket] = []
    for _ in 0..<DiskLimit.tickets {
      tickets.append(try reads.disk.submit(reads.plan(0)))
      reads.disk.cancel(tickets[tickets.count - 1])
    }
    #expect(throws: BlockError.outOfResources("more than 1024 reads from one disk")) {
      try reads.disk.submit(reads.plan(0))
    }
    #expect(tickets.allSatisfy { reads.disk.state(of: $0) == .failed(.cancelled) })
    reads.disk.forget(tickets[500])
    try reads.disk.execute(reads.plan(0))
    for ticket in tickets { reads.disk.forget(ticket) }
    // Complete tickets don't count.
    for _ in 0..<2 * DiskLimit.tickets { try reads.disk.execute(reads.plan(1)) }
  }

  @Test func withoutAGrantOneTicketAfterTheOtherFails() throws {
    let guest = try FakeGuest(grantFrameCountMax: 1)
    _ = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 20), features: .plain)
    let disk = try guest.connectedDisk()
    let page = guest.xen.makePages(count: 1).frames[0]
    while guest.grants.availableCount > 0 {
      _ = try guest.grants.grant(frame: page, to: 0, readOnly: false)
    }
    let piece = ReadPlan.Piece(
      deviceByteOffset: 0, place: .init(frame: guest.xen.makeTarget(count: 4), byteOffset: 0),
      byteCount: 8192)
    let tickets = [
      try disk.submit(ReadPlan(pieces: [piece])), try disk.submit(ReadPlan(pieces: [piece])),
    ]
    var turnCount = 0
    while !disk.isDone, turnCount < 20 {
      try disk.pump()
      turnCount += 1
    }
    let reason: ByteString = "all 512 entries of the grant table are in use"
    for ticket in tickets {
      #expect(disk.state(of: ticket) == .failed(.outOfResources(reason)))
    }
  }
}
