// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct XenStoreTests {
  @Test func readsWritesAndRemovesNodes() throws {
    let guest = try FakeGuest()
    try guest.store.write("data/a", "one")
    #expect(try guest.store.read("data/a") == "one")
    #expect(guest.daemon.value("/local/domain/5/data/a") == "one")
    try guest.store.write("data/a", "")
    #expect(try guest.store.read("data/a") == "")
    try guest.store.makeDirectory("data/b")
    #expect(try guest.store.directory("data") == ["a", "b"])
    try guest.store.remove("data/a")
    #expect(try guest.store.readIfPresent("data/a") == nil)
    try guest.store.removeIfPresent("data/a")
  }

  @Test func errorNamesOperationPathAndReason() throws {
    let guest = try FakeGuest()
    #expect(throws: XenStoreError.refused(operation: "read", path: "nothing", error: "ENOENT")) {
      try guest.store.read("nothing")
    }
    #expect(throws: XenStoreError.refused(operation: "write", path: "/vm", error: "EACCES")) {
      try guest.store.write("/vm", "x")
    }
  }

  @Test(arguments: [0, 1000, UInt32.max, UInt32.max - 500, 0x7fff_fffd] as [UInt32])
  func ringIndexesMayStartAnywhere(_ start: UInt32) throws {
    let guest = try FakeGuest(startIndex: start)
    let long = ByteString([UInt8](repeating: 0x61, count: 3000))
    for round in 0..<8 {
      try guest.store.write("data/\(round)", long + "\(round)")
      #expect(try guest.store.read("data/\(round)") == long + "\(round)")
    }
  }

  @Test(arguments: [1, 3, 15, 17])
  func messagesMayComeInSmallParts(_ byteCount: Int) throws {
    let guest = try FakeGuest(startIndex: UInt32.max - 20)
    guest.daemon.chunkByteCount = byteCount
    try guest.store.watch("data", token: "t")
    for round in 0..<5 {
      try guest.store.write("data/x", "value \(round)")
      #expect(try guest.store.read("data/x") == "value \(round)")
    }
    #expect(try guest.store.hasChange(tokens: ["t"]))
  }

  @Test func answersToOthersAreDropped() throws {
    let guest = try FakeGuest()
    guest.daemon.sendsStaleAnswers = true
    guest.daemon.set("/local/domain/5/name", "guest")
    for _ in 0..<4 { #expect(try guest.store.read("name") == "guest") }
  }

  @Test func eventsForAnEarlierUserAreDropped() throws {
    let guest = try FakeGuest()
    guest.daemon.sendsStaleEvents = true
    guest.daemon.set("/local/domain/5/name", "guest")
    for _ in 0..<4 { #expect(try guest.store.read("name") == "guest") }
    #expect(guest.store.events.isEmpty)
  }

  @Test func transactionIsRepeatedAfterAConflict() throws {
    let guest = try FakeGuest()
    guest.daemon.conflictCount = 3
    var runCount = 0
    try guest.store.transaction { (transaction) throws(XenStoreError) in
      runCount += 1
      try guest.store.write("data/a", "\(runCount)", in: transaction)
      #expect(guest.daemon.value("/local/domain/5/data/a") == nil)
    }
    #expect(runCount == 4)
    #expect(guest.daemon.value("/local/domain/5/data/a") == "4")
  }

  @Test func endlessConflictIsAnError() throws {
    let guest = try FakeGuest()
    guest.daemon.conflictCount = 1000
    #expect(throws: XenStoreError.conflict(attemptCount: 32)) {
      try guest.store.transaction { (transaction) throws(XenStoreError) in
        try guest.store.write("data/a", "x", in: transaction)
      }
    }
    #expect(guest.daemon.value("/local/domain/5/data/a") == nil)
    #expect(guest.daemon.openTransactionCount == 0)
  }

  @Test func errorInATransactionUndoesIt() throws {
    let guest = try FakeGuest()
    #expect(throws: XenStoreError.refused(operation: "read", path: "nothing", error: "ENOENT")) {
      try guest.store.transaction { (transaction) throws(XenStoreError) in
        try guest.store.write("data/a", "x", in: transaction)
        _ = try guest.store.read("nothing", in: transaction)
      }
    }
    #expect(guest.daemon.value("/local/domain/5/data/a") == nil)
    #expect(guest.daemon.openTransactionCount == 0)
  }

  @Test func watchGivesItsFirstEventAtOnce() throws {
    let guest = try FakeGuest()
    try guest.store.watch("data", token: "t")
    #expect(try guest.store.waitForChange(tokens: ["t"], until: guest.xen.now + 1_000_000))
    #expect(try !guest.store.waitForChange(tokens: ["t"], until: guest.xen.now + 1_000_000))
    guest.daemon.set("/local/domain/5/data/deep/node", "x")
    #expect(try !guest.store.waitForChange(tokens: ["u"], until: guest.xen.now + 1_000_000))
    #expect(try guest.store.waitForChange(tokens: ["u", "t"], until: guest.xen.now + 1_000_000))
    try guest.store.unwatch(token: "t")
    #expect(guest.daemon.watches.isEmpty)
  }

  @Test func waitSleepsUntilTheChange() throws {
    let guest = try FakeGuest()
    try guest.store.watch("data", token: "t")
    #expect(try guest.store.hasChange(tokens: ["t"]))
    let start = guest.xen.now
    guest.xen.after(3_000_000_000) { guest.daemon.set("/local/domain/5/data", "x") }
    #expect(try guest.store.waitForChange(tokens: ["t"], until: start + 9_000_000_000))
    #expect(guest.xen.now - start < 3_100_000_000)
  }

  @Test func sleeperIsToldOfItsOwnEventsOnly() throws {
    let guest = try FakeGuest()
    try guest.store.watch("data", token: "t")
    guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
    #expect(try guest.store.prepareToSleep(tokens: ["u"]))
    #expect(try !guest.store.prepareToSleep(tokens: ["t", "u"]))
    #expect(try guest.store.hasChange(tokens: ["t"]))
    #expect(try guest.store.prepareToSleep(tokens: ["t", "u"]))
  }

  @Test func floodOfEventsIsBoundedAndNotLost() throws {
    let guest = try FakeGuest()
    try guest.store.watch("data", token: "t")
    try guest.store.watch("other", token: "u")
    #expect(try guest.store.waitForChange(tokens: ["t"], until: guest.xen.now + 1_000_000))
    _ = try guest.store.hasChange(tokens: ["u"])
    for number in 0..<400 { guest.daemon.set("/local/domain/5/data/\(number)", "x") }
    guest.daemon.set("/local/domain/5/other", "x")
    for _ in 0..<60 {
      guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
      #expect(try guest.store.receive(awaiting: []) == nil)
    }
    _ = try guest.store.readIfPresent("name")
    #expect(guest.store.events.count == XenStoreLimit.queuedEvents)
    #expect(try guest.store.hasChange(tokens: ["u"]))
  }

  @Test func silentStoreIsATimeOut() throws {
    let guest = try FakeGuest()
    guest.daemon.isMute = true
    let start = guest.xen.now
    #expect(throws: XenStoreError.timedOut(operation: "read", path: "name")) {
      try guest.store.read("name")
    }
    #expect(guest.xen.now - start == guest.store.timeLimit)
  }

  @Test func deadStoreNeverBlocksForEver() throws {
    let guest = try FakeGuest()
    guest.daemon.isDead = true
    let long = ByteString([UInt8](repeating: 0x61, count: 4000))
    for _ in 0..<12 {
      #expect(throws: XenStoreError.timedOut(operation: "write", path: "data")) {
        try guest.store.write("data", long)
      }
    }
    #expect(guest.store.outgoing.count <= XenStoreLimit.outgoingByteCount + 4200)
  }

  @Test func lateAnswerToAGivenUpRequestIsDropped() throws {
    let guest = try FakeGuest()
    guest.daemon.set("/local/domain/5/name", "guest")
    guest.daemon.isDead = true
    #expect(throws: XenStoreError.timedOut(operation: "read", path: "data")) {
      try guest.store.read("data")
    }
    guest.daemon.isDead = false
    #expect(try guest.store.read("name") == "guest")
    try guest.store.drain()
  }

  @Test(arguments: [1025, 5000, UInt32.max] as [UInt32])
  func impossibleIndexesBreakTheConnection(_ distance: UInt32) throws {
    let guest = try FakeGuest()
    guest.daemon.breakIndexes(distance)
    let error = XenStoreError.protocolViolation("impossible indexes in the response ring")
    #expect(throws: error) { try guest.store.read("name") }
    #expect(throws: error) { try guest.store.write("name", "x") }
  }

  @Test func impossibleRequestIndexesBreakTheConnection() throws {
    let guest = try FakeGuest()
    guest.daemon.breakRequestIndexes()
    let error = XenStoreError.protocolViolation("impossible indexes in the request ring")
    #expect(throws: error) { try guest.store.read("name") }
  }

  @Test func hugeMessageBreaksTheConnection() throws {
    let guest = try FakeGuest()
    guest.daemon.hugeAnswer = 4097
    guest.daemon.set("/local/domain/5/name", "guest")
    #expect(throws: XenStoreError.protocolViolation("a message of 4097 bytes")) {
      try guest.store.read("name")
    }
  }

  @Test func answerOfTheWrongTypeBreaksTheConnection() throws {
    let guest = try FakeGuest()
    guest.daemon.wrongType = 11
    guest.daemon.set("/local/domain/5/name", "guest")
    #expect(throws: XenStoreError.protocolViolation("an answer of type 11 to read")) {
      try guest.store.read("name")
    }
  }

  @Test func requestOverFourKibibytesIsRefusedHere() throws {
    let guest = try FakeGuest()
    let long = ByteString([UInt8](repeating: 0x61, count: 4096))
    #expect(throws: XenStoreError.tooLong(path: "data", byteCount: 4101)) {
      try guest.store.write("data", long)
    }
  }

  @Test func longDirectoryIsReadInParts() throws {
    let guest = try FakeGuest()
    let names = (1000..<2000).map { "node-\($0)" }
    for name in names { guest.daemon.set("/local/domain/5/data/\(name)", "x") }
    #expect(try guest.store.directory("data") == names.map { ByteString($0) })
  }

  @Test func directoryThatNeverHoldsStillIsAnError() throws {
    let guest = try FakeGuest()
    for number in 1000..<2000 { guest.daemon.set("/local/domain/5/data/node-\(number)", "x") }
    guest.daemon.directoryChanges = true
    #expect(throws: XenStoreError.unstable(path: "data")) { try guest.store.directory("data") }
  }

  @Test func drainLeavesAQuietRing() throws {
    let guest = try FakeGuest(startIndex: UInt32.max - 5)
    try guest.store.watch("data", token: "t")
    try guest.store.watch("other", token: "u")
    for _ in 0..<5 { guest.daemon.set("/local/domain/5/data", "x") }
    try guest.store.unwatchAll()
    #expect(guest.daemon.watches.isEmpty)
    try guest.store.drain()
    #expect(guest.store.requests.usedByteCount == 0)
    #expect(guest.store.responses.usedByteCount == 0)
    // The next kernel starts where we stopped.
    let next = XenStore(page: guest.daemon.page, port: 1, hypervisor: guest.xen)
    guest.daemon.set("/local/domain/5/name", "guest")
    #expect(try next.read("name") == "guest")
  }

  @Test func drainOfADeadStoreIsATimeOut() throws {
    let guest = try FakeGuest()
    guest.daemon.isDead = true
    guest.store.timeLimit = 1_000_000
    #expect(throws: XenStoreError.timedOut(operation: "read", path: "a")) {
      try guest.store.read("a")
    }
    #expect(throws: XenStoreError.timedOut(operation: "drain", path: "")) {
      try guest.store.drain()
    }
  }
}

