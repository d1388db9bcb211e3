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

  /// Seconds that a domain in which nothing boots waits for a person before it ends.
  public static let failureWaitSeconds = 300

  /// The most entries that `onfail=next` tries.
  public static let nextEntryCountMax = 16

  /// The seconds until the default boots, nil for ever, and a line for the log when they are not
  /// the menu's own.
  public static func timeout(
    of menu: Menu, options: HostOptions
  ) -> (seconds: Int?, remark: ByteString?) {
    if let seconds = options.timeoutSeconds { return (seconds, nil) }
    // A script's wait for a key comes before its menu's own timeout; if it sets none, the wait is
    // the timeout.
    let wait = min(max(menu.interruptibleSeconds, 0), timeoutSecondsMax)
    if let own = menu.timeoutSeconds, own >= 0 {
      return (min(own, timeoutSecondsMax - wait) + wait, nil)
    }
    if menu.timeoutSeconds == nil, wait > 0 { return (wait, nil) }
    if options.waitsForEver { return (nil, nil) }
    return (
      endlessTimeoutSeconds,
      "the menu would wait for ever; the default boots after \(endlessTimeoutSeconds) s"
    )
  }

  /// The menu with the host's entry as its default. The menu's own default becomes the first thing
  /// to try when that fails; it stays the default, with a line for the log, if the menu has nothing
  /// of the host's name.
  public static func menu(
    _ menu: Menu, options: HostOptions
  ) -> (menu: Menu, remark: ByteString?) {
    guard let entry = options.entry else { return (menu, nil) }
    guard menu.selection(named: entry) != nil else {
      return (menu, "entry=\(entry): the menu has no such entry; its own default stays")
    }
    var result = menu
    result.fallbackNames.insert(menu.defaultName.isEmpty ? "0" : menu.defaultName, at: 0)
    result.defaultName = entry
    return (result, nil)
  }

  /// Whether an entry boots without its password when nobody is there. GRUB asks for it then as
  /// well. The menu of syslinux does not ("a timeout will boot the default entry without any
  /// password"), but only where a menu's own timeout ends: not the entry that the host chose, nor
  /// one of a menu that would wait for ever.
  public static func bootsWithoutPassword(
    _ selection: Menu.Selection, of menu: Menu, options: HostOptions
  ) -> Bool {
    guard menu.format == .syslinux, options.entry == nil, let seconds = menu.timeoutSeconds,
      seconds >= 0
    else { return false }
    return selection == menu.defaultSelection || menu.fallbackSelections.contains(selection)
  }

  /// The entries to try without a person, in order, each once: the default, then its fallbacks, and
  /// with `onfail=next` the others that the menu shows.
  public static func unattendedOrder(
    of menu: Menu, onFailure: FailureAction = .crash
  ) -> [Menu.Selection] {
    var result: [Menu.Selection] = []
    if let first = menu.defaultSelection { result.append(first) }
    for selection in menu.fallbackSelections where !result.contains(selection) {
      result.append(selection)
    }
    guard onFailure == .next else { return result }
    for index in menu.entries.indices where !menu.entries[index].isHidden {
      let selection = Menu.Selection(index: index)
      guard result.count < nextEntryCountMax else { break }
      if !result.contains(selection) { result.append(selection) }
    }
    return result
  }
}
