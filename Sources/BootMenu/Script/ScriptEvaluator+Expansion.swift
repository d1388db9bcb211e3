// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

extension ScriptEvaluator {
  /// The arguments that the words of a command stand for, and the block after them; the lexer goes
  /// on to what ends them. Nil, with a failure, if they are too long. An unquoted variable is split
  /// at blanks and gives no argument if it is empty; a quoted one is one argument. A word that is a
  /// pattern of existing paths becomes those paths.
  @inline(never)
  mutating func expand(
    _ lexer: inout ScriptLexer, _ code: ScriptCode
  ) -> (arguments: [ByteString], block: ScriptBlock?)? {
    var result = ScriptArguments()
    var block: ScriptBlock?
    let start = lexer.offset
    var jumpedCount = 0
    words: while true {
      lexer.skipBlanks()
      switch lexer.kindHere() {
      case .word:
        guard expandWord(&lexer, to: &result) else { return nil }
      case .openBrace:
        lexer.take(.openBrace)
        let place = lexer.position
        let end = code.sections.end(ofSectionAt: place.offset) ?? place
        lexer.position = end
        lexer.take(.closeBrace)
        jumpedCount = end.offset - place.offset
        block = ScriptBlock(
          text: code.text[place.offset..<max(place.offset, end.offset)], line: place.line,
          column: place.column)
        break words
      default: break words
      }
    }
    // What gives no bytes has been gone through all the same.
    let byteCount = max(result.byteCount, lexer.offset - start - jumpedCount)
    guard charge(byteCount: byteCount) else { return nil }
    return (result.arguments, block)
  }

  private mutating func expandWord(
    _ lexer: inout ScriptLexer, to result: inout ScriptArguments
  ) -> Bool {
    let keepsUnknown =
      !context.unknown.isEmpty && result.arguments.first.map { isLoading($0) } ?? false
    do throws(ScriptSyntaxError) {
      while let part = try lexer.nextPart() {
        result.byteCount += ScriptArguments.partByteCount
        switch part {
        case .text(let range, let isQuoted):
          result.append(lexer.text[range], isPattern: !isQuoted)
        case .variable(let range, let isQuoted, let isBraced):
          let name = ByteString(lexer.text[range])
          if keepsUnknown, context.unknown.contains(name, isSet: context.value(name) != nil) {
            let text: ByteString = isBraced ? "${\(name)}" : "$\(name)"
            result.append(text.bytes[...], isPattern: false)
          } else {
            expand(name, isQuoted: isQuoted, to: &result)
          }
        }
        guard result.byteCount <= MenuLimits.argumentsByteCountMax else {
          failure = failure ?? .tooLarge(place: place, what: "the arguments of a command")
          return false
        }
      }
    } catch { return false }  // The text was checked.
    result.endArgument()
    if let pattern = result.takePattern() {
      guard charge(byteCount: MenuLimits.bytesPerStep) else { return false }
      var isCut = false
      let paths = PathPattern(pattern, environment: environment, work: work)
        .matches(root: root, isCut: &isCut)
      if isCut { warn(.failed("only \(MenuLimits.pathMatchCountMax) paths are taken")) }
      result.replaceLast(by: paths)
      noteFailure()
    }
    return failure == nil
  }

  private func isLoading(_ name: ByteString) -> Bool {
    if context.unknown.isEmpty { return false }
    switch ScriptCommand(name) {
    case .linux, .initrd, .multiboot, .module: return true
    default: return false
    }
  }

  private func expand(
    _ name: ByteString, isQuoted: Bool, to result: inout ScriptArguments
  ) {
    switch (name, isQuoted) {
    case ("@", true):
      result.append([], isPattern: false)  // One argument even if there are no parameters.
      for (index, argument) in (arguments ?? []).enumerated() {
        if index > 0 { result.endArgument() }
        result.append(argument.bytes[...], isPattern: false)
      }
    case ("@", false), ("*", false):
      for (index, argument) in (arguments ?? []).enumerated() {
        if index > 0 { result.endArgument() }
        result.appendSplit(argument)
      }
    case (_, true): result.append(value(name).bytes[...], isPattern: false)
    case (_, false): result.appendSplit(value(name))
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
    if let first = name.bytes.first, ASCII.isDigit(first), let number = Numbers.decimal(name) {
      guard let arguments, number > 0, number <= UInt64(arguments.count) else { return "" }
      return arguments[Int(number) - 1]
    }
    // What can't be paid ends the next command.
    _ = work.pay(.textBytes, context.variables.count / 4)
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
  private var current: [UInt8]?
  /// Where the present argument, or the one that ended last, has unquoted `*` and `?`.
  private var wildcards: [Int] = []

  /// Appends to the present argument, which exists from now on.
  mutating func append(_ text: ArraySlice<UInt8>, isPattern: Bool) {
    byteCount += text.count
    if isPattern {
      let start = (current?.count ?? 0) - text.startIndex
      for index in text.indices where text[index] == 0x2a || text[index] == 0x3f {
        if wildcards.count <= MenuLimits.patternByteCountMax { wildcards.append(start + index) }
      }
    }
    if current == nil { current = Array(text) } else { current?.append(contentsOf: text) }
  }

  /// Appends words: the first to the present argument, each other as an argument of its own.
  /// Blanks at both ends separate nothing.
  mutating func appendSplit(_ text: ByteString) {
    var isFirst = true
    for word in WordSequence(text) {
      if !isFirst { endArgument() }
      isFirst = false
      append(word, isPattern: true)
    }
  }

  /// Ends the present argument, if there is one.
  mutating func endArgument() {
    guard let current else { return }
    arguments.append(ByteString(current))
    self.current = nil
    let isPath =
      (current.first == ASCII.slash || current.first == 0x28)
      && current.count <= MenuLimits.patternByteCountMax
    if !isPath, !wildcards.isEmpty { wildcards = [] }
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