@Suite struct ShutdownWatchTests {
  @Test(arguments: [
    ("poweroff", ShutdownRequest.powerOff), ("halt", .powerOff), ("reboot", .reboot),
  ])
  func requestIsSeenOnceAndAcknowledged(_ word: String, _ request: ShutdownRequest) throws {
    let guest = try FakeGuest()
    let watch = try ShutdownWatch(store: guest.store)
    #expect(try watch.poll() == nil)
    guest.daemon.set("/local/domain/5/control/shutdown", word)
    guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
    #expect(try watch.poll() == request)
    #expect(guest.daemon.value("/local/domain/5/control/shutdown") == "")
    guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
    #expect(try watch.poll() == nil)
    try watch.stop()
    #expect(guest.daemon.watches.isEmpty)
  }

  @Test func suspendIsTakenBackAndNamed() throws {
    let guest = try FakeGuest()
    let watch = try ShutdownWatch(store: guest.store)
    guest.daemon.set("/local/domain/5/control/shutdown", "suspend")
    guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
    #expect(try watch.poll() == .suspend)
    #expect(guest.daemon.value("/local/domain/5/control/shutdown") == "")
    guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
    #expect(try watch.poll() == nil)
  }

  @Test func unknownWordIsNamedAndLeftForTheKernel() throws {
    let guest = try FakeGuest()
    let watch = try ShutdownWatch(store: guest.store)
    let word = String(repeating: "s4", count: 100)
    guest.daemon.set("/local/domain/5/control/shutdown", word)
    guest.xen.poll(ports: [guest.store.port], until: guest.xen.now)
    #expect(try watch.poll() == .unknown(ByteString(String(word.prefix(64)))))
    #expect(guest.daemon.value("/local/domain/5/control/shutdown") == word)
    #expect(try watch.poll() == nil)
  }

