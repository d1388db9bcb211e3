// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct XenStoreBatchTests {
  private static let limit: UInt64 = 2_000_000_000
  private static let home = "/local/domain/5/data/report/"

  private func nodes(_ count: Int, byteCount: Int = 5) -> [(path: ByteString, value: ByteString)] {
    (0..<count).map {
      ("data/report/n\($0)", ByteString([UInt8](repeating: UInt8(0x61 + $0), count: byteCount)))
    }
  }

  @Test(arguments: [Int.max, 7])
  func allNodesAreWritten(_ chunkByteCount: Int) throws {
    let guest = try FakeGuest()
    guest.daemon.chunkByteCount = chunkByteCount
    // More than the ring holds.
    try guest.store.write(nodes(8, byteCount: 1000), within: Self.limit)
    for index in 0..<8 {
      #expect(guest.daemon.value(Self.home + "n\(index)")?.count == 1000)
    }
    try guest.store.write([], within: Self.limit)
    try guest.store.drain()
  }

  @Test func allRequestsAreOnTheirWayBeforeTheFirstAnswer() throws {
    let guest = try FakeGuest()
    guest.daemon.isMute = true
    let start = guest.xen.now
    #expect(throws: XenStoreError.timedOut(operation: "write", path: "data/report/n0")) {
      try guest.store.write(nodes(7), within: Self.limit)
    }
    #expect(guest.xen.now - start == Self.limit)
    // The answers are still awaited before somebody else may have the ring.
    #expect(guest.store.abandoned.count == 7)
    #expect(guest.store.outgoing.isEmpty)
  }

  @Test func aDeadStoreCostsTheTimeLimitAndNoMore() throws {
    let guest = try FakeGuest()
    guest.daemon.isDead = true
    let start = guest.xen.now
    #expect(throws: XenStoreError.timedOut(operation: "write", path: "data/report/n0")) {
      try guest.store.write(nodes(8, byteCount: 1000), within: Self.limit)
    }
    #expect(guest.xen.now - start == Self.limit)
  }

  @Test func firstRefusalIsToldAndTheRestWritten() throws {
    let guest = try FakeGuest()
    let writes: [(path: ByteString, value: ByteString)] = [
      ("data/report/a", "1"), ("/local/domain/0/b", "2"), ("/local/domain/0/c", "3"),
      ("data/report/d", "4"),
    ]
    #expect(
      throws: XenStoreError.refused(operation: "write", path: "/local/domain/0/b", error: "EACCES")
    ) { try guest.store.write(writes, within: Self.limit) }
    #expect(guest.daemon.value(Self.home + "a") == "1")
    #expect(guest.daemon.value(Self.home + "d") == "4")
    #expect(try guest.store.read("data/report/d") == "4")
  }

  @Test func whatIsTooLongIsRefusedAndTheRestAnswered() throws {
    let guest = try FakeGuest()
    let writes: [(path: ByteString, value: ByteString)] = [
      ("data/report/a", "1"), ("data/report/b", ByteString([UInt8](repeating: 1, count: 5000))),
    ]
    #expect(throws: XenStoreError.tooLong(path: "data/report/b", byteCount: 5014)) {
      try guest.store.write(writes, within: Self.limit)
    }
    #expect(guest.daemon.value(Self.home + "a") == "1")
    try guest.store.drain()
  }

  @Test func staleAnswersAndEventsDoNotCount() throws {
    let guest = try FakeGuest()
    guest.daemon.sendsStaleAnswers = true
    guest.daemon.sendsStaleEvents = true
    try guest.store.write(nodes(5), within: Self.limit)
    #expect(guest.daemon.value(Self.home + "n4") == "eeeee")
  }
}
