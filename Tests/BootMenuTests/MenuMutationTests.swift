// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

/// Damaged menus must give a menu or an error, soon, and never a trap.
@Suite struct MenuMutationTests {
  private static let variantCount = 150
  private static let seeds: [UInt64] = [1, 2, 3, 4]

  @Test(arguments: seeds)
  func damagedMenusNeverTrap(_ seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for system in SampleMenuTests.systems {
      let folder = SampleMenuTests.folder.appendingPathComponent(system)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      let name = try #require(names.first { $0 != "expected.txt" })
      let text = Array(try Data(contentsOf: folder.appendingPathComponent(name)))
      let count = MenuMutationTests.variantCount * 1000 / (1000 + text.count)
      for _ in 0..<count { run(mutated(text, &random), name: name) }
    }
  }

  @Test(arguments: seeds)
  func randomTokensNeverTrap(_ seed: UInt64) {
    var random = SplitMix(seed: seed &+ 100)
    let tokens = [
      "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "in", "function",
      "{", "}", "[", "]", "!", ";", "\n", "\n", "$", "${", "$x", "\"$x\"", "$@", "'", "\"", "\\",
      "menuentry", "submenu", "a", "x=1", "x=$x$x", "f", "set", "linux", "/k", "initrd", "break",
      "continue", "return", "shift", "setparams", "eval", "source", "search", "--set", "--label",
      "test", "-a", "-o", "(", ")", "-f", "-eq", "9", "#", "true", "false", "title", "root",
      "(hd0,0)", "kernel", "default", "%x%", "increment", "x", "echo", "-n", "time", "boot",
    ]
    for _ in 0..<300 {
      let count = Int(random.next() % 60)
      let words = (0..<count).map { _ in tokens[Int(random.next() % UInt64(tokens.count))] }
      let text = Array(words.joined(separator: random.next() % 4 == 0 ? "" : " ").utf8)
      run(text, name: "grub.cfg")
      run(text, name: "menu.lst")
    }
  }

  private func run(_ text: [UInt8], name: String) {
    let environment = FakeEnvironment(files: [("/k", "x")])
    let file = MenuFile(device: "", path: ByteString("/boot/grub/" + name))
    let interpreter = MenuInterpreter(environment: environment)
    let format = MenuFormat(path: file.path, text: ByteString(text))
    guard let menu = try? interpreter.menu(ByteString(text), file: file, format: format) else {
      return
    }
    _ = menu.fallbackSelections
    for index in menu.entries.indices.prefix(3) { _ = try? interpreter.run(index, of: menu) }
  }

  private func mutated(_ text: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    random.damaged(text, inserting: "{}$\"'\\;\n#=>")
  }
}
