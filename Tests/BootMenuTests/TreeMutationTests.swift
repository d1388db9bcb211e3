// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@testable import BootMenu

/// Damaged configurations of syslinux and the Boot Loader Specification must give a menu or an
/// error, soon, and never a trap.
@Suite struct TreeMutationTests {
  private static let seeds: [UInt64] = [1, 2, 3, 4]
  private let work = MenuWork(WorkAccount())

  @Test(arguments: seeds)
  func damagedTreesNeverTrap(_ seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for system in TreeMenuTests.systems {
      let files = try TreeMenuTests.files(system)
      for _ in 0..<40 {
        var damaged = files
        let index = Int(random.next() % UInt64(files.count))
        damaged[index].bytes = mutated(damaged[index].bytes, &random)
        _ = TreeMenuTests.dump(damaged)
      }
    }
  }

  @Test(arguments: seeds)
  func randomWordsNeverTrap(_ seed: UInt64) {
    var random = SplitMix(seed: seed &+ 50)
    let tokens = [
      "label", "LABEL a", "label b", "menu", "begin", "end", "menu begin", "menu end", "default",
      "menu default", "menu hide", "menu exit", "menu goto", "menu passwd", ".top", "linux",
      "kernel", "initrd", "append", "com32", "cmd.c32",
      "whichsys.c32", "-sys-", "ifcpu64.c32", "--", "mboot.c32", "---", "config", "include",
      "menu include", "/f", "text help", "endtext", "ui", "menu.c32", "timeout", "9", "-1", "~",
      "^",
      "title", "version", "sort-key", "machine-id", "options", "$kernelopts", "$", "${x}", "\"",
      "grub_users", "architecture", "x64", "\n", "\n", "\n", "\n", "\r\n", "\t", "#", "é",
    ]
    for _ in 0..<250 {
      let words = (0..<Int(random.next() % 80)).map { _ in
        tokens[Int(random.next() % UInt64(tokens.count))]
      }
      let text = Array(words.joined(separator: random.next() % 4 == 0 ? "" : " ").utf8)
      _ = TreeMenuTests.dump([("/extlinux.conf", text), ("/f", text)])
      _ = TreeMenuTests.dump([
        ("/loader/loader.conf", text), ("/loader/entries/a+1.conf", text),
        ("/loader/entries/b.conf", text), ("/grub2/grubenv", text),
      ])
      _ = OSRelease(ByteString(text))
      _ = GlobPattern(ByteString(text.prefix(40))).matches(ByteString(text.suffix(40)), work)
      _ = SpecificationVersion.compare(ByteString(text.prefix(30)), ByteString(text.suffix(30)))
    }
  }

  @Test func aPatternOfStarsIsQuick() {
    let pattern = GlobPattern(ByteString(String(repeating: "*a", count: 200) + "b"))
    #expect(!pattern.matches(ByteString(String(repeating: "a", count: 400)), work))
    #expect(GlobPattern("*").matches("", work))
    // A set without an end was looked for to the end of the text at each step.
    let sets = "*" + String(repeating: "[", count: 100) + String(repeating: "x", count: 60_000)
    #expect(
      !GlobPattern(ByteString(sets)).matches(ByteString(String(repeating: "[", count: 250)), work))
    #expect(GlobPattern("").matches("", work))
    #expect(!GlobPattern("?").matches("", work))
    #expect(!GlobPattern("[").matches("a", work))
    #expect(GlobPattern("[").matches("[", work))
    #expect(!GlobPattern("[z-a]").matches("m", work))
    #expect(!GlobPattern("\\").matches("\\", work))
  }

  @Test func filesWithinFilesEnd() throws {
    // Each file includes itself twice: 2 to the 8th reads without a limit on their number.
    let environment = FakeEnvironment(files: [
      ("/boot/extlinux/me", "include me\ninclude me\nlabel a\nlinux /a\n")
    ])
    let menu = try syslinuxMenu("include me\n", in: environment)
    #expect(menu.entries.count == MenuLimits.includeCountMax)
    #expect(
      menu.warnings.first?.message.text
        == "/boot/extlinux/me:1:1: INCLUDE me: too many files within files")
  }

  @Test func menusWithinMenusEnd() throws {
    let depth = MenuLimits.submenuDepthMax
    let text = String(repeating: "menu begin\nlabel x\nlinux /x\n", count: depth + 3)
    let menu = try syslinuxMenu(text + String(repeating: "menu end\n", count: depth + 9))
    #expect(menu.entries.count == 1)
    #expect(menu.warnings.count == 4)
    #expect(
      menu.warnings.first?.message.text
        == "/boot/extlinux/extlinux.conf:22:6: menus nested more than 8 deep")
  }

  @Test func labelsBeyondTheLimitAreLeftOut() throws {
    let count = MenuLimits.entryCountMax
    // With fewer bytes a label there may be fewer labels.
    let line = "label a\n#\(String(repeating: "-", count: 50))\nkernel /a\n"
    let menu = try syslinuxMenu(String(repeating: line, count: count + 2))
    #expect(menu.entries.count == count)
    #expect(
      menu.warnings.first?.message.text
        == "/boot/extlinux/extlinux.conf:60001:1: too many entries")
  }

  @Test func aliasesBeyondTheLimitAreLeftAlone() throws {
    let count = MenuLimits.aliasCountMax
    let line = "label x\ncom32 cmd.c32\nappend k\n"
    let menu = try syslinuxMenu(
      String(repeating: line, count: count + 1) + "label k\nlinux /k\n")
    #expect(try target(count - 1, of: menu).kernel.path == "/k")
    #expect(
      menu.warnings.map { $0.message.text } == [
        "/boot/extlinux/extlinux.conf:769:1: too many labels that stand for others"
      ])
  }

  private func mutated(_ text: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    random.damaged(text, inserting: " \n\t$^*-+~\"/#")
  }
}
