// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import BootSession
import Bytes
import TestSupport

/// A session over a few files, a clock that the test moves, and everything that came out of it.
final class SessionLab {
  static let second: UInt64 = 1_000_000_000

  let environment: FakeEnvironment
  let session: Session<FakeEnvironment>
  private(set) var effects: [SessionEffect] = []
  var now: UInt64 = 100 * second

  /// A session with the host's words, and with files beside the menu.
  init(_ extra: ByteString = "", files: [(String, String)] = []) {
    environment = FakeEnvironment(
      devices: [FakeEnvironment.Device(name: "hd0,msdos1", uuid: "1234")], files: files)
    session = Session(
      environment: environment, options: HostOptions(extra), title: "pvgrub-swift",
      root: "hd0,msdos1")
  }

  /// Gives the session an event; what came of it.
  @discardableResult
  func step(_ event: SessionEvent) -> [SessionEffect] {
    let new = session.step(event, now: now)
    effects += new
    return new
  }

  /// Shows the menu that a grub.cfg describes.
  @discardableResult
  func open(_ script: String) throws -> [SessionEffect] {
    let file = MenuFile(device: "hd0,msdos1", path: "/boot/grub/grub.cfg")
    let menu = try MenuInterpreter(environment: environment)
      .menu(ByteString(script), file: file, format: .grub2)
    return step(.found(menu))
  }

  /// Types, and gives the ticks that the session wants at once.
  @discardableResult
  func type(_ text: String) -> [SessionEffect] {
    var new = step(.input(Array(text.utf8)))
    while !new.contains(where: { $0.leaves }), end == nil,
      let deadline = session.deadline(now: now), deadline <= now
    { new += step(.tick) }
    return new
  }

  /// Lets time pass, with a tick whenever the session wants one, until something is to be booted or
  /// the domain is to end, or the time is over.
  func wait(seconds: UInt64) {
    let end = now + seconds * Self.second
    while now < end {
      now = min(end, max(session.deadline(now: now) ?? end, now + 1))
      let new = step(.tick)
      if new.contains(where: { $0.leaves }) { return }
    }
  }

  func fail(_ reason: ByteString = "no such file", isKernel32Bit: Bool = false) {
    step(
      .bootFailed(
        BootFailureReport(BootError(.corrupt, reason), isKernel32Bit: isKernel32Bit)))
  }

  /// The kernels that were asked for, in order.
  var kernels: [ByteString] {
    effects.compactMap { if case .boot(let target, _) = $0 { target.kernel.path } else { nil } }
  }

  /// The titles of the entries that were asked for, with those of their menus.
  var titles: [[ByteString]] {
    effects.compactMap { if case .boot(_, let titles) = $0 { titles } else { nil } }
  }

  /// The lines for the log.
  var lines: [ByteString] {
    effects.compactMap { if case .say(let line) = $0 { line } else { nil } }
  }

  /// How the domain ends, if it is to.
  var end: DomainEnd? {
    if case .end(let how)? = effects.last { how } else { nil }
  }

  /// All that was written to the terminal.
  var screen: ByteString {
    effects.reduce(into: ByteString()) { text, effect in
      if case .write(let bytes) = effect { text += bytes }
    }
  }
}

extension SessionEffect {
  /// Whether nothing may follow it in a step.
  var leaves: Bool {
    switch self {
    case .boot, .end: true
    default: false
    }
  }
}
