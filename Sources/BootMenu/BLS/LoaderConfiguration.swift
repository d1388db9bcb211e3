// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What `loader.conf` says (loader.conf(5)). Settings for firmware (`console-mode`, `beep`,
/// `random-seed-mode` and others) are ignored.
struct LoaderConfiguration {
  /// The pattern of `default`; nil if there is none, or if it stands for what firmware remembers.
  private(set) var defaultPattern: ByteString?
  /// The pattern of `preferred` (systemd 258): it goes before `default`, but passes over entries
  /// whose tries are used up.
  private(set) var preferredPattern: ByteString?
  /// The line of the pattern of `default`.
  private(set) var defaultLine = 0
  /// Seconds until the default boots: zero if unset, negative to wait forever.
  private(set) var timeoutSeconds = 0
  /// Whether nothing is shown meanwhile.
  private(set) var isHidden = false
  /// Whether people may change an entry's options.
  private(set) var isEditable = true

  /// Reads a file's text. Of several lines with one key the last counts.
  init(_ text: ByteString) {
    var lines = LineSequence(text)
    while let line = lines.next() {
      let (key, text) = ByteString(line).firstWord
      let value = text.trimmed.withoutQuotes
      if value.isEmpty { continue }
      switch key {
      case "default":
        defaultPattern = value.bytes.first == 0x40 ? nil : value
        defaultLine = lines.number
      case "preferred": preferredPattern = value.bytes.first == 0x40 ? nil : value
      case "timeout": setTimeout(value)
      case "editor": isEditable = LoaderConfiguration.boolean(value) ?? isEditable
      default: break
      }
    }
  }

  /// A word for yes or no; nil if it is neither.
  private static func boolean(_ value: ByteString) -> Bool? {
    let word = value.lowercased
    if word.isWord(of: "1 yes y true t on") { return true }
    return word.isWord(of: "0 no n false f off") ? false : nil
  }

  private mutating func setTimeout(_ value: ByteString) {
    isHidden = false
    switch value {
    case "menu-force": timeoutSeconds = -1
    case "menu-hidden", "menu-disabled":
      timeoutSeconds = 0
      isHidden = true
    default:
      guard let seconds = Numbers.decimal(value) else { return }
      timeoutSeconds = Int(min(seconds, UInt64(Int32.max)))
    }
  }
}
