// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The options of a command, taken apart as GRUB 2 does (`lib/arg.c`): `--name`, `--name=value`,
/// `--name value`, `-x`, `-x value`, joined short ones, and `--` that ends them.
///
/// The options that a command knows are the words of one text, each a name and its properties:
/// `long/l` has a letter, `file/f=` takes a value. The value of `set/s=?` may be left out: it is
/// the next word unless that begins with a dash.
final class CommandOptions {
  /// What an option takes.
  private enum Value {
    /// Nothing.
    case none
    /// A value.
    case required
    /// A value that may be left out.
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

    /// Reads one word of that text.
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
    /// Its long name; empty if it has only a letter.
    var name: ByteString
    /// Its letter; zero if it has none.
    var letter: UInt8
    /// Its value.
    var value: ByteString?
  }

  /// The options in the order in which they were given.
  private(set) var given: [Given] = []
  /// The other arguments.
  private(set) var operands: [ByteString] = []
  /// Why the arguments don't fit; nil if they do.
  private(set) var problem: ByteString?

  /// Takes arguments apart. A command that accepts dashes has words that look like options, but are
  /// none that it knows, among its operands; with `areFirst` no option follows an operand.
  init(
    _ arguments: [ByteString], _ known: ByteString, acceptsDashes: Bool = false,
    areFirst: Bool = false
  ) {
    let known = known.words.map { Option($0) }
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      guard argument.bytes.first == 0x2d, argument.count > 1, !areFirst || operands.isEmpty else {
        operands.append(argument)
        continue
      }
      if argument == "--" {
        operands += arguments[index...]
        return
      }
      if acceptsDashes, !CommandOptions.isKnown(argument, known) {
        operands.append(argument)
        continue
      }
      let next = index < arguments.count ? arguments[index] : nil
      if argument.hasPrefix("--") {
        index += long(argument.dropFirst(2), next: next, known)
      } else {
        index += short(argument.dropFirst(), next: next, known)
      }
      if problem == nil, given.count > MenuLimits.optionCountMax { problem = "too many options" }
      if problem != nil { return }
    }
  }

  /// Whether a word with dashes has nothing but options that the command knows.
  private static func isKnown(_ argument: ByteString, _ known: [Option]) -> Bool {
    if argument.hasPrefix("--") {
      let name = ByteString(argument.bytes.dropFirst(2).prefix { $0 != 0x3d })
      return !name.isEmpty && known.contains { $0.name == name }
    }
    return argument.bytes.dropFirst().allSatisfy { letter in
      known.contains { $0.letter == letter }
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
      problem = "unknown option --\(name)"
      return 0
    }
    if name.count < text.count {
      if option.value == .none { problem = "option --\(name) takes no value" }
      given.append(
        Given(name: name, letter: option.letter, value: text.dropFirst(name.count + 1)))
    } else if option.value != .none, let next, next.bytes.first != 0x2d {
      given.append(Given(name: name, letter: option.letter, value: next))
      return 1
    } else {
      giveNoValue(option)
    }
    return 0
  }

  /// Reads joined short options; the number of further arguments that they took. Only the last of
  /// them can have a value.
  private func short(_ text: ByteString, next: ByteString?, _ known: [Option]) -> Int {
    for (index, letter) in text.bytes.enumerated() {
      if given.count > MenuLimits.optionCountMax { return 0 }
      guard let option = known.first(where: { $0.letter == letter }) else {
        problem = "unknown option -\(text)"
        return 0
      }
      if index == text.count - 1, option.value != .none, let next,
        option.value == .required || next.count < 2 || next.bytes.first != 0x2d
      {
        given.append(Given(name: option.name, letter: option.letter, value: next))
        return 1
      }
      giveNoValue(option)
    }
    return 0
  }

  private func giveNoValue(_ option: Option) {
    if option.value == .required { problem = problem ?? "option --\(option.name) needs a value" }
    given.append(Given(name: option.name, letter: option.letter, value: nil))
  }
}
