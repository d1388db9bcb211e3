// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// The scanner that the rules stand on.
struct SourceFileTests {
  func code(_ text: String) -> [String] {
    SourceFile(path: "x.swift", text: text).code.map { line in
      line.split(separator: " ").joined(separator: " ")
    }
  }

  @Test func leavesCommentsOut() {
    #expect(code("a  // try! {\nb /* { \n } */ c\n") == ["a", "b", "c"])
  }

  @Test func leavesTheContentsOfLiteralsOut() {
    #expect(code(#"f("a { \" // b") + c"#) == ["f( ) + c"])
    #expect(code("f(\"\"\"\n  { \"x\"\n  \"\"\") }") == ["f(", "", ") }"])
  }

  @Test func keepsTheCodeInsideInterpolations() {
    #expect(code(#"f("a \(g("{", (h))) }") b"#) == ["f( g( , (h)) ) b"])
  }

  @Test func countsTheLinesOfFunctions() {
    let text = """
      protocol P {
        func requirement()
        init(_ a: Int)
      }
      struct S {
        func one() { "}" }
        func two(
          _ a: Int
        ) {
          if a > 0 {
          }
        }
        init() {
        }
      }
      """
    let functions = SourceFile(path: "x.swift", text: text).functions
    #expect(
      functions == [
        .init(line: 6, lineCount: 1), .init(line: 7, lineCount: 6), .init(line: 13, lineCount: 2),
      ])
  }
}