  @Test func withoutAnEventNothingIsAsked() throws {
    let guest = try FakeGuest()
    let watch = try ShutdownWatch(store: guest.store)
    _ = try watch.poll()
    let before = guest.daemon.requestCounts
    let start = guest.xen.now
    for _ in 0..<1000 { #expect(try watch.poll() == nil) }
    #expect(guest.daemon.requestCounts == before)
    #expect(guest.xen.now == start)
  }

  /// A store that gives a directory a byte at a time would keep the loader for a million requests.
  @Test func aDirectoryOfTooManyPartsIsGivenUp() throws {
    let xen = FakeXen()
    let miser = Miser(xen)
    let store = XenStore(page: miser.page, port: 1, hypervisor: xen)
    #expect(throws: XenStoreError.protocolViolation("the directory device/vbd has no end")) {
      try store.directory("device/vbd")
    }
    #expect(miser.requestCount == XenStoreLimit.directoryPartCount + 2)
  }
}

/// A store whose directories come in parts of one byte, without end.
private final class Miser: FakePeer {
  let page: UnsafeMutableRawPointer
  private(set) var requestCount = 0
  private let xen: FakeXen
  private let requests: ByteRing
  private let responses: ByteRing

  init(_ xen: FakeXen) {
    self.xen = xen
    page = xen.makePages(count: 1).address
    let memory = SharedMemory(page, byteCount: 4096)
    requests = ByteRing(
      memory, dataOffset: 0, size: 1024, consumerOffset: 2048, producerOffset: 2052)
    responses = ByteRing(
      memory, dataOffset: 1024, size: 1024, consumerOffset: 2056, producerOffset: 2060)
    xen.bind(1, self)
  }

  func work() {
    var incoming: [UInt8] = []
    guard requests.read(1024, to: &incoming) ?? 0 > 0, var header = XenStoreHeader(incoming) else {
      return
    }
    requestCount += 1
    // XS_ERROR, and then XS_DIRECTORY_PART, as it was asked.
    let isFirst = requestCount == 1
    let payload = Array((isFirst ? "E2BIG\0" : "1\0a").utf8)
    if isFirst { header.type = 16 }
    header.byteCount = UInt32(payload.count)
    _ = responses.write((header.bytes + payload)[...])
    xen.raise(1)
  }
}
