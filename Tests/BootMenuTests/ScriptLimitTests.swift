// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct ScriptLimitTests {
  @Test func endlessLoopsStop() {
    #expect(
      throws: MenuError.tooManySteps(
        place: MenuPlace(file: "/boot/grub/grub.cfg", line: 1, column: 7))
    ) {
      try scriptMenu("while true; do true; done")
    }
  }

  @Test func endlessRecursionStops() {
    #expect(throws: MenuError.self) { try scriptMenu("function f { f; }\nf") }
    #expect(throws: MenuError.self) { try scriptMenu("set e='eval $e'\neval \"$e\"") }
  }

  @Test func aFileThatReadsItselfStops() {
    for command in ["source", "configfile"] {
      let environment = FakeEnvironment(files: [("/self", "\(command) /self\n")])
      #expect(throws: MenuError.self) { try scriptMenu("\(command) /self", in: environment) }
    }
  }

  @Test func growingVariablesStop() throws {
    let menu = try scriptMenu(
      "set x=aaaaaaaa\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n"
        + "do set x=$x$x; done\nmenuentry t { true; }")
    #expect(menu.warnings.first?.kind == .failed("set: variable too large"))
  }

  @Test func deepNestingIsNamed() throws {
    let text = String(repeating: "if true; then ", count: 4000)
    let menu = try scriptMenu("menuentry t { true; }\n" + text)
    let limit = MenuLimits.syntaxDepthMax
    #expect(menu.warnings.first?.kind == .syntax("more than \(limit) blocks within one another"))
  }

  @Test func tooManyEntriesStop() {
    let body = String(repeating: "x", count: 100_000)
    #expect(
      throws: MenuError.tooLarge(
        place: MenuPlace(file: "/boot/grub/grub.cfg", line: 1, column: 16), what: "too many entries"
      )
    ) {
      try scriptMenu("while true; do menuentry x { echo \(body); }; done")
    }
  }

  @Test func largeFilesAreRefused() {
    let text = String(repeating: "#", count: MenuLimits.fileByteCountMax + 1)
    #expect(throws: MenuError.unreadable(MenuFile(device: "", path: "/boot/grub/grub.cfg"))) {
      try scriptMenu(text)
    }
  }
}
