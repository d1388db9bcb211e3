// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import BootMenu

@Suite struct RescueCommandTests {
  private let world = FakeEnvironment(
    devices: [
      .init(name: "hd0"), .init(name: "hd0,gpt1", uuid: "12-34", label: "root"),
    ],
    files: [
      ("(hd0,gpt1)/boot/vmlinuz", "kernel"), ("(hd0,gpt1)/boot/other", "kernal"),
      ("(hd0,gpt1)/boot/short", "kern"), ("(hd0,gpt1)/boot/grub/grub.cfg", "c"),
    ])

  private func said(_ line: String) -> String {
    var session = CommandSession(environment: world, menu: nil, root: "hd0,gpt1")
    return session.run(ByteString(line)).output.text
  }

  @Test func longListsTellSizesAndKinds() {
    #expect(
      said("ls -l /boot")
        == "           6 vmlinuz\n           6 other\n           4 short\n           - grub/\n")
    #expect(said("ls -l /boot/short") == "           4 (hd0,gpt1)/boot/short\n")
    #expect(said("ls /boot/short") == "(hd0,gpt1)/boot/short\n")
    #expect(said("ls /none") == "ls: fake: (hd0,gpt1)/none: not found\n")
    #expect(said("ls -x") == "ls: unknown option -x\n")
    #expect(said("ls (hd0") == "ls: (hd0: the bracket is not closed\n")
  }

  @Test func devicesTellWhatIsOnThem() {
    world.fileSystemNames = ["hd0,gpt1": "ext4"]
    let line = "(hd0,gpt1): 64 MiB, ext4, label 'root', UUID 12-34\n"
    #expect(said("ls -l (hd0,gpt1)") == line)
    #expect(said("ls -l") == "(hd0): 64 MiB, fake: (hd0)/: not found\n" + line)
  }

  @Test func filesAreFound() {
    #expect(said("find /boot/short") == "(hd0,gpt1)\n")
    #expect(said("find /none") == "find: /none is on no device\n")
    #expect(said("find / -name 'grub*'") == "(hd0,gpt1)/boot/grub\n(hd0,gpt1)/boot/grub/grub.cfg\n")
    #expect(said("find /boot -name '?hort'; echo $?") == "(hd0,gpt1)/boot/short\n0\n")
    #expect(said("find / -name zz; echo $?") == "1\n")
    #expect(said("find /none -name x") == "find: fake: (hd0,gpt1)/none: not found\n")
    #expect(said("find") == "find: file name expected\n")
  }

  @Test func filesAreCompared() {
    #expect(said("cmp /boot/vmlinuz /boot/vmlinuz; echo $?") == "0\n")
    #expect(said("cmp /boot/vmlinuz /boot/other; echo $?") == "they differ at byte 4\n1\n")
    #expect(
      said("cmp /boot/vmlinuz /boot/short") == "(hd0,gpt1)/boot/short ends at byte 4\n")
    #expect(said("cmp /boot/vmlinuz /no") == "cmp: fake: (hd0,gpt1)/no: not found\n")
    #expect(said("cmp /boot/vmlinuz") == "cmp: two files expected\n")
  }

  @Test func longFilesAreShownInPart() {
    world.add("(hd0,gpt1)/long", String(repeating: "x", count: MenuLimits.outputByteCountMax + 9))
    #expect(said("cat /long").hasSuffix("x\n(the rest is not shown: over 65408 bytes)\n"))
    #expect(said("cat /boot/short") == "kern")
    #expect(said("cat /no") == "cat: fake: (hd0,gpt1)/no: not found\n")
    #expect(said("cat") == "cat: file name expected\n")
  }

  @Test func blocksAreListed() {
    world.parts = [
      StoredPart(.plain(byteOffset: 4096), byteCount: 1030), StoredPart(.zeros, byteCount: 5),
      StoredPart(.plain(byteOffset: 7), byteCount: 3), StoredPart(.packed, byteCount: 9),
      StoredPart(.inline, byteCount: 2),
    ]
    #expect(
      said("blocklist /boot/vmlinuz") == """
        sector 8 + 2, and 6 bytes
        zeros 5
        byte 7 + 3
        packed: 9 bytes
        in the file system's own data: 2 bytes

        """)
    world.parts = [StoredPart](repeating: StoredPart(.zeros, byteCount: 1), count: 1002)
    #expect(said("blocklist /boot/vmlinuz").hasSuffix("zeros 1\nand 2 parts more\n"))
  }

  @Test func memoryIsListed() {
    #expect(said("lsmmap") == "lsmmap: the map is not known here\n")
    world.memory = [
      MemoryRange(address: 0xfc00_0000, byteCount: 4096, type: 3),
      MemoryRange(address: 0, byteCount: 1 << 20, type: 1),
    ]
    #expect(said("lsmmap") == "0x0, 1024 KiB: RAM\n0xfc000000, 4 KiB: ACPI tables\n")
  }

  @Test func xenstoreIsRead() {
    world.store = [("name", "guest"), ("data", ""), ("data/pvgrub", "x"), ("vm", "/vm/1")]
    #expect(
      said("xenstore ls") == "name = \"guest\"\ndata = \"\"\n pvgrub = \"x\"\nvm = \"/vm/1\"\n")
    #expect(said("xenstore ls data") == "pvgrub = \"x\"\n")
    #expect(said("xenstore read name") == "guest\n")
    #expect(said("xenstore read no") == "xenstore: fake: no: ENOENT\n")
    #expect(said("xenstore read") == "xenstore: path expected\n")
    #expect(said("xenstore rm x") == "xenstore: ls or read expected\n")
    world.store = (0..<1100).map { ("n\($0)", "") }
    #expect(said("xenstore ls").hasSuffix("n998 = \"\"\nmore than 1000 nodes\n"))
  }

  @Test func commandsAreTimed() {
    #expect(said("time echo a") == "a\ntook 1.000 s\n")
    #expect(said("time time") == "time: of itself\n")
    #expect(said("time") == "time: command expected\n")
  }

  @Test func helpTellsAboutAllOrOne() {
    #expect(said("help halt") == "halt                               ends the domain\n")
    #expect(said("help frob") == "help: no command frob\n")
    for line in said("help").split(separator: "\n") { #expect(line.count < 80, "\(line)") }
    for name in Set(CommandHelp.table.map { $0.name.text }) {
      let name = ByteString(name)
      #expect(RescueCommand(name) != nil || ScriptCommand(name) != nil, "\(name.text)")
    }
  }

  @Test func controlCEndsTheWholeLine() {
    world.looksUntilInterrupt = 3
    #expect(said("while true; do cmp /boot/vmlinuz /boot/vmlinuz; done") == "interrupted\n")
    world.looksUntilInterrupt = 1
    #expect(said("find / -name x; echo on") == "interrupted\n")
    world.looksUntilInterrupt = 1
    world.store = [("a", ""), ("b", "")]
    #expect(said("xenstore ls; echo on") == "a = \"\"\ninterrupted\n")
  }

  @Test func anyLineEnds() {
    var random = SplitMix(seed: 0x7e5c)
    let words =
      CommandHelp.table.map { $0.name.text } + [
        "(hd0", "(hd0,gpt1)", "/boot", "/boot/vmlinuz", "-l", "-name", "'*'", "$root", ";", "'",
        "{", "}", "!", "--", "(zz)/", "\\", "-x", "ls", "read", "time", "/long",
      ]
    world.add("(hd0,gpt1)/long", String(repeating: "x", count: 4000))
    for _ in 0..<1500 {
      var line: [String] = []
      for _ in 0..<1 + random.below(6) { line.append(words[random.below(words.count)]) }
      #expect(said(line.joined(separator: " ")).utf8.count <= 2 * MenuLimits.outputByteCountMax)
    }
  }

  @Test func scriptsOfGuestsKeepTheirMeaning() throws {
    #expect(try printed("lsmmap; blocklist /x; help; echo $?", in: world) == "0\n")
    #expect(try printed("find /boot/short; echo on", in: world) == "on\n")
    #expect(try printed("set root=hd0,gpt1; sha256sum /boot/short; echo $?", in: world) == "1\n")
  }
}
