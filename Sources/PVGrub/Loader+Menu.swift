// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MenuScreen
import MiniOS
import XenFrontends

extension Loader {
  /// Nanoseconds of sleep at most before the console and xenstore are looked at again.
  private static let sleepMax: UInt64 = 5_000_000_000

  /// Shows `menu` until an entry boots or a person asks for the command line.
  func runMenu(_ found: Menu) {
    let (menu, complaint) = BootPolicy.menu(found, options: options)
    if let complaint { say("pvgrub-swift: \(complaint)") }
    let (seconds, remark) = BootPolicy.timeout(of: menu, options: options)
    if let remark { say("pvgrub-swift: \(remark)") }
    warn(menu.warnings)
    save(menu.savedVariables)
    openTitles = []
    reportState(.menu)
    var screen = MenuScreen(
      title: "pvgrub-swift", menu: menu, timeoutSeconds: seconds, now: hypervisor.now,
      terminal: terminal)
    var given = GivenPasswords()
    var event = MenuScreen.Event.tick
    while true {
      let step = screen.step(event, now: hypervisor.now)
      console.write(step.output.bytes)
      terminal = screen.terminal
      switch step.decision {
      case .choose(let index): perform(.start(index: index), given, on: &screen)
      case .edit(let index): perform(.edit(index: index), given, on: &screen)
      case .commandLine: perform(.commandLine, given, on: &screen)
      case .unlock: perform(.unlock, given, on: &screen)
      case .password(let answer): check(answer, &given, on: &screen)
      case .boot(let index, let source):
        start(index, source: source, of: screen.menu, isUnlocked: true, on: &screen)
      case .complete(let request):
        let session = CommandSession(environment: environment, menu: screen.menu)
        screen.complete(session.completion(request))
      case .timeout: bootUnattended(menu, on: &screen)
      case nil:
        event = waitForInput(until: screen.deadline(now: hypervisor.now))
        if isScreenSpoiled { screen.redraw() }
        isScreenSpoiled = false
        continue
      }
      event = .tick
    }
  }

  private func warn(_ warnings: [MenuWarning]) {
    if options.log == .quiet { return }
    for warning in warnings { say("pvgrub-swift: \(warning.message)") }
  }

  /// Lets the domain end after a time, as the host has it, unless a key comes: nothing boots, and
  /// nobody may be there.
  func endUnlessAttended() -> ByteString? {
    guard let how = options.onFailure.name else { return nil }
    let seconds = options.failureWaitSeconds
    endTime = hypervisor.now + UInt64(seconds) * 1_000_000_000
    return "nothing boots; without a key the domain ends in \(seconds) s (\(how))"
  }

  /// Ends the domain if its time is up.
  private func endIfUnattended() {
    guard let endTime, hypervisor.now >= endTime else { return }
    say("pvgrub-swift: nothing boots, and nobody is there: the domain ends")
    switch options.onFailure {
    case .crash, .next, .wait: end { StubDomain.crash() }
    case .powerOff: end { StubDomain.powerOff() }
    case .reboot: end { StubDomain.reboot() }
    }
  }

  /// The default, then its fallbacks; each failure is told. Then the menu waits for a person.
  private func bootUnattended(_ menu: Menu, on screen: inout MenuScreen) {
    defer {
      if let line = endUnlessAttended() {
        say("pvgrub-swift: \(line)")
        screen.report(line)
        screen.redraw()
      }
    }
    for selection in BootPolicy.unattendedOrder(of: menu, onFailure: options.onFailure) {
      start(
        selection.index, of: menu, rest: selection.rest, outer: [], isUnattended: true,
        isUnlocked: BootPolicy.bootsWithoutPassword(selection, of: menu, options: options),
        on: &screen)
    }
    // Somebody who comes to a locked default is asked for its password, as GRUB asks.
    if let index = menu.defaultSelection?.index {
      ask(for: .start(index: index), GivenPasswords(), on: &screen)
    }
  }

