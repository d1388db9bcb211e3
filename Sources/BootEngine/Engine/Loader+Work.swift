// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import StubMachine
import XenFrontends

/// What a user sees and may do while a disk or a menu makes much work.
final class WorkWatch {
  /// Nanoseconds of silence after which a line says what is going on.
  static var silenceMax: UInt64 { 500_000_000 }

  private var lastLineTime: UInt64
  private var lastPurpose: ByteString?
  /// Whether a line has said that Escape ends it. Before that the key is meant for the menu.
  private(set) var isEscapeOffered = false

  /// Nothing is said yet at `now`, in nanoseconds.
  init(now: UInt64) { lastLineTime = now }

  /// A line that is due; nil if none is. The same is not said twice in a row.
  func line(purpose: ByteString, now: UInt64) -> ByteString? {
    guard now >= lastLineTime &+ Self.silenceMax else { return nil }
    lastLineTime = now
    isEscapeOffered = true
    if purpose == lastPurpose { return nil }
    lastPurpose = purpose
    return "still working\(purpose.isEmpty ? "" : " on \(purpose)"); Esc gives it up"
  }

  /// Something else was said, or something else begins.
  func restart(now: UInt64) {
    lastLineTime = now
    lastPurpose = nil
    isEscapeOffered = false
  }
}

extension Loader: WorkObserver {
  private static var escape: UInt8 { 0x1b }

  /// Obeys the toolstack and the keyboard, and says what is going on when it takes long. An arrow
  /// key begins with Escape too, but comes with more. Ctrl-C ends a person's command at once.
  public func look(at account: WorkAccount) -> WorkAccount.Order {
    obeyToolstack()
    if wantedEnd != nil { return .stop }
    // While files are loaded the progress line says what is going on.
    if progress == nil, let line = watch.line(purpose: account.purpose, now: machine.now) {
      note(line)
    }
    let bytes = console.read()
    let isInterrupt = bytes == [Self.escape] || bytes.contains(Self.controlC)
    if isInterrupt, watch.isEscapeOffered || !account.isLimited {
      watch.restart(now: machine.now)
      return .giveUpShare
    }
    keep(bytes)
    return .goOn
  }

  /// The memory that neither the heap nor anybody else uses.
  public var freeByteCount: UInt64 { machine.freeFrameCount * Page.byteCount }

  /// Gives a search its account.
  func beginSearch() {
    watch.restart(now: machine.now)
    work.observer = self
    if machine.stackBottom > 0 {
      work.stackLimit = machine.stackBottom + WorkLimits.stackReserveByteCount
    }
    work.renew(
      limit: WorkLimits.search, reserveByteCount: WorkLimits.searchReserveByteCount)
  }

  /// Gives an attempt to load an entry its account.
  func beginAttempt() {
    watch.restart(now: machine.now)
    work.renew(
      limit: WorkLimits.attempt, reserveByteCount: WorkLimits.attemptReserveByteCount)
  }
}
