// SPDX-License-Identifier: GPL-2.0-or-later

/// Who looks on while a disk or a menu makes the loader work.
public protocol WorkObserver: AnyObject {
  /// What is to become of the work. It is asked each `WorkLimits.lookInterval` of work.
  func look(at account: WorkAccount) -> WorkAccount.Order

  /// The memory in bytes that nobody uses.
  var freeByteCount: UInt64 { get }
}

/// What the guest's disks and menus have made the loader do, and what they still may.
///
/// Limits of single loops multiply: a thousand names in a thousand directories are a million. So
/// whoever works for a disk or a menu charges it here, where the work is done, at a price in time
/// (`WorkPrices`). There is one account for all disks of a guest. It is renewed before a search and
/// before each attempt to boot.
///
/// Of what is left, one file system may use up half (`WorkShare`), so that a sound disk beside one
/// that never ends is still searched.
public final class WorkAccount {
  /// Work done since the account was renewed, in picoseconds.
  public private(set) var spent: UInt64 = 0
  /// What `spent` may come to now; inside of a share less than the whole.
  private(set) var limit: UInt64
  /// What is to be left free of memory, in bytes; inside of a share half of what was free there.
  public private(set) var reserveByteCount: UInt64 = 0
  /// Whether the observer has ended the work.
  public private(set) var isStopped = false
  /// Who looks on; nil on a host.
  public var observer: (any WorkObserver)?
  /// The lowest address that the stack may come to when something is charged; 0 if that is not
  /// watched. Whatever data drives into a recursion charges on its way.
  public var stackLimit: UInt = 0
  /// What the work is for, for people: the name of the share that began last; empty if none.
  public private(set) var purpose: ByteString = ""
  /// Whether the observer has ended the work for the share that began last.
  private var isGivenUp = false
  /// Whether there is a limit; a person's own command has none.
  public var isLimited: Bool { limit != .max }
  /// Where the account is looked at more closely.
  private var mark: UInt64 = 0
  /// How often the account was renewed.
  private(set) var round: UInt64 = 0
  private var counts = InlineArray<16, UInt64>(repeating: 0)

  /// An account; one without a limit is for tests and for tools on a host.
  public init(limit: UInt64 = .max) { self.limit = limit }

  /// Starts anew with a limit in picoseconds, and a reserve of memory in bytes.
  @inline(never)
  public func renew(limit: UInt64, reserveByteCount: UInt64 = 0) {
    self.limit = limit
    self.reserveByteCount = reserveByteCount
    spent = 0
    mark = 0
    round &+= 1
    isStopped = false
    isGivenUp = false
    counts = InlineArray(repeating: 0)
  }

  /// Raises the limit by work that the size of a file that is loaded justifies, in picoseconds.
  /// Not between `begin` and `end`.
  public func allow(_ work: UInt64) {
    limit = limit &+ min(work, .max - limit)
  }

  /// Charges `count` pieces of work, before they are done or as they are.
  @inline(never)
  public func charge(_ kind: WorkKind, _ count: Int = 1) throws(WorkError) {
    let number = UInt64(clamping: count)
    let (price, isTooMuch) = number.multipliedReportingOverflow(by: kind.price)
    let (sum, isOver) = spent.addingReportingOverflow(price)
    spent = isTooMuch || isOver ? .max : sum
    counts[Int(kind.rawValue)] = counts[Int(kind.rawValue)] &+ number
    if spent > mark { try look(kind) }
    if Self.stackPointer < stackLimit { throw .stackUsed }
  }

  /// An address in the present frame of the stack.
  @inline(__always) private static var stackPointer: UInt {
    withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { UInt(bitPattern: $0.baseAddress) }
  }

  /// Pays for a large piece of memory before it is allocated. What is smaller than
  /// `WorkLimits.smallByteCount` need not be asked for.
  @inline(never)
  public func require(byteCount: Int) throws(WorkError) {
    guard let observer, byteCount > WorkLimits.smallByteCount else { return }
    let (needed, isOver) = UInt64(clamping: byteCount).addingReportingOverflow(reserveByteCount)
    guard !isOver, observer.freeByteCount >= needed else {
      throw .outOfMemory(byteCount: UInt64(clamping: byteCount))
    }
  }

  /// How much of one kind was done since the account was renewed.
  public func count(of kind: WorkKind) -> UInt64 { counts[Int(kind.rawValue)] }

  @inline(never)
  private func look(_ kind: WorkKind) throws(WorkError) {
    if isStopped || isGivenUp { throw .stopped }
    guard spent <= limit else {
      // What is refused is not done, so others need not pay for it.
      spent = limit + 1  // Smaller than `spent` was.
      throw .spent(kind, count: count(of: kind))
    }
    guard let observer else {
      mark = limit
      return
    }
    mark = min(limit, spent &+ min(WorkLimits.lookInterval, .max - spent))
    switch observer.look(at: self) {
    case .goOn: break
    case .giveUpShare: isGivenUp = true
    case .stop: isStopped = true
    }
    if isStopped || isGivenUp {
      mark = 0
      throw .stopped
    }
    guard observer.freeByteCount >= reserveByteCount else {
      mark = spent
      throw .outOfMemory(byteCount: reserveByteCount)
    }
  }

  // MARK: Shares

  /// What `begin` has changed.
  public final class Scope {
    fileprivate let share: WorkShare?
    fileprivate let start: UInt64
    fileprivate let limit: UInt64
    fileprivate let reserve: UInt64
    fileprivate let purpose: ByteString

    fileprivate init(_ share: WorkShare?, _ account: WorkAccount) {
      self.share = share
      start = account.spent
      limit = account.limit
      reserve = account.reserveByteCount
      purpose = account.purpose
    }
  }

  /// What an observer says.
  public enum Order {
    /// The work goes on.
    case goOn
    /// It ends for the present share.
    case giveUpShare
    /// All of it ends.
    case stop
  }

  /// Begins work for one file system, disk or menu, up to its share.
  @inline(never)
  public func begin(_ share: WorkShare) -> Scope {
    let isInside = share.isActive
    let scope = Scope(isInside ? nil : share, self)
    if isInside { return scope }
    if share.round != round {
      share.round = round
      share.spent = 0
    }
    share.isActive = true
    if !share.name.isEmpty { purpose = share.name }
    if limit != .max {
      let left = limit > spent ? limit - spent : 0
      limit = spent &+ (left > share.spent ? (left - share.spent) / 2 : 0)
      mark = min(mark, limit)
    }
    if let free = observer?.freeByteCount, free > reserveByteCount {
      reserveByteCount += (free - reserveByteCount) / 2
    }
    return scope
  }

  /// Ends what `begin` began. Scopes end in the opposite order.
  @inline(never)
  public func end(_ scope: Scope) {
    guard let share = scope.share else { return }
    share.isActive = false
    guard share.round == round else { return }
    // Once given up it is never gone on with.
    share.spent = isGivenUp ? .max : share.spent &+ (spent &- scope.start)
    isGivenUp = false
    purpose = scope.purpose
    limit = scope.limit
    reserveByteCount = scope.reserve
  }
}

/// What one file system, disk or menu has used up of an account: at most half of what is left when
/// it comes to it, however often that is.
public final class WorkShare {
  fileprivate var spent: UInt64 = 0
  fileprivate var round: UInt64 = 0
  fileprivate var isActive = false

  /// What it is for, for people; empty if that goes without saying.
  public let name: ByteString

  /// A share of which nothing is used.
  public init(_ name: ByteString = "") { self.name = name }
}
