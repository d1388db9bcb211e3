// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Foundation
import Testing

/// SECURITY.md lists every loop that a guest's bytes drive. These tests hold it to the code.
struct LoopTableTests {
  /// A row of the table.
  struct Row {
    /// The files, below Sources.
    let files: [String]
    /// Functions or types in them; empty if all of them are meant.
    let functions: [String]
    /// What is in code marks in the columns about the end and the price.
    let limits: [String]
    let kinds: [String]
    let text: String
  }

  /// The modules that read what a guest, its backends or a person bring.
  static let modules = [
    "Bytes", "BlockIO", "Partitions", "FileSystem", "Ext4", "XFS", "Btrfs", "ISO9660", "UDF", "FAT",
    "ExFAT", "SquashFS", "EROFS", "BootMenu", "BootPlan", "BootSession", "BootEngine", "MenuScreen",
    "Passwords", "Decompression", "KernelImage", "DomainBuilder", "XenFrontends", "Framebuffer",
  ]

  let tree = SourceTree.project
  let rows: [Row]

  init() throws {
    let text = try #require(SourceTree.project.text("docs/SECURITY.md"))
    let table = try #require(text.components(separatedBy: "## Loops\n").dropFirst().first)
    rows = table.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap {
      Row.rows(String($0))
    }
  }