  /// Runs an entry. Returns only if it opened a menu or failed. A source takes the place of the
  /// entry's own. The titles of the menus around it are `outer`, or those on the screen.
  func start(
    _ index: Int, source: ByteString? = nil, of menu: Menu, rest: ByteString = "",
    outer: [ByteString]? = nil, isUnattended: Bool = false, isUnlocked: Bool = false,
    on screen: inout MenuScreen
  ) {
    guard menu.entries.indices.contains(index) else { return }
    var entry = menu.entries[index]
    if let source { entry = entry.edited(source: source) }
    let title = entry.title
    choose(title, in: outer?[...] ?? openTitles.prefix(screen.depth))
    defer { chosenTitles = [] }
    do throws(BootError) {
      switch try outcome(entry, index, of: menu, rest: rest, isUnlocked: isUnlocked) {
      case .boot(let target):
        console.write(screen.leave().bytes)
        save(target.savedVariables)
        try boot(target)
      case .menu(let inner) where isUnattended:
        // A default such as `1>0`, or one that opens another menu, goes on inside of it.
        save(inner.savedVariables)
        guard let selection = inner.defaultSelection else { break }
        start(
          selection.index, of: inner, rest: selection.rest, outer: chosenTitles,
          isUnattended: true, isUnlocked: isUnlocked, on: &screen)
      case .menu(let inner):
        save(inner.savedVariables)
        openTitles = chosenTitles
        screen.open(inner, title: title)
      case .reboot: end { StubDomain.reboot() }
      case .halt: end { StubDomain.powerOff() }
      case .close(let menuCount): screen.close(menuCount: menuCount)
      case .exit: break
      }
    } catch {
      report.entry = BootReport.entryPath(chosenTitles)
      reportFailure(error.message)
      // One whole line for those who read the console's log, then the screen for a person.
      console.write(screen.leave().bytes)
      say("pvgrub-swift: \(title): \(error.message)")
      screen.report("\(title): \(error.message)")
      screen.redraw()
    }
  }

  /// Writes what a menu or an entry wants to be kept, and tells what came of it.
  private func save(_ variables: [BootTarget.SavedVariable]) {
    guard !variables.isEmpty else { return }
    let connected = disks.filter { $0.status == .connected }
    for line in environment.save(variables, options: options) { say("pvgrub-swift: \(line)") }
    // A backend that never answers a write costs its connection, but not the boot. Drives that
    // were not connected before are not waited for again.
    connect(connected.filter { !$0.settle() || $0.status != .connected })
  }

  private func outcome(
    _ entry: BootEntry, _ index: Int, of menu: Menu, rest: ByteString, isUnlocked: Bool
  ) throws(BootError) -> EntryOutcome {
    do throws(MenuError) {
      let run = try MenuInterpreter(environment: environment)
        .run(entry, index: index, of: menu, rest: rest, isUnlocked: isUnlocked)
      warn(run.warnings)
      return run.outcome
    } catch { throw BootError(error) }
  }

  /// Sleeps until a key, a request of the toolstack, or `deadline`.
  func waitForInput(until deadline: UInt64?) -> MenuScreen.Event {
    let limit = min(deadline ?? .max, endTime ?? .max, hypervisor.now + Self.sleepMax)
    while true {
      let hasSpoken = obeyToolstack()
      let bytes = console.read()
      if !bytes.isEmpty {
        endTime = nil
        return .input(bytes)
      }
      endIfUnattended()
      guard hypervisor.now < limit, !hasSpoken else { return .tick }
      // Both rings are looked at once more after their pending bits are cleared.
      if console.prepareToSleep(), isToolstackQuiet() {
        let ports = console.ports + (shutdownWatch == nil ? [] : [store.port])
        hypervisor.poll(ports: ports, until: limit)
      }
    }
  }

  /// Whether xenstore has no event for us, so that its port can be slept on.
  private func isToolstackQuiet() -> Bool {
    guard shutdownWatch != nil else { return true }
    do throws(XenStoreError) {
      return try store.prepareToSleep(tokens: [ShutdownWatch<XenHypervisor>.token])
    } catch { return true }
  }

  /// Ends the domain if `xl shutdown` or `xl reboot` asks for it. Says what else is asked, and
  /// whether it said something.
  @discardableResult
  func obeyToolstack() -> Bool {
    guard let shutdownWatch else { return false }
    let line: ByteString
    do throws(XenStoreError) {
      switch try shutdownWatch.poll() {
      case .powerOff: end { StubDomain.powerOff() }
      case .reboot: end { StubDomain.reboot() }
      case .suspend: line = "the toolstack wants to suspend the domain, which only a kernel can"
      case .unknown(let word): line = "the toolstack wants '\(word)', which nobody here knows"
      case nil: return false
      }
    } catch {
      line = error.message
      self.shutdownWatch = nil
    }
    say("pvgrub-swift: \(line)")
    isScreenSpoiled = true
    return true
  }

  /// Ends the domain with its disks and its display closed.
  func end(_ how: () -> Never) -> Never {
    for disk in disks where disk.status == .connected {
      do throws(DiskError) { try disk.close() } catch { say("pvgrub-swift: \(error.message)") }
    }
    for line in console.display?.close() ?? [] { say("pvgrub-swift: \(line)") }
    console.flush(until: hypervisor.now + console.timeLimit)
    how()
  }
}
