// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// The arguments that words stand for, and the last block among them. Nil, with a failure, if
  /// they are too long. An unquoted variable is split at blanks and gives no argument if it is
  /// empty; a quoted one is one argument.
  mutating func expand(
    _ words: [ScriptWord]
  ) -> (arguments: [ByteString], block: ScriptBlock?)? {
    var result = ScriptArguments()
    var block: ScriptBlock?
    for word in words {
      switch word {
      case .block(let text, let line): block = ScriptBlock(text: text, line: line)
      case .argument(let parts):
        for part in parts {
          result.byteCount += ScriptArguments.partByteCount
          expand(part, to: &result)
          guard result.byteCount <= MenuLimits.argumentsByteCountMax else {
            failure = failure ?? .tooLarge(place: place, what: "the arguments of a command")
            return nil
          }
        }
        result.endArgument()
      }
    }
    guard charge(byteCount: result.byteCount) else { return nil }
    return (result.arguments, block)
  }

  private func expand(_ part: ScriptWordPart, to result: inout ScriptArguments) {
    switch part {
    case .text(let text, _): result.append(text)
    case .variable("@", true):
      for (index, argument) in (arguments ?? []).enumerated() {
        if index > 0 { result.endArgument() }
        result.append(argument)
      }
    case .variable(let name, true): result.append(value(name))
    case .variable(let name, false): result.appendSplit(value(name))
    }
  }

  /// The value of a variable or parameter; empty if it is not set.
  func value(_ name: ByteString) -> ByteString {
    switch name {
    case "?": return "\(status)"
    case "#": return arguments.map { "\($0.count)" } ?? ""
    case "*", "@": return ScriptEvaluator.joined(arguments ?? [])
    default: break
    }
    if let number = Numbers.decimal(name) {
      guard let arguments, number > 0, number <= UInt64(arguments.count) else { return "" }
      return arguments[Int(number) - 1]
    }
    return context.value(name) ?? ""
  }
}

/// Arguments while they are being put together.
private struct ScriptArguments {
  /// The arguments that are complete.
  private(set) var arguments: [ByteString] = []
  /// What a part of a word counts for besides its bytes: a variable has to be looked for.
  static let partByteCount = 32
  /// The bytes of all of them, and the cost of their parts.
  var byteCount = 0
  private var current: ByteString?

  /// Appends to the present argument, which exists from now on.
  mutating func append(_ text: ByteString) {
    byteCount += text.count
    if current == nil { current = ByteString() }
    current?.append(text)
  }

  /// Appends words: the first to the present argument, each other as an argument of its own.
  /// Blanks at both ends separate nothing.
  mutating func appendSplit(_ text: ByteString) {
    var isFirst = true
    for word in text.bytes.split(whereSeparator: { ASCII.isBlank($0) }) {
      if !isFirst { endArgument() }
      isFirst = false
      append(ByteString(word))
    }
  }

  /// Ends the present argument, if there is one.
  mutating func endArgument() {
    if let current { arguments.append(current) }
    current = nil
  }
}
