// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What an entry or a command line asks for.
public indirect enum EntryOutcome: Sendable {
  /// To boot a kernel.
  case boot(BootTarget)
  /// To show a menu: a submenu, or that of another file.
  case menu(Menu)
  /// To restart the domain.
  case reboot
  /// To end the domain.
  case halt
  /// To leave this many menus, the shown one first.
  case close(menuCount: Int)
  /// To leave the loader.
  case exit
}

/// What running an entry gave.
public struct EntryRun: Sendable {
  /// What it asks for.
  public var outcome: EntryOutcome
  /// What was skipped.
  public var warnings: [MenuWarning]
  /// What it printed.
  public var output: ByteString
}
