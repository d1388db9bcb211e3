// SPDX-License-Identifier: GPL-2.0-or-later
public import BootPlan
import BlockIO
public import BootSession
public import Bytes
import MenuScreen
public import StubMachine
import XenFrontends

/// The boot loader on a machine: it brings the machine's events to a `Session`, and does what that
/// wants. `run` ends with the address to jump to, or with the end of the domain.
public final class Loader<M: PVMachine> {
  /// Nanoseconds of sleep at most before the console and xenstore are looked at again.
  private static var sleepMax: UInt64 { 5_000_000_000 }
  /// Bytes that are kept of what is typed while a command runs.
  static var typedByteCountMax: Int { 4096 }

  let machine: M
  let console: Consoles<M>
  let store: XenStore<M>
  let grants: GrantTable<M>
  let toolstack: Toolstack<M>
  let reporter: Reporter<M>

  /// What the host asked for.
  public internal(set) var options: HostOptions
  /// The failures that the host wants to see.
  var failures: FailureSchedule?
  let disks = Disks<M>()
  /// What pays for the work that disks and menus make.
  let work = WorkAccount(limit: WorkLimits.search)
  /// What the user is told of it.
  let watch: WorkWatch
  var environment = GuestEnvironment<CachedDisk<M>>(GuestDisks([]))
  /// The host's module, if it is an initial ramdisk for the kernel.
  var hostRamdisk: HostRamdisk?
  /// Where the time goes.
  var times: BootTimes
  /// The line that shows how far an entry is read, while it is.
  var progress: ProgressLine?
  /// What was typed while a command ran.
  var typedAhead: [UInt8] = []
  /// How the toolstack wants the domain to end, from when it says so.
  var wantedEnd: DomainEnd?

  /// The loader of a domain that has started, with its console, xenstore and grants.
  public init(_ machine: M) throws(BootError) {
    self.machine = machine
    let entry = machine.entry
    options = HostOptions(entry.commandLine)
    failures = options.failures
    times = BootTimes(now: machine.now)
    watch = WorkWatch(now: machine.now)
    guard let consolePage = entry.console.page, let storePage = entry.store.page else {
      throw BootError(.device, "Xen gave no ring for console or xenstore")
    }
    console = Consoles(
      Console(page: consolePage, port: entry.console.port, hypervisor: machine))
    store = XenStore(page: storePage, port: entry.store.port, hypervisor: machine)
    toolstack = Toolstack(store)
    reporter = Reporter(store)
    do throws(GrantError) {
      grants = try GrantTable(hypervisor: machine)
    } catch { throw BootError(error) }
  }

  /// How a run ends.
  public enum Outcome {
    /// The new domain's last step is code at this address.
    case jump(to: UInt64)
    /// The domain ends.
    case end(DomainEnd)
    /// Xen refused what can't be undone any more.
    case refused
  }

  /// Finds the guest's menu, lets a person or the clock choose, and becomes the guest.
  public func run() -> Outcome {
    beginSearch()
    defer { work.observer = nil }
    connectDisks()
    let menu = findMenu()
    let session = Session(
      environment: environment, options: options, title: "pvgrub-swift",
      root: environment.disks.firstMounted.map { environment.disks.name(of: $0) } ?? "",
      // The console shows what the display shows, which has one size.
      terminal: TerminalSizing(isAsked: console.display == nil))
    environment.machine = self
    defer { environment.machine = nil }
    var effects = session.step(.found(menu), now: machine.now)
    while true {
      // A command may have been told to end, or may have found a backend dead. First: what that
      // says belongs above the prompt.
      if let wantedEnd { return end(wantedEnd) }
      note(disks.revive())
      var failure: BootFailureReport?
      for effect in effects {
        switch effect {
        case .write(let bytes): console.write(bytes.bytes)
        case .say(let line): say(line)
        case .save(let variables): save(variables)
        case .reportMenu: tell(.menu)
        case .reportFailure(let titles, let reason): tellFailure(titles, reason)
        case .boot(let target, let titles):
          switch boot(target, titles, isAnswerDue: { session.isTerminalAnswerDue }) {
          case .ready(let handOver):
            guard let address = handOver.commit() else { return .refused }
            return .jump(to: address)
          case .failed(let report): failure = report
          }
        case .end(let how): return end(how)
        }
      }
      if let wantedEnd { return end(wantedEnd) }
      let event = failure.map { .bootFailed($0) } ?? nextEvent(session)
      if let wantedEnd { return end(wantedEnd) }
      watch.restart(now: machine.now)
      effects = session.step(event, now: machine.now)
    }
  }

  /// Sleeps until a key, a request of the toolstack, or the time at which the session wants a tick.
  private func nextEvent(_ session: Session<GuestEnvironment<CachedDisk<M>>>) -> SessionEvent {
    let deadline = session.deadline(now: machine.now)
    let limit = min(deadline ?? .max, machine.now + Self.sleepMax)
    while true {
      switch toolstack.look() {
      case .end(let how)?:
        wantedEnd = how
        return .tick
      case .line(let line)?: return .toolstackSaid("pvgrub-swift: \(line)")
      case nil: break
      }
      let bytes = typedAhead + console.read()
      typedAhead = []
      if !bytes.isEmpty { return .input(bytes) }
      guard machine.now < limit else { return .tick }
      // Both rings are looked at once more after their pending bits are cleared.
      if console.prepareToSleep(), toolstack.isQuiet {
        machine.poll(ports: console.ports + (toolstack.port.map { [$0] } ?? []), until: limit)
      }
    }
  }

  /// Ends the domain with its disks and its display closed.
  private func end(_ how: DomainEnd) -> Outcome {
    note(disks.close())
    note(console.display?.close() ?? [])
    console.flush(until: machine.now + console.timeLimit)
    return .end(how)
  }

  /// Writes a line, without what would command the terminal: much of it comes from the disk.
  public func say(_ line: ByteString) {
    clearProgress()
    console.write((TerminalText.harmless(line) + "\n").bytes)
  }

  /// Writes lines for the administrator, with the loader's name.
  func note(_ lines: [ByteString]) { for line in lines { note(line) } }

  /// Writes a line for the administrator, if there is one, with the loader's name.
  func note(_ line: ByteString?) {
    if let line { say("pvgrub-swift: \(line)") }
  }

  /// Takes the progress line away for something else to be said.
  func clearProgress() {
    guard let text = progress?.clear(), !text.isEmpty else { return }
    console.write(text.bytes)
  }
}
