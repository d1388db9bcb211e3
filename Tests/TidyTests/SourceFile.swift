// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// A file of the project, as the rules of style look at it.
struct SourceFile: Sendable {
  /// A function and how long it is.
  struct Function: Equatable {
    /// The line of its declaration, from one.
    let line: Int
    /// The lines from its declaration to its last brace.
    let lineCount: Int
  }

  /// The path inside the project.
  let path: String
  /// The lines.
  let lines: [String]
  /// The lines with comments and the contents of string literals blanked; for Swift.
  let code: [String]

  /// A file with these contents.
  init(path: String, text: String) {
    self.path = path
    lines = Self.lines(Array(text.utf8))
    code = path.hasSuffix(".swift") ? Self.lines(Self.code(Array(text.utf8))) : lines
  }

  /// The lines of code in which a regular expression is found, as `path:line`.
  func places<Output>(of pattern: Regex<Output>, in lines: [String]) -> [String] {
    lines.indices.filter { lines[$0].contains(pattern) }.map { "\(path):\($0 + 1)" }
  }

  /// Every function and initialiser with a body. Counts braces in `code`.
  var functions: [Function] {
    var result: [Function] = []
    for start in code.indices where code[start].contains(/\b(func\s|init[?]?[(<]|deinit\s)/) {
      var depth = 0
      var isOpen = false
      scan: for line in start..<code.count {
        for byte in code[line].utf8 {
          if byte == UInt8(ascii: "{") {
            depth += 1
            isOpen = true
          } else if byte == UInt8(ascii: "}") {
            depth -= 1
            if depth < 0 { break scan }  // A requirement of a protocol, the last one.
            if depth == 0, isOpen {
              result.append(Function(line: start + 1, lineCount: line - start + 1))
              break scan
            }
          }
        }
        // A call of an initialiser, or a requirement: no body follows.
        if !isOpen, line > start, code[line].contains(/^\s*$|\b(func|var|let|return)\s/) { break }
      }
    }
    return result
  }

  private static func lines(_ bytes: [UInt8]) -> [String] {
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Where the scanner of `code` is: in code, inside so many brackets of an interpolation, or in a
  /// literal.
  private enum State: Equatable {
    case code(brackets: Int)
    case literal(delimiterCount: Int)
  }

  private static func code(_ text: [UInt8]) -> [UInt8] {
    var result = text
    var states = [State.code(brackets: 0)]
    var index = 0
    func starts(_ word: StaticString) -> Bool {
      word.withUTF8Buffer { text[index...].starts(with: $0) }
    }
    func blank(_ count: Int) {
      for place in index..<min(index + count, text.count) where text[place] != 0x0a {
        result[place] = 0x20
      }
      index += count
    }
    while index < text.count {
      switch states[states.count - 1] {
      case .literal(let count):
        if starts("\\(") {
          blank(2)
          states.append(.code(brackets: 1))
        } else if starts("\\") {
          blank(2)
        } else if count == 3 ? starts("\"\"\"") : starts("\"") {
          blank(count)
          states.removeLast()
        } else {
          blank(1)
        }
      case .code(let brackets):
        if starts("//") {
          while index < text.count, text[index] != 0x0a { blank(1) }
        } else if starts("/*") {
          while index < text.count, !starts("*/") { blank(1) }
          blank(2)
        } else if starts("\"") {
          let count = starts("\"\"\"") ? 3 : 1
          blank(count)
          states.append(.literal(delimiterCount: count))
        } else {
          if brackets > 0, starts("(") { states[states.count - 1] = .code(brackets: brackets + 1) }
          if brackets > 0, starts(")") {
            states[states.count - 1] = .code(brackets: brackets - 1)
            if brackets == 1 {
              blank(1)
              states.removeLast()
              continue
            }
          }
          index += 1
        }
      }
    }
    return result
  }
}
