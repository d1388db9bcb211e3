// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import Bytes

/// What decides when nobody is at the console.
public enum BootPolicy {
  /// Seconds that take the place of an endless timeout: no boot waits for ever because of what the
  /// guest's disk says.
  public static let endlessTimeoutSeconds = 30

  /// The longest timeout that a menu gets, in seconds: a day.
  public static let timeoutSecondsMax = 86_400

  /// The seconds until the default boots, and a line for the log when they are not the menu's own.
  public static func timeout(
    of menu: Menu, options: HostOptions
  ) -> (seconds: Int, remark: ByteString?) {
    if let seconds = options.timeoutSeconds { return (seconds, nil) }
    // What a script waits for a key while it is read comes before its menu's own timeout; where it
    // sets none, the wait is all there is.
    let wait = min(max(menu.interruptibleSeconds, 0), timeoutSecondsMax)
    if let own = menu.timeoutSeconds, own >= 0 {
      return (min(own, timeoutSecondsMax - wait) + wait, nil)
    }
    if menu.timeoutSeconds == nil, wait > 0 { return (wait, nil) }
    return (
      endlessTimeoutSeconds,
      "the menu would wait for ever; the default boots after \(endlessTimeoutSeconds) s"
    )
  }

  /// Whether a person may have the command line, with which anything can be booted: not beside a
  /// menu that asks for a password, or that says that nobody may type anything.
  public static func allowsCommandLine(_ menu: Menu) -> Bool {
    menu.isEditable && menu.passwords.isEmpty && menu.superusers.isEmpty
  }

  /// The entries to try without a person, in order, each once: the default, then its fallbacks.
  public static func unattendedOrder(of menu: Menu) -> [Menu.Selection] {
    var result: [Menu.Selection] = []
    if let first = menu.defaultSelection { result.append(first) }
    for selection in menu.fallbackSelections where !result.contains(selection) {
      result.append(selection)
    }
    return result
  }
}
