// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import BootMenu

@Suite struct CompletionTests {
  private let world = FakeEnvironment(
    devices: [.init(name: "hd0"), .init(name: "hd0,gpt1"), .init(name: "hd1")],
    files: [
      ("(hd0,gpt1)/boot/vmlinuz-6.1", "k"), ("(hd0,gpt1)/boot/vmlinuz-6.12", "k"),
      ("(hd0,gpt1)/boot/initrd.img", "i"), ("(hd0,gpt1)/boot/grub/grub.cfg", "c"),
      ("(hd0,gpt1)/a b/it's", "s"), ("(hd0,gpt1)/.hidden", "h"), ("(hd1)/x\u{1b}y", "z"),
    ])

  /// What Tab makes of a line, with the choices after a bar.
  private func tab(_ line: String) -> String {
    let session = CommandSession(environment: world, menu: nil, root: "hd0,gpt1")
    let text = ByteString(line)
    let found = session.completion(CompletionRequest(line: text, cursor: text.count))
    let choices = found.choices.map { $0.text }.joined(separator: " ")
    return line + found.insertion.text + (choices.isEmpty ? "" : "|" + choices)
  }

  @Test func commandsAreCompleted() {
    #expect(tab("lin") == "linux ")
    #expect(tab("  conf") == "  configfile ")
    #expect(tab("l") == "l|legacy_configfile linux list_env loopback ls lsmmap")
    #expect(tab("true; init") == "true; initrd ")
    #expect(tab("time sha") == "time sha256sum ")
    #expect(tab("if tes") == "if test ")
    #expect(tab("nothing-like-it") == "nothing-like-it")
    #expect(tab("echo lin") == "echo lin")
  }

  @Test func devicesAreCompleted() {
    #expect(tab("ls (") == "ls (hd|hd0 hd0,gpt1 hd1")
    #expect(tab("ls (hd1") == "ls (hd1)")
    #expect(tab("ls (hd0,") == "ls (hd0,gpt1)")
    #expect(tab("ls (hd0,gpt1)") == "ls (hd0,gpt1)/")
    #expect(tab("set root=(hd1") == "set root=(hd1)")
    #expect(tab("ls (zz") == "ls (zz")
  }

  @Test func pathsAreCompleted() {
    #expect(tab("ls /bo") == "ls /boot/")
    #expect(tab("linux /boot/vm") == "linux /boot/vmlinuz-6.1|vmlinuz-6.1 vmlinuz-6.12")
    #expect(tab("linux /boot/vmlinuz-6.12") == "linux /boot/vmlinuz-6.12 ")
    #expect(tab("initrd (hd0,gpt1)/boot/ini") == "initrd (hd0,gpt1)/boot/initrd.img ")
    #expect(tab("cat /boot/grub/") == "cat /boot/grub/grub.cfg ")
    #expect(tab("cat /none/x") == "cat /none/x")
    #expect(tab("cat /.h") == "cat /.hidden ")
    #expect(tab("cat /") == "cat /|a b boot")
  }

  @Test func namesAreQuotedAsTheLanguageNeeds() {
    #expect(tab("cat /a") == "cat /a\\ b/")
    #expect(tab("cat /a\\ b/") == "cat /a\\ b/it\\'s ")
    #expect(tab("cat \"/a b/") == "cat \"/a b/it's\" ")
    #expect(tab("cat '/a") == "cat '/a b/")
  }

  @Test func namesThatATerminalCantShowAreLeftOut() {
    #expect(tab("cat (hd1)/") == "cat (hd1)/")
  }

  @Test func onlyWhatIsBeforeTheCursorCounts() {
    let session = CommandSession(environment: world, menu: nil, root: "hd0,gpt1")
    let request = CompletionRequest(line: "ls /bo more", cursor: 6)
    #expect(session.completion(request).insertion == "ot/")
    #expect(
      session.completion(CompletionRequest(line: "ls", cursor: -5)).choices.count
        == Set(CommandHelp.table.map { $0.name.text }).count)
    #expect(session.completion(CompletionRequest(line: "", cursor: 99)).insertion == "")
  }

  @Test func whatRunsBeforeTheLineChoosesTheDisk() {
    let session = CommandSession(environment: world, menu: nil, root: "hd1")
    let request = CompletionRequest(
      before: "search --no-floppy --file --set=root /boot/initrd.img\n", line: "ls /bo", cursor: 6)
    #expect(session.completion(request).insertion == "ot/")
    #expect(session.completion(CompletionRequest(line: "ls /bo", cursor: 6)) == .nothing)
    // The commands for people are not for what is on the disk.
    world.looksUntilInterrupt = 0
    let script = CompletionRequest(
      before: "find / -name x\nset root=hd0,gpt1\n", line: "ls /bo", cursor: 6)
    #expect(session.completion(script).insertion == "ot/")
  }

  @Test func veryManyChoicesAreCut() {
    let world = FakeEnvironment(files: (0..<250).map { ("(hd0)/d/name\($0)", "") })
    let session = CommandSession(environment: world, menu: nil, root: "hd0")
    let found = session.completion(CompletionRequest(line: "ls /d/", cursor: 6))
    #expect(found.insertion == "name")
    #expect(found.choices.count == MenuLimits.completionChoiceCountMax)
    #expect(found.furtherCount == 150)
    #expect(found.list.hasSuffix("  and 150 more"))
  }

  @Test func noLineTrapsTab() {
    var random = SplitMix(seed: 6)
    let pieces = [
      "(", ")", "/", "=", "\\", "'", "\"", " ", ";", "hd0", "boot", "ls", "\u{e4}", "{",
    ]
    for _ in 0..<2000 {
      var line = ""
      for _ in 0..<random.below(9) { line += pieces[random.below(pieces.count)] }
      _ = tab(line)
    }
  }
}
