// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MenuScreen
import MiniOS
import XenFrontends

/// Passwords in front of what a person wants of a menu.
extension Loader {
  /// Does what a person wants of the shown menu, or asks for the password that it takes.
  func perform(_ act: MenuAct, _ given: GivenPasswords, on screen: inout MenuScreen) {
    if !mayType(act, on: screen) {
      return screen.report("this menu says that nobody may type commands")
    }
    if ask(for: act, given, on: &screen) { return }
    switch act {
    case .start(let index): start(index, of: screen.menu, isUnlocked: true, on: &screen)
    case .edit(let index): screen.edit(index: index)
    case .commandLine:
      console.write(screen.leave().bytes)
      runShell(screen.menus.first)
      screen.adopt(terminal)
      screen.redraw()
    case .unlock: screen.report("the menu is unlocked")
    }
  }

  private func mayType(_ act: MenuAct, on screen: MenuScreen) -> Bool {
    switch act {
    case .edit, .commandLine: screen.menus.allSatisfy { $0.isEditable }
    case .start, .unlock: true
    }
  }

  /// Asks for the password of the next lock in front of what is wanted; false if there is none.
  @discardableResult
  func ask(for act: MenuAct, _ given: GivenPasswords, on screen: inout MenuScreen) -> Bool {
    guard let lock = given.lock(before: act, in: screen.menus) else { return false }
    screen.ask(for: act, asksForUser: Menu.asksForUser(lock))
    return true
  }

  /// Tries what was typed, and goes on with what was wanted.
  func check(
    _ answer: PasswordAnswer, _ given: inout GivenPasswords, on screen: inout MenuScreen
  ) {
    guard let lock = given.lock(before: answer.act, in: screen.menus) else {
      return screen.accept()
    }
    var trial = PasswordTrial(user: answer.user, password: answer.password, at: lock)
    for complaint in trial.complaints { screen.report(complaint) }
    var state = trial.step()
    while state == .running {
      obeyToolstack()
      state = trial.step()
    }
    guard case .right(let password) = state else { return screen.refuse(now: hypervisor.now) }
    screen.accept()
    given.add(password)
    do throws(MenuError) {
      let interpreter = MenuInterpreter(environment: environment)
      if let inner = try interpreter.menu(behind: password, of: screen.menu) {
        screen.open(inner, title: inner.file.path)
      } else {
        perform(answer.act, given, on: &screen)
      }
    } catch { screen.report(error.message) }
  }
}
