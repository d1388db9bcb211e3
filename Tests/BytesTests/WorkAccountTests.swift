// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

/// The account of what disks and menus make the loader do.
struct WorkAccountTests {
  private static let price = WorkKind.names.price

  private func account(names: UInt64) -> WorkAccount {
    WorkAccount(limit: names * Self.price)
  }

  private func charge(_ account: WorkAccount, upTo count: Int) -> Int {
    for done in 0..<count {
      do { try account.charge(.names) } catch { return done }
    }
    return count
  }

  @Test func workGoesOnUpToTheLimit() throws {
    let account = account(names: 10)
    #expect(charge(account, upTo: 100) == 10)
    #expect(throws: WorkError.spent(.names, count: 12)) { try account.charge(.names) }
  }

  @Test func anAccountThatIsRenewedBeginsAtNothing() {
    let account = account(names: 10)
    _ = charge(account, upTo: 100)
    account.renew(limit: 5 * Self.price)
    #expect(account.count(of: .names) == 0)
    #expect(charge(account, upTo: 100) == 5)
  }

  @Test func hugeCountsDoNotOverflow() {
    let account = account(names: 10)
    #expect(throws: WorkError.spent(.names, count: UInt64(Int.max))) {
      try account.charge(.names, .max)
    }
  }

  @Test func aShareIsHalfOfWhatIsLeft() {
    let account = account(names: 64)
    var taken: [Int] = []
    for _ in 0..<4 {
      let scope = account.begin(WorkShare())
      taken.append(charge(account, upTo: 100))
      account.end(scope)
    }
    #expect(taken == [32, 15, 7, 3])
    #expect(charge(account, upTo: 100) > 0)
  }

  @Test func whoeverComesBackGetsNoNewHalf() {
    let account = account(names: 1000)
    let share = WorkShare()
    var taken: [Int] = []
    for _ in 0..<10 {
      let scope = account.begin(share)
      taken.append(charge(account, upTo: 1000))
      account.end(scope)
    }
    #expect(taken[0] == 500)
    #expect(taken.dropFirst().allSatisfy { $0 == 0 })
    #expect(charge(account, upTo: 1000) >= 498)
  }

  @Test func aShareInsideOfAnotherIsHalfOfThat() {
    let account = account(names: 64)
    let outer = account.begin(WorkShare())
    let inner = account.begin(WorkShare())
    #expect(charge(account, upTo: 100) == 16)
    account.end(inner)
    #expect(charge(account, upTo: 100) >= 15)
    account.end(outer)
    #expect(charge(account, upTo: 100) >= 30)
  }

  @Test func oneThatIsActiveIsNotBegunAgain() {
    let account = account(names: 64)
    let share = WorkShare()
    let outer = account.begin(share)
    let inner = account.begin(share)
    #expect(charge(account, upTo: 100) == 32)
    account.end(inner)
    account.end(outer)
  }

  @Test func whatFilesAreWorthIsAllowed() {
    let account = account(names: 1)
    account.allow(9 * Self.price)
    #expect(charge(account, upTo: 100) == 10)
    account.allow(.max)
    #expect(charge(account, upTo: 100) == 100)
  }

  @Test func theStackIsWatched() throws {
    let account = WorkAccount()
    try account.charge(.commands)
    account.stackLimit = .max
    #expect(throws: WorkError.stackUsed) { try account.charge(.commands) }
  }

  private final class Watcher: WorkObserver {
    var order = WorkAccount.Order.goOn
    var freeByteCount: UInt64 = 100 << 20
    var looks = 0
    var purpose: ByteString = ""

    func look(at account: WorkAccount) -> WorkAccount.Order {
      looks += 1
      purpose = account.purpose
      return order
    }
  }

  private let manyNames = Int(WorkLimits.lookInterval / WorkKind.names.price) + 1

  @Test func theObserverIsAskedNowAndThen() throws {
    let account = WorkAccount(limit: .max - 1)
    let watcher = Watcher()
    account.observer = watcher
    try account.charge(.names)
    let first = watcher.looks
    for _ in 0..<manyNames { try account.charge(.names) }
    #expect(watcher.looks == first + 1)
  }

  @Test func theObserverStopsAllOrOneShare() throws {
    let account = WorkAccount(limit: .max - 1)
    let watcher = Watcher()
    account.observer = watcher
    let share = WorkShare("xvda1")
    var scope = account.begin(share)
    watcher.order = .giveUpShare
    #expect(throws: WorkError.stopped) { try account.charge(.names, manyNames) }
    #expect(watcher.purpose == "xvda1")
    account.end(scope)
    watcher.order = .goOn
    try account.charge(.names, manyNames)
    scope = account.begin(share)
    #expect(throws: WorkError.self) { try account.charge(.names) }
    account.end(scope)
    watcher.order = .stop
    #expect(throws: WorkError.stopped) { try account.charge(.names, manyNames) }
    watcher.order = .goOn
    #expect(throws: WorkError.stopped) { try account.charge(.names) }
  }

  @Test func memoryIsPaidForBeforeItIsTaken() throws {
    let account = WorkAccount()
    try account.require(byteCount: .max)  // Nobody looks on.
    let watcher = Watcher()
    account.observer = watcher
    account.renew(limit: .max, reserveByteCount: 4 << 20)
    try account.require(byteCount: 96 << 20)
    #expect(throws: WorkError.outOfMemory(byteCount: 97 << 20)) {
      try account.require(byteCount: 97 << 20)
    }
    // Of what is free, a share leaves half.
    let scope = account.begin(WorkShare())
    try account.require(byteCount: 48 << 20)
    #expect(throws: WorkError.outOfMemory(byteCount: 49 << 20)) {
      try account.require(byteCount: 49 << 20)
    }
    account.end(scope)
    try account.require(byteCount: 96 << 20)
    watcher.freeByteCount = 3 << 20
    #expect(throws: WorkError.outOfMemory(byteCount: 4 << 20)) {
      try account.charge(.names, manyNames)
    }
  }

  @Test func errorsSayWhatWasTooMuch() {
    #expect(
      WorkError.spent(.names, count: 11_000_000).message
        == "too much work, given up after 11000000 names")
    #expect(WorkError.spent(.names, count: 1).family == .unsupported)
    #expect(WorkError.stopped.family == .device)
    #expect(WorkError.outOfMemory(byteCount: 5).message == "no memory for 5 bytes")
    for kind in WorkKind.allCases {
      #expect(kind.price > 0)
      #expect(!kind.text.isEmpty)
    }
  }

  @Test func loadingIsAllowedByTheByte() {
    #expect(WorkLimits.loading(byteCount: 0) == 0)
    #expect(WorkLimits.loading(byteCount: 1 << 20) > 1 << 20)
    #expect(WorkLimits.loading(byteCount: .max) == UInt64.max - 1)
  }
}
