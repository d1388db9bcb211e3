// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What a configuration says about itself (syslinux documentation, "config.txt" and "menu.txt").
struct SyslinuxSettings {
  /// The command of `DEFAULT`, and where it stands.
  var defaultCommand: (text: ByteString, place: MenuPlace)?
  /// The command of `ONTIMEOUT`.
  var onTimeout: (text: ByteString, place: MenuPlace)?
  /// The command of `ONERROR`.
  var onError: (text: ByteString, place: MenuPlace)?
  /// Whether a menu program is named.
  var hasMenu = false
  /// Whether people may type options (`ALLOWOPTIONS`, `NOESCAPE`).
  var allowsOptions = true
  /// Whether a name that is no label stands for a file (`IMPLICIT`).
  var isImplicit = true
  /// Whether there is a prompt (`PROMPT`).
  var hasPrompt = false
  /// Whether the menu shows only when a key is pressed (`MENU HIDDEN`).
  var isHidden = false
  /// The tenths of seconds of `TIMEOUT`.
  var timeout: Int?
  /// The tenths of seconds of `TOTALTIMEOUT`.
  var totalTimeout: Int?
  /// The text of `MENU MASTER PASSWD`.
  var masterPassword: ByteString?

  /// Seconds until the default boots; nil if nothing is said, negative for ever. Without a menu
  /// program and without a prompt syslinux boots at once, unless a key is held; a `TIMEOUT` that
  /// stands there all the same is honoured here, as U-Boot does, since our menu shows in any case.
  var timeoutSeconds: Int? {
    let times = [timeout ?? 0, totalTimeout ?? 0].filter { $0 > 0 }
    if let least = times.min() { return least / 10 + (least % 10 > 0 ? 1 : 0) }
    if !hasMenu, !hasPrompt { return 0 }
    return timeout == nil ? nil : -1
  }
}
