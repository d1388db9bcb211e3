// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The options of a command, taken apart as GRUB 2 does: `--name`, `--name=value`, `--name value`,
/// `-x`, `-xvalue`, `-x value`, joined short ones, and `--` that ends them.
///
/// Those that a command knows are words of one text, each a name with what else is known of it:
/// `long/l` has a letter, `file/f=` takes a value, `set/s=?` one that has to be joined to it.
final class CommandOptions {
  /// What an option takes.
  private enum Value {
    /// Nothing.
    case none
    /// A value.
    case required
    /// A value that has to be joined to it.
    case optional
  }

  /// An option that a command knows.
  private struct Option {
    /// Its name after two dashes.
    var name: ByteString
    /// Its letter after one dash; zero if it has none.
    var letter: UInt8 = 0
    /// What it takes.
    var value = Value.none

    /// An option as the word that stands for it says.
    init(_ word: ByteString) {
      name = ByteString(word.bytes.prefix { $0 != ASCII.slash && $0 != 0x3d })
      let rest = word.bytes.dropFirst(name.count)
      if rest.first == ASCII.slash { letter = rest.dropFirst().first ?? 0 }
      if rest.last == 0x3d { value = .required }
      if rest.last == 0x3f { value = .optional }
    }
  }

  /// An option that was given.
  struct Given {
    /// Its long name.
    var name: ByteString
    /// Its value.
    var value: ByteString?
  }

  /// The options in the order in which they were given.
  private(set) var given: [Given] = []
  /// The other arguments.
  private(set) var operands: [ByteString] = []
  /// An option that the command does not know.
  private(set) var unknown: ByteString?

  /// Takes arguments apart. Unknown options are kept among the operands if that is asked for.
  init(_ arguments: [ByteString], _ known: ByteString, keepsUnknown: Bool = false) {
    let known = known.words.map { Option($0) }
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if keepsUnknown, !CommandOptions.isKnown(argument, known) {
        operands.append(argument)
        continue
      }
      if argument == "--" {
        operands += arguments[index...]
        return
      }
      let next = index < arguments.count ? arguments[index] : nil
      if argument.hasPrefix("--") {
        index += long(argument.dropFirst(2), next: next, known)
      } else if argument.bytes.first == 0x2d, argument.count > 1 {
        index += short(argument.dropFirst(), next: next, known)
      } else {
        operands.append(argument)
      }
    }
  }

  private static func isKnown(_ argument: ByteString, _ known: [Option]) -> Bool {
    argument == "--"
      || known.contains { option in
        let name: ByteString = "--\(option.name)"
        return argument == name || argument.hasPrefix(name + "=")
      }
  }

  /// Whether an option was given.
  func has(_ name: StaticString) -> Bool { given.contains { $0.name == name } }

  /// The last value of an option.
  func value(_ name: StaticString) -> ByteString? { given.last { $0.name == name }?.value }

  /// Reads a long option; the number of further arguments that it took.
  private func long(_ text: ByteString, next: ByteString?, _ known: [Option]) -> Int {
    let name = ByteString(text.bytes.prefix { $0 != 0x3d })
    guard let option = known.first(where: { $0.name == name }) else {
      unknown = unknown ?? "--\(name)"
      return 0
    }
    if name.count < text.count {
      given.append(Given(name: name, value: text.dropFirst(name.count + 1)))
    } else if option.value == .required {
      given.append(Given(name: name, value: next))
      return 1
    } else {
      given.append(Given(name: name, value: nil))
    }
    return 0
  }

  /// Reads joined short options; the number of further arguments that they took.
  private func short(_ text: ByteString, next: ByteString?, _ known: [Option]) -> Int {
    for (index, letter) in text.bytes.enumerated() {
      guard let option = known.first(where: { $0.letter == letter }) else {
        unknown = unknown ?? "-\(text)"
        return 0
      }
      if option.value == .none {
        given.append(Given(name: option.name, value: nil))
        continue
      }
      let rest = text.dropFirst(index + 1)
      if rest.isEmpty, option.value == .required {
        given.append(Given(name: option.name, value: next))
        return 1
      }
      given.append(Given(name: option.name, value: rest.isEmpty ? nil : rest))
      return 0
    }
    return 0
  }
}
