// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
import Bytes

extension MenuScreen {
  /// The longest wait after a wrong password, in seconds.
  static let waitSecondsMax: UInt64 = 8

  /// Asks for a password, and for a name if the menu has users, before `request` is granted. Ends
  /// the countdown.
  public mutating func ask(for act: MenuAct, asksForUser: Bool) {
    stopCountdown()
    mode = .prompt(PasswordPrompt(act: act, subject: subject(of: act), asksForUser: asksForUser))
  }

  /// The password was right: back to the menu.
  public mutating func accept() {
    wrongCount = 0
    mode = .menu
  }

  /// The password was wrong, at the time `now`: all keys but Escape are ignored for a second, then
  /// it is asked for again. Each further wrong one doubles the wait.
  public mutating func refuse(now: UInt64) {
    guard case .prompt(var prompt) = mode else { return }
    let wait = min(1 << UInt64(min(wrongCount, 8)), MenuScreen.waitSecondsMax)
    wrongCount += 1
    prompt.clear()
    prompt.resumeTime = now &+ wait * MenuScreen.nanosecondsPerSecond
    mode = .prompt(prompt)
  }

  /// Handles a key while a password is typed.
  mutating func type(_ key: Key) -> Decision? {
    guard case .prompt(var prompt) = mode else { return nil }
    let result = prompt.react(to: key)
    mode = .prompt(prompt)
    switch result {
    case .answer(let answer)?: return .password(answer)
    case .left?:
      mode = .menu
      return nil
    case nil: return nil
    }
  }

  /// Asks again when the wait after a wrong password is over.
  mutating func resumePrompt(now: UInt64) {
    guard case .prompt(var prompt) = mode, let time = prompt.resumeTime, now >= time else { return }
    prompt.resumeTime = nil
    mode = .prompt(prompt)
  }

  private func subject(of act: MenuAct) -> ByteString {
    switch act {
    case .start(let index), .edit(let index):
      let entries = menu.entries
      return entries.indices.contains(index) ? entries[index].title : ""
    case .commandLine: return "the command line"
    case .unlock: return "the menu"
    }
  }
}
