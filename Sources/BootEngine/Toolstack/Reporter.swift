// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import MenuScreen
import StubMachine
import XenFrontends

/// The report that a toolstack reads in xenstore (decision 0046).
final class Reporter<M: Machine> {
  /// The most nanoseconds that one state's report waits for xenstore; after that there is no more.
  private static var timeLimit: UInt64 { 2_000_000_000 }

  /// Whether xenstore is still told how far the loader is.
  private enum State {
    case notYet
    case on
    /// xenstore refused or did not answer: it is not asked again.
    case off
  }

  /// What is reported next.
  var report = BootReport()
  private let store: XenStore<M>
  private var state = State.notYet

  init(_ store: XenStore<M>) { self.store = store }

  /// Tells that `reached` is reached, after `times`, and all that is known by then. Gives a line
  /// for the administrator if there will be no more reports.
  func tell(_ reached: BootReport.State, times: ByteString) -> ByteString? {
    guard state != .off else { return nil }
    report.state = reached
    report.times = times
    do throws(XenStoreError) {
      if state == .notYet { try removeOldReport() }
      state = .on
      try store.write(report.takeChanges(), within: Self.timeLimit)
      return nil
    } catch {
      state = .off
      return "no report in xenstore: \(error.message)"
    }
  }

  /// Tells why an attempt failed, once.
  func tellFailure(_ reason: ByteString, times: ByteString) -> ByteString? {
    let error = TerminalText.harmless(reason)
    if report.state == .failed, report.error == error { return nil }
    report.error = error
    return tell(.failed, times: times)
  }

  /// Takes away what a loader before this one in the same domain reported.
  private func removeOldReport() throws(XenStoreError) {
    let usual = store.timeLimit
    store.timeLimit = Self.timeLimit
    defer { store.timeLimit = usual }
    try store.removeIfPresent(BootReport.path)
  }
}
