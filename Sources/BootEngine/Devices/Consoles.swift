// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import StubMachine
import XenFrontends

/// Where a person looks and types: the console, and the display if the guest has one. Both show the
/// same, and keys come from either.
final class Consoles<M: Machine> {
  /// The display, connected or not; nil if the guest has none.
  var display: Display<M>?

  private let console: Console<M>

  /// The console alone.
  init(_ console: Console<M>) { self.console = console }

  /// How long output to the console waits for a reader, in nanoseconds.
  var timeLimit: UInt64 { console.timeLimit }

  /// The event channels of what a person types.
  var ports: [UInt32] { [console.port] + (display?.port.map { [$0] } ?? []) }

  /// Shows bytes for a VT100.
  func write(_ bytes: [UInt8]) {
    console.write(bytes)
    display?.write(bytes)
  }

  /// Shows bytes that nobody misses, such as a progress line, if the console's reader keeps up;
  /// says whether it did.
  func writeIfIdle(_ bytes: @autoclosure () -> [UInt8]) -> Bool {
    guard console.isDrained else { return false }
    write(bytes())
    return true
  }

  /// What has been typed since the last call; never waits.
  func read() -> [UInt8] { console.read() + (display?.read() ?? []) }

  /// False if something has been typed already; else `ports` can be polled next.
  func prepareToSleep() -> Bool {
    let isConsoleQuiet = console.prepareToSleep()
    let isDisplayQuiet = display?.prepareToSleep() ?? true
    return isConsoleQuiet && isDisplayQuiet
  }

  /// Waits until the console's reader has taken all output, at most until `deadline`.
  func flush(until deadline: UInt64) { console.flush(until: deadline) }
}
