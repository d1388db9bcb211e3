// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MenuScreen

/// Starting entries, and what follows when one fails.
extension Session {
  /// How deep a default may lead through submenus; each of them is a menu that a script made.
  private static var defaultDepthMax: Int { MenuLimits.callDepthMax }

  /// Runs an entry of the shown menu, or of another. A source takes the place of the entry's own.
  func start(_ index: Int, source: ByteString? = nil, of menu: Menu, isUnlocked: Bool) {
    guard menu.entries.indices.contains(index) else { return }
    beginAttempt()
    var entry = menu.entries[index]
    if let source { entry = entry.edited(source: source) }
    let titles =
      Array(openTitles.prefix(screen?.depth ?? 0)) + [TerminalText.harmless(entry.title)]
    do throws(MenuError) {
      switch try run(entry, index, of: menu, rest: "", isUnlocked: isUnlocked) {
      case .boot(let target):
        boot(PendingBoot(target, title: entry.title, titles: titles))
      case .menu(let inner):
        save(inner.savedVariables)
        openTitles = titles
        screen?.open(inner, title: entry.title)
      case .reboot: end(.reboot)
      case .halt: end(.powerOff)
      case .close(let menuCount): screen?.close(menuCount: menuCount)
      case .exit: break
      }
    } catch { fail(entry.title, titles, error.message) }
  }

  private func run(
    _ entry: BootEntry, _ index: Int, of menu: Menu, rest: ByteString, isUnlocked: Bool
  ) throws(MenuError) -> EntryOutcome {
    let run = try MenuInterpreter(environment: environment)
      .run(entry, index: index, of: menu, rest: rest, isUnlocked: isUnlocked)
    warn(run.warnings)
    return run.outcome
  }

  /// Asks for a boot.
  func boot(_ boot: PendingBoot) {
    if boot.title != nil, let bytes = screen?.leave() { write(bytes) }
    save(boot.target.savedVariables)
    pending = boot
    effects.append(.boot(boot.target, titles: boot.titles))
  }

  /// Tells why an entry failed: one whole line for those who read the console's log, then the
  /// screen for a person.
  private func fail(_ title: ByteString, _ titles: [ByteString], _ reason: ByteString) {
    effects.append(.reportFailure(titles: titles, reason: reason))
    if let bytes = screen?.leave() { write(bytes) }
    say("pvgrub-swift: \(title): \(reason)")
    screen?.report("\(title): \(reason)")
    screen?.redraw()
  }

  /// A boot failed: what is next is an entry's first module, the next unattended entry, or a
  /// person.
  func takeFailure(_ report: BootFailureReport) {
    guard let failed = pending else { return }
    pending = nil
    // The menu boots Xen itself: boot its first module, as pygrub does.
    if report.isKernel32Bit, !failed.isFirstModule, let linux = failed.target.linuxAmongModules {
      say("pvgrub-swift: \(report.error.message)")
      say("pvgrub-swift: this looks like Xen itself; booting its first module instead")
      pending = PendingBoot(
        linux, title: failed.title, titles: failed.titles, isFirstModule: true)
      effects.append(.boot(linux, titles: failed.titles))
      return
    }
    if let title = failed.title {
      fail(title, failed.titles, report.error.message)
      if unattended != nil { return bootNext() }
      return drawMenu()
    }
    effects.append(.reportFailure(titles: [], reason: report.error.message))
    say(report.error.message)
    if let shell { write(shell.editor.shown()) }
  }

  /// Gives entries that are run an account of work; what is loaded then has one of its own.
  func beginAttempt() {
    environment.work.renew(
      limit: WorkLimits.attempt, reserveByteCount: WorkLimits.searchReserveByteCount)
  }

  // MARK: Unattended

  /// The default, then its fallbacks; each failure is told. Then the menu waits for a person.
  func bootUnattended(_ menu: Menu) {
    unattended = UnattendedBoot(
      menu, BootPolicy.unattendedOrder(of: menu, onFailure: options.onFailure))
    bootNext()
  }

  private func bootNext() {
    guard let boot = unattended else { return }
    beginAttempt()
    while let selection = boot.takeNext() {
      // An entry that never ends leaves half of the account to those that follow.
      let scope = environment.work.begin(WorkShare())
      startUnattended(selection, of: boot.menu)
      environment.work.end(scope)
      if isLeaving { return }
    }
    let menu = boot.menu
    unattended = nil
    // Somebody who comes to a locked default is asked for its password, as GRUB asks.
    if let index = menu.defaultSelection?.index { ask(for: .start(index: index)) }
    if let line = endUnlessAttended() {
      say("pvgrub-swift: \(line)")
      screen?.report(line)
      screen?.redraw()
    }
    drawMenu()
  }

  /// Starts an entry while nobody is there. A default such as `1>0`, or one that opens another
  /// menu, goes on inside of it.
  private func startUnattended(_ first: Menu.Selection, of outermost: Menu) {
    let isUnlocked = BootPolicy.bootsWithoutPassword(first, of: outermost, options: options)
    var (selection, menu) = (first, outermost)
    var titles: [ByteString] = []
    for _ in 0..<Self.defaultDepthMax {
      guard menu.entries.indices.contains(selection.index) else { return }
      let entry = menu.entries[selection.index]
      titles.append(TerminalText.harmless(entry.title))
      do throws(MenuError) {
        switch try run(
          entry, selection.index, of: menu, rest: selection.rest, isUnlocked: isUnlocked)
        {
        case .boot(let target):
          return boot(PendingBoot(target, title: entry.title, titles: titles))
        case .menu(let inner):
          save(inner.savedVariables)
          guard let next = inner.defaultSelection else { return }
          (selection, menu) = (next, inner)
        case .reboot: return end(.reboot)
        case .halt: return end(.powerOff)
        case .close, .exit: return
        }
      } catch { return fail(entry.title, titles, error.message) }
    }
  }
}
