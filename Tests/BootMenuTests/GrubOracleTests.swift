// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
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

  /// Whether we run a whole text without a complaint about its grammar.
  private func isTaken(_ script: String) throws -> Bool {
    let menu = try scriptMenu("menuentry first { true; }\n" + script)
    return !menu.warnings.contains {
      if case .syntax = $0.kind { return true }
      return false
    }
  }
}
