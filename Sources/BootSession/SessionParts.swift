// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import BootPlan
import Bytes
import MenuScreen

// Classes: a session changes them in place, and copies of what is in them are large.

/// The command line, with what was typed and set in it.
final class Shell<Environment: RescueEnvironment> {
  var editor: CommandLine
  var commands: CommandSession<Environment>
  /// The line that Enter ended, until the next step runs it: first its end is shown.
  var line: ByteString?
  /// Whether Escape goes back to a menu.
  let hasMenu: Bool

  init(editor: CommandLine, commands: CommandSession<Environment>, hasMenu: Bool) {
    self.editor = editor
    self.commands = commands
    self.hasMenu = hasMenu
  }
}

/// A password that is being compared.
final class RunningTrial {
  var trial: PasswordTrial
  let answer: PasswordAnswer

  init(_ trial: PasswordTrial, _ answer: PasswordAnswer) {
    self.trial = trial
    self.answer = answer
  }
}

/// Entries that are tried in order while nobody is there.
final class UnattendedBoot {
  let menu: Menu
  private var rest: [Menu.Selection]

  init(_ menu: Menu, _ order: [Menu.Selection]) {
    self.menu = menu
    rest = order
  }

  /// The next entry to try.
  func takeNext() -> Menu.Selection? { rest.isEmpty ? nil : rest.removeFirst() }
}

/// A boot that was asked for.
final class PendingBoot {
  let target: BootTarget
  /// The entry's title; nil if it was typed at the command line.
  let title: ByteString?
  /// The titles of the menus around it, and its own.
  let titles: [ByteString]
  /// Whether it is the first module of what was asked for.
  let isFirstModule: Bool

  init(
    _ target: BootTarget, title: ByteString?, titles: [ByteString], isFirstModule: Bool = false
  ) {
    self.target = target
    self.title = title
    self.titles = titles
    self.isFirstModule = isFirstModule
  }
}
