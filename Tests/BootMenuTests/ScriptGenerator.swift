// SPDX-License-Identifier: GPL-2.0-or-later
import TestSupport

/// Makes scripts at random: valid ones that end, and texts that a parser has to judge.
struct ScriptGenerator {
  private var random: SplitMix

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  private static let tokens = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "in", "function",
    "case", "select", "esac", "[[", "]]", "{", "}", "[", "]", "!", ";", "\n", "\n", ";;", "&&", "|",
    "<", ">", "$", "${", "$x", "\"$x\"", "${x}", "$@", "$1", "$?", "'", "\"", "\\", "\\\n", "a",
    "x=1", "f", "#", "# c", "true", "false", "echo", "$\"i $x\"", "\"a\\\"b\"", "'q q'", "\"$\"",
    "a{b", "}c", "a#b", "if ", "'if'", "i\\f", "${?}", "${1}", "${1x}", "$1x", "${@}", "$-",
    "b'c'\"d\"",
  ]
  private static let statements = [
    "menuentry t { true; }", "if true; then echo y; fi", "for i in a b; do echo $i; done",
    "function g { echo g; }", "while false; do true; done",
    "if true\nthen\n echo z\nelse\n echo q\nfi", "menuentry 'x' --id y {\n linux /a\n}\n",
  ]
  private static let words = [
    "a", "b", "$x", "\"$x\"", "${y}", "'q q'", "\"m $y n\"", "$1", "\"$@\"", "$*", "$#", "x\\ y",
    "\"\"", "''", "$z", "a$x\"b\"", "5", "10", "-3", "k-2", "k-11", "\\$x", "\"\\$x\\n\"",
    "$\"t $x\"", "010", "0x10",
  ]
  private static let plainCommands = [
    "true", "false", "! true", "! false", "break", "continue", "shift", "return", "return 2",
    "break 2", "continue 2", "shift 2", "setparams p 'q r' s", "eval echo hi", "eval \"echo $x\"",
    "eval 'x=7'", "unset x", "unset z", "nosuch", "if [ $? = 0 ]; then echo ok; else echo ko; fi",
  ]

  /// A text that GRUB's grammar may or may not take.
  mutating func text() -> String {
    if random.next() % 5 < 2 {
      let separator = random.next() % 5 == 0 ? "" : " "
      return (0...random.next() % 13).map { _ in pick(Self.tokens) }.joined(separator: separator)
    }
    var parts = pick(Self.statements).split(separator: " ", omittingEmptySubsequences: false)
      .map(String.init)
    for _ in 0...random.next() % 2 {
      let place = Int(random.next() % UInt64(parts.count))
      switch random.next() % 10 {
      case 0...2: parts[place] = ""
      case 3...7: parts[place] = pick(Self.tokens)
      default: parts.insert(pick(Self.tokens), at: place)
      }
    }
    return parts.joined(separator: " ")
  }

  /// A script that ends, with two functions and, sometimes, a byte that breaks it.
  mutating func script() -> String {
    var result = "function f1 { echo f1 $#; \(body(1, calls: false)); }\n"
    result += "function f2 {\n\(body(1, calls: false))\n}\nset x='v w'\nset y=5\n"
    for _ in 0..<8 { result += command(0, calls: true) + "\n" }
    if random.next() % 4 == 0 {
      let place = result.index(
        result.startIndex, offsetBy: Int(random.next() % UInt64(result.count)))
      result.insert(contentsOf: pick([";", "}", "{", "\n", "'", "\"", "$", "fi"]), at: place)
    }
    return result + "\necho end $x $y $z"
  }

  private mutating func pick(_ list: [String]) -> String {
    list[Int(random.next() % UInt64(list.count))]
  }

  private mutating func words(_ countMax: UInt64) -> String {
    (0..<random.next() % (countMax + 1)).map { _ in pick(Self.words) }.joined(separator: " ")
  }

  private mutating func test() -> String {
    var result = "["
    for _ in 0..<random.next() % 4 {
      let operators = [
        "=", "==", "!=", "'<'", "'>'", "'<='", "'>='", "-eq", "-ne", "-lt", "-gt", "-le", "-ge",
        "-pgt", "-plt",
      ]
      switch random.next() % 10 {
      case 0...3: result += " \(pick(Self.words)) \(pick(operators)) \(pick(Self.words))"
      case 4...5: result += " \(pick(["-z", "-n"])) \(pick(Self.words))"
      case 6...7: result += " \(pick(Self.words))"
      default: result += " \(pick(["!", "(", ")", "-a", "-o", "-z", "="]))"
      }
      result += pick(["", " -a", " -o", " !"])
    }
    return result + " ]"
  }

  private mutating func body(_ depth: Int, calls: Bool) -> String {
    (0...random.next() % 3).map { _ in command(depth, calls: calls) }
      .joined(separator: pick([";", "\n", " ;"]))
  }

  private mutating func command(_ depth: Int, calls: Bool) -> String {
    switch random.next() % 100 {
    case 0..<25: return "echo \(words(3))"
    case 25..<38: return "\(pick(["set ", ""]))\(pick(["x", "y", "z"]))=\(pick(Self.words))"
    case 38..<50: return test()
    case 50..<58: return pick(Self.plainCommands)
    case 58..<64 where calls: return "\(pick(["f1", "f2"])) \(words(2))"
    default: break
    }
    if depth > 3 { return "echo deep" }
    switch random.next() % 8 {
    case 0...2:
      var result = "if \(body(depth + 1, calls: calls)); then \(body(depth + 1, calls: calls)); "
      if random.next() % 2 == 0 { result += "elif \(test()); then\n\(words(0))echo elif\n" }
      if random.next() % 2 == 0 { result += "else \(body(depth + 1, calls: calls)); " }
      return result + "fi"
    case 3...5:
      return "for i in \(words(3)); do echo $i; \(body(depth + 1, calls: calls)); done"
    case 6:
      return "for i in a aa; do while [ \"$i\" != '' ]; do i=; \(body(depth + 1, calls: calls)); "
        + "done; done"
    default: return "until true; do \(body(depth + 1, calls: calls)); done"
    }
  }
}
