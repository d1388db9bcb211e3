// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// The arguments that words stand for, and the block after them. Nil, with a failure, if they
  /// are too long. An unquoted variable is split at blanks and gives no argument if it is empty; a
  /// quoted one is one argument. A word that is a pattern of existing paths becomes those paths.
  mutating func expand(
    _ words: [ScriptWord]
  ) -> (arguments: [ByteString], block: ScriptBlock?)? {
    var result = ScriptArguments()
    var block: ScriptBlock?
    for word in words {
      switch word {
      case .block(let text, let line, let column):
        block = ScriptBlock(text: text, line: line, column: column)
      case .argument(let parts):
        let keepsUnknown = result.arguments.first.map { isLoading($0) } ?? false
        for part in parts {
          result.byteCount += ScriptArguments.partByteCount
          expand(part, to: &result, keepsUnknown: keepsUnknown)
          guard result.byteCount <= MenuLimits.argumentsByteCountMax else {
            failure = failure ?? .tooLarge(place: place, what: "the arguments of a command")
            return nil
          }
        }
        result.endArgument()
        if let pattern = result.takePattern() {
          guard charge(byteCount: MenuLimits.bytesPerStep) else { return nil }
          var isCut = false
          let paths = PathPattern(pattern, environment: environment)
            .matches(root: root, isCut: &isCut)
          if isCut { warn(.failed("only \(MenuLimits.pathMatchCountMax) paths are taken")) }
          result.replaceLast(by: paths)
        }
      }
    }
    guard charge(byteCount: result.byteCount) else { return nil }
    return (result.arguments, block)
  }

  private func isLoading(_ name: ByteString) -> Bool {
    if context.unknown.isEmpty { return false }
    switch ScriptCommand(name) {
    case .linux, .initrd, .multiboot, .module: return true
    default: return false
    }
  }

  private func expand(
    _ part: ScriptWordPart, to result: inout ScriptArguments, keepsUnknown: Bool
  ) {
    switch part {
    case .text(let text, let isQuoted): result.append(text, isPattern: !isQuoted)
    case .variable(let name, _, let isBraced)
    where keepsUnknown && context.unknown.contains(name, isSet: context.value(name) != nil):
      result.append(isBraced ? "${\(name)}" : "$\(name)", isPattern: false)
    case .variable("@", true, _):
      result.append("", isPattern: false)  // One argument even if there are no parameters.
      for (index, argument) in (arguments ?? []).enumerated() {
        if index > 0 { result.endArgument() }
        result.append(argument, isPattern: false)
      }
    case .variable("@", false, _), .variable("*", false, _):
      for (index, argument) in (arguments ?? []).enumerated() {
        if index > 0 { result.endArgument() }
        result.appendSplit(argument)
      }
    case .variable(let name, true, _): result.append(value(name), isPattern: false)
    case .variable(let name, false, _): result.appendSplit(value(name))
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
  /// Where the present argument, or the one that ended last, has unquoted `*` and `?`.
  private var wildcards: [Int] = []

  /// Appends to the present argument, which exists from now on.
  mutating func append(_ text: ByteString, isPattern: Bool) {
    byteCount += text.count
    if isPattern {
      let start = current?.count ?? 0
      for (index, byte) in text.bytes.enumerated() where byte == 0x2a || byte == 0x3f {
        wildcards.append(start + index)
      }
    }
    if current == nil { current = text } else { current?.append(text) }
  }

  /// Appends words: the first to the present argument, each other as an argument of its own.
  /// Blanks at both ends separate nothing.
  mutating func appendSplit(_ text: ByteString) {
    var isFirst = true
    for word in text.bytes.split(whereSeparator: { ASCII.isBlank($0) }) {
      if !isFirst { endArgument() }
      isFirst = false
      append(ByteString(word), isPattern: true)
    }
  }

  /// Ends the present argument, if there is one.
  mutating func endArgument() {
    guard let current else { return }
    arguments.append(current)
    self.current = nil
    let isPath = current.bytes.first == ASCII.slash || current.bytes.first == 0x28
    if !isPath { wildcards = [] }
  }

  /// The last argument as a pattern, if it is one of paths.
  mutating func takePattern() -> (text: ByteString, wildcards: [Int])? {
    if wildcards.isEmpty { return nil }
    defer { wildcards = [] }
    return arguments.last.map { ($0, wildcards) }
  }

  /// Puts paths into the place of the last argument, unless there are none.
  mutating func replaceLast(by paths: [ByteString]) {
    guard !paths.isEmpty, !arguments.isEmpty else { return }
    arguments.removeLast()
    for path in paths {
      byteCount += path.count
      arguments.append(path)
    }
  }
}
