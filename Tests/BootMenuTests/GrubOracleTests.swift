// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

/// Our interpreter against GRUB's own parser and interpreter.
@Suite struct GrubOracleTests {
  private static let seeds: [UInt64] = [1, 2]
  private static let textCount = 50
  private static let scriptCount = 15

  @Test(arguments: seeds) func sameTextsAreTakenAsByGrubScriptCheck(_ seed: UInt64) throws {
    var generator = ScriptGenerator(seed: seed)
    for _ in 0..<Self.textCount {
      let script = "true\n\(generator.text())\n"
      #expect(try isTaken(script) == GrubOracle.accepts(script), "\(script.debugDescription)")
    }
  }

  @Test(arguments: seeds) func sameLinesArePrintedAsByGrubEmu(_ seed: UInt64) throws {
    var generator = ScriptGenerator(seed: seed)
    var comparedCount = 0
    for _ in 0..<Self.scriptCount {
      let script = generator.script()
      guard let expected = try GrubOracle.printed(script) else { continue }
      comparedCount += 1
      #expect(try GrubOracle.lines(printed(script)) == expected, "\(script)")
    }
    #expect(comparedCount > Self.scriptCount / 2)
  }

  /// What `search` makes of options in any order, by its status and by what it sets: 300 commands.
  @Test func searchTakesItsOptionsApartAsGrubEmuDoes() throws {
    var random = SplitMix(seed: 18)
    let words = [
      "-f", "-s", "--set", "--set=drive", "-n", "--no-floppy", "-fs", "-sf", "-sv", "-sn", "-nf",
      "drive", "--", "-", "--hint", "host", "--hint-xen2=q", "--file", "/none", "-l", "--bogus",
      "--file=x",
    ]
    var commands: [String] = []
    for _ in 0..<300 {
      var command = (0...random.below(4)).map { _ in words[random.below(words.count)] }
      command.insert("/etc/passwd", at: random.below(command.count + 1))
      commands.append("search " + command.joined(separator: " "))
    }
    let script = commands.enumerated().map { index, command in
      "root=first\nunset drive\nif \(command); then r=ok; else r=no; fi\n"
        + "echo\necho \"@\(index):$r:$root:$drive\"\n"
    }.joined()
    let expected = try #require(try GrubOracle.printed(script)).filter { $0.hasPrefix("@") }
    #expect(expected.count == commands.count)
    let world = FakeEnvironment(
      devices: [.init(name: "host")], files: [("(host)/etc/passwd", "root")])
    let ours = try GrubOracle.lines(printed(script, in: world)).filter { $0.hasPrefix("@") }
    for (one, other) in zip(ours, expected) where one != other {
      let index = Int(one.dropFirst().prefix { $0.isNumber }) ?? 0
      Issue.record("\(commands[index]): \(one), GRUB \(other)")
    }
    #expect(ours.count == commands.count)
  }

  /// Whether we run a whole text without a complaint about its grammar.
  private func isTaken(_ script: String) throws -> Bool {
    let menu = try scriptMenu("menuentry first { true; }\n" + script)
    return !menu.warnings.contains {
      if case .syntax = $0.kind { return true }
      return false
    }
  }
}