  @Test func theTableIsThere() { #expect(rows.count > 150) }

  @Test func everyRowNamesFunctionsThatExist() {
    for row in rows {
      var words: Set<String> = []
      for path in row.files {
        guard let file = tree.files.first(where: { $0.path == "Sources/\(path)" }) else {
          Issue.record("there is no \(path)")
          continue
        }
        for line in file.lines { words.formUnion(Self.declaredWords(line)) }
      }
      for name in row.functions where !words.contains(name) {
        Issue.record("\(row.files) has no \(name)")
      }
    }
  }

  @Test func everyLimitThatARowNamesIsDeclaredAndUsed() {
    for row in rows {
      for limit in row.limits where limit.contains(".") {
        let parts = limit.split(separator: ".").map(String.init)
        let name = parts[parts.count - 1]
        let sources = tree.files.filter { $0.path.hasPrefix("Sources/") }
        let declared = sources.contains { file in
          file.lines.contains { Self.declaredName($0) == name }
            && file.lines.contains { $0.contains(parts[0]) }
        }
        #expect(declared, "\(limit) of \(row.files) is declared nowhere")
        let isUsed = sources.contains { file in
          file.lines.contains { Self.mentions($0, name) && Self.declaredName($0) != name }
        }
        #expect(isUsed, "\(limit) of \(row.files) is used nowhere")
      }
    }
  }

  @Test func everyRowPaysInKindsThatThereAre() {
    let known = WorkKind.allCases.map { "\($0)" }
    for row in rows {
      for kind in row.kinds where !kind.contains(".") && !kind.hasPrefix("pay") {
        #expect(known.contains(kind), "\(kind) in \(row.text)")
      }
    }
  }

  @Test func everyLoopWithoutACountIsInTheTable() {
    for module in Self.modules {
      for file in tree.swift("Sources/\(module)/") {
        let path = String(file.path.dropFirst("Sources/".count))
        let own = rows.filter { $0.files.contains(path) }
        if own.contains(where: { $0.functions.isEmpty }) { continue }
        let listed = own.flatMap { $0.functions }
        for name in Self.functionsWithLoops(file.lines) where !listed.contains(name) {
          Issue.record("\(path): \(name) has a loop and is not in SECURITY.md")
        }
      }
    }
  }

  @Test func everyNamedLimitIsUsed() {
    let sources = tree.files.filter { $0.path.hasPrefix("Sources/") }
    for file in sources where file.path.hasSuffix("Limits.swift") {
      for line in file.lines where line.contains("static let ") {
        guard let name = Self.declaredName(line) else { continue }
        let isUsed = sources.contains { source in
          source.lines.contains { Self.mentions($0, name) && Self.declaredName($0) != name }
        }
        #expect(isUsed, "\(file.path): \(name) limits nothing")
      }
    }
  }

  // MARK: Reading Swift, as far as swift-format lays it out

  /// The functions that contain `while` or `repeat`: those of the last declaration above that is
  /// less indented.
  static func functionsWithLoops(_ lines: [String]) -> [String] {
    var result: [String] = []
    for (index, line) in lines.enumerated() where isLoop(line) {
      if let name = enclosing(lines, index), !result.contains(name) { result.append(name) }
    }
    return result
  }

  private static func isLoop(_ line: String) -> Bool {
    let code = line.drop { $0 == " " }
    if code.hasPrefix("//") { return false }
    return code.hasPrefix("while ") || code.hasPrefix("repeat {") || code.contains("{ while ")
  }

  private static func enclosing(_ lines: [String], _ index: Int) -> String? {
    let indent = lines[index].prefix { $0 == " " }.count
    for other in stride(from: index, through: 0, by: -1) {
      let line = lines[other]
      let own = line.prefix { $0 == " " }.count
      guard own < indent || other == index else { continue }
      if line.contains(" var "), !line.hasSuffix("{"), other != index { continue }
      if line.contains(" var "), own >= 4, !line.contains("static") { continue }
      if let name = declaredName(line), !line.contains(" let ") { return name }
    }
    return nil
  }

  /// All names that a line may declare, types too.
  static func declaredWords(_ line: String) -> [String] {
    var result = declaredName(line).map { [$0] } ?? []
    for word in ["struct ", "class ", "enum ", "extension "] {
      guard let range = line.range(of: word) else { continue }
      result.append(String(line[range.upperBound...].prefix { $0.isLetter || $0.isNumber }))
    }
    return result
  }

  /// The name that a line declares: a function, a variable, `init` or `subscript`.
  static func declaredName(_ line: String) -> String? {
    for word in ["func ", "var ", "let "] {
      guard let range = line.range(of: word), isModifiers(line[..<range.lowerBound]) else {
        continue
      }
      let rest = line[range.upperBound...].drop { $0 == "`" }
      return String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }
    for word in ["init", "subscript"] {
      guard let range = line.range(of: word), isModifiers(line[..<range.lowerBound]),
        let next = line[range.upperBound...].first, "(?<".contains(next)
      else { continue }
      return word
    }
    return nil
  }

  /// Whether there is nothing but words like `public` and attributes.
  private static func isModifiers(_ text: Substring) -> Bool {
    text.allSatisfy { $0.isLetter || " @()_".contains($0) } && !text.contains(" in ")
      && !text.contains("if ") && !text.contains("guard ") && !text.contains("case ")
  }

  /// Whether a line of code has a name.
  private static func mentions(_ line: String, _ name: String) -> Bool {
    !line.drop { $0 == " " }.hasPrefix("//") && line.contains(name)
  }
}

extension LoopTableTests.Row {
  /// The rows of a line of Markdown with four columns: one for each list of functions that follows
  /// names of files.
  static func rows(_ line: String) -> [Self] {
    let columns = line.split(separator: "|").map { String($0) }
    var result: [Self] = []
    var files: [String] = []
    var functions: [String] = []
    func end() {
      guard !files.isEmpty else { return }
      result.append(
        Self(
          files: files, functions: functions, limits: marked(columns.count > 2 ? columns[2] : ""),
          kinds: marked(columns.count > 3 ? columns[3] : ""), text: line))
      (files, functions) = ([], [])
    }
    for word in marked(columns.first ?? "") {
      if word.hasSuffix(".swift") {
        if !functions.isEmpty { end() }
        files.append(word)
      } else if !word.contains(".") {
        functions.append(String(word.prefix { $0 != "(" }))
      }
    }
    end()
    return result
  }

  /// What is in code marks.
  private static func marked(_ text: String) -> [String] {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }
}
