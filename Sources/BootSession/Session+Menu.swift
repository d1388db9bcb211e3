// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MenuScreen

/// The menu.
extension Session {
  /// Brings a menu to the front, in place of what was there.
  func open(_ found: Menu) {
    let (menu, complaint) = BootPolicy.menu(found, options: options)
    if let complaint { say("pvgrub-swift: \(complaint)") }
    let (seconds, remark) = BootPolicy.timeout(of: menu, options: options)
    if let remark { say("pvgrub-swift: \(remark)") }
    warn(menu.warnings)
    save(menu.savedVariables)
    openTitles = []
    given = GivenPasswords()
    shell = nil
    effects.append(.reportMenu)
    screen = MenuScreen(
      title: title, menu: menu, timeoutSeconds: seconds, now: now, terminal: terminal)
    drawMenu()
  }

  func warn(_ warnings: [MenuWarning]) {
    if options.log == .quiet { return }
    for warning in warnings { say("pvgrub-swift: \(warning.message)") }
  }

  func save(_ variables: [BootTarget.SavedVariable]) {
    if variables.isEmpty { return }
    effects.append(.save(variables))
    // An entry that runs in the same step reads what is saved by then.
    environment.expectSave(of: variables)
  }

  /// Shows the menu as it is now. A countdown of no seconds is over at once.
  func drawMenu() { stepMenu([]) }

  /// Gives keys to the menu, and does what is decided until nothing more is.
  func stepMenu(_ input: [UInt8]) {
    var event = input.isEmpty ? MenuScreen.Event.tick : .input(input)
    // Ends: a decision takes a key or the countdown, and a tick brings no new ones.
    while !isLeaving, shell == nil, trial == nil, let step = screen?.step(event, now: now) {
      write(step.output)
      if let known = screen?.terminal { terminal = known }
      guard let decision = step.decision else { return }
      decide(decision)
      event = .tick
    }
  }

  private func decide(_ decision: MenuScreen.Decision) {
    switch decision {
    case .choose(let index): perform(.start(index: index))
    case .edit(let index): perform(.edit(index: index))
    case .commandLine: perform(.commandLine)
    case .unlock: perform(.unlock)
    case .password(let answer): check(answer)
    case .boot(let index, let source):
      if let menu = screen?.menu { start(index, source: source, of: menu, isUnlocked: true) }
    case .complete(let request):
      beginAttempt()
      let commands = CommandSession(environment: environment, menu: screen?.menu)
      screen?.complete(commands.completion(request))
    case .timeout: if let menu = screen?.menus.first { bootUnattended(menu) }
    }
  }

  // MARK: Locks

  /// Does what a person wants of the shown menu, or asks for the password that it takes.
  private func perform(_ act: MenuAct) {
    let menus = screen?.menus ?? []
    guard let shown = menus.last, let outermost = menus.first else { return }
    if !Self.mayType(act, in: menus) {
      screen?.report("this menu says that nobody may type commands")
      return
    }
    if ask(for: act) { return }
    switch act {
    case .start(let index): start(index, of: shown, isUnlocked: true)
    case .edit(let index): screen?.edit(index: index)
    case .commandLine:
      if let bytes = screen?.leave() { write(bytes) }
      openShell(outermost)
    case .unlock: screen?.report("the menu is unlocked")
    }
  }

  private static func mayType(_ act: MenuAct, in menus: [Menu]) -> Bool {
    switch act {
    case .edit, .commandLine: menus.allSatisfy { $0.isEditable }
    case .start, .unlock: true
    }
  }

  /// Asks for the password of the next lock in front of what is wanted; false if there is none.
  @discardableResult
  func ask(for act: MenuAct) -> Bool {
    guard let lock = given.lock(before: act, in: screen?.menus ?? []) else { return false }
    screen?.ask(for: act, asksForUser: Menu.asksForUser(lock))
    return true
  }

  /// Begins to try what was typed.
  private func check(_ answer: PasswordAnswer) {
    guard let lock = given.lock(before: answer.act, in: screen?.menus ?? []) else {
      screen?.accept()
      return
    }
    let trial = PasswordTrial(user: answer.user, password: answer.password, at: lock)
    for complaint in trial.complaints { screen?.report(complaint) }
    self.trial = RunningTrial(trial, answer)
  }

  /// Compares a little more of a password, and goes on with what was wanted when it is right.
  func continueTrial() {
    guard let running = trial else { return }
    let state = running.trial.step()
    if case .running = state { return }
    trial = nil
    guard case .right(let password) = state, let menu = screen?.menu else {
      screen?.refuse(now: now)
      return drawMenu()
    }
    screen?.accept()
    given.add(password)
    beginAttempt()
    do throws(MenuError) {
      let interpreter = MenuInterpreter(environment: environment)
      if let inner = try interpreter.menu(behind: password, of: menu) {
        screen?.open(inner, title: inner.file.path)
      } else {
        perform(running.answer.act)
      }
    } catch { screen?.report(error.message) }
    drawMenu()
  }
}
