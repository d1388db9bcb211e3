// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct ScriptCommandTests {
  private func disk() -> FakeEnvironment {
    FakeEnvironment(
      devices: [
        .init(name: "hd0,gpt1", uuid: "1111-2222", label: "boot"),
        .init(name: "hd0,gpt2", uuid: "abcd-ef01", label: "root", partitionUUID: "77-88"),
      ],
      files: [("(hd0,gpt2)/etc/here", "x"), ("(hd0,gpt1)/vmlinuz", "k")])
  }

  @Test func linuxAndInitrdNameFiles() throws {
    let menu = try scriptMenu(
      """
      set root='hd0,gpt1'
      menuentry a {
        linux /vmlinuz-6.1  root=/dev/xvda2   ro "one two" it\\'s "q\\"b" dyndbg=\\"x y\\"
        initrd /microcode (hd0,gpt2)/initrd.img ($root)/third
      }
      """)
    let target = try target(0, of: menu)
    #expect(target.kind == .linux)
    #expect(target.kernel == MenuFile(device: "hd0,gpt1", path: "/vmlinuz-6.1"))
    #expect(target.root == "hd0,gpt1")
    #expect(
      target.commandLine.text
        == "root=/dev/xvda2 ro \"one two\" it\\'s q\\\"b dyndbg=\\\"x y\\\"")
    #expect(
      target.initrds == [
        MenuFile(device: "hd0,gpt1", path: "/microcode"),
        MenuFile(device: "hd0,gpt2", path: "/initrd.img"),
        MenuFile(device: "hd0,gpt1", path: "/third"),
      ])
    #expect(target.commandLineWithBootImage.hasPrefix("BOOT_IMAGE=(hd0,gpt1)/vmlinuz-6.1 root="))
  }

  @Test(arguments: ["linux", "linux16", "linuxefi"])
  func allNamesOfLinuxAreTheSame(_ name: String) throws {
    let suffix = name.dropFirst(5)
    let menu = try scriptMenu("menuentry a { \(name) /k; initrd\(suffix) /i; }")
    #expect(try target(0, of: menu).initrds.map { $0.path } == ["/i"])
  }

  @Test func theLastKernelCountsAndStartsAnew() throws {
    let menu = try scriptMenu("menuentry a { linux /one; initrd /i; linux /two x; }")
    let target = try target(0, of: menu)
    #expect(target.kernel.path == "/two")
    #expect(target.initrds == [])
  }

  @Test func anyKernelHasRamdisksOrModulesButNotBoth() throws {
    let menu = try scriptMenu(
      "menuentry x { multiboot /k; initrd /i; module /m; }\n"
        + "menuentry y { linux /k; module /m a; initrd /i; }")
    let first = try target(0, of: menu)
    #expect(first.initrds.map { $0.path } == ["/i"])
    #expect(first.modules == [])
    let second = try target(1, of: menu)
    #expect(second.initrds == [])
    #expect(second.modules.map { $0.commandLine } == ["a"])
  }

  @Test func multibootKernelsHaveModules() throws {
    let menu = try scriptMenu(
      "menuentry x { multiboot2 /xen.gz dom0_mem=1G; "
        + "module2 --nounzip /vmlinuz root=/dev/a ro; module2 /initrd; }"
    )
    let target = try target(0, of: menu)
    #expect(target.kind == .multiboot)
    #expect(target.modules.map { $0.file.path } == ["/vmlinuz", "/initrd"])
    let linux = target.linuxAmongModules
    #expect(linux?.kernel.path == "/vmlinuz")
    #expect(linux?.commandLine == "root=/dev/a ro")
    #expect(linux?.initrds.map { $0.path } == ["/initrd"])
    #expect(linux?.linuxAmongModules == nil)
  }

  @Test(arguments: [
    ("search --no-floppy --fs-uuid --set=root ABCD-EF01", "hd0,gpt2"),
    (
      "search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 --hint='hd0,gpt2' abcd-ef01",
      "hd0,gpt2"
    ),
    ("search -u 1111-2222 -s", "hd0,gpt1"), ("search --set root --label boot", "hd0,gpt1"),
    ("search -l root --set", "hd0,gpt2"), ("search --file /etc/here --set=root", "hd0,gpt2"),
    ("search -n -f /vmlinuz -s", "hd0,gpt1"), ("search --part-uuid 77-88 --set", "hd0,gpt2"),
    ("search.fs_uuid abcd-ef01 root", "hd0,gpt2"), ("search.fs_label boot root", "hd0,gpt1"),
    ("search.file /etc/here root hd0", "hd0,gpt2"),
    ("if search --fs-uuid 0000 --set=root; then true; else root=kept; fi", "kept"),
    ("search --fs-uuid 0000 --set=root", "first"),
  ])
  func searchSetsTheRoot(_ command: String, _ expected: String) throws {
    #expect(try printed("root=first\n\(command)\necho $root", in: disk()) == expected + "\n")
  }

  @Test func searchSetsOtherVariablesOrPrints() throws {
    #expect(
      try printed("search --set=drive2 --label root; echo $drive2", in: disk()) == "hd0,gpt2\n")
    #expect(try printed("search --label root", in: disk()) == "hd0,gpt2\n")
    #expect(try printed("search.fs_uuid abcd-ef01", in: disk()) == "hd0,gpt2\n")
  }

  /// An option whose value may be left out takes the next word, unless that begins with a dash
  /// (GRUB 2.06, `lib/arg.c`).
  @Test(arguments: [
    ("search -l root -s drive", "hd0,gpt2"), ("search -s drive -l root", "hd0,gpt2"),
    ("search -l root --set drive", "hd0,gpt2"), ("search --set drive --label root", "hd0,gpt2"),
    ("search root -l -s drive", "hd0,gpt2"), ("search -n -u ABCD-EF01 -s drive", "hd0,gpt2"),
    ("search -lsn root drive", ""), ("search -ls drive root", "hd0,gpt2"),
    ("search -sl root", ""), ("search -l -sv root -s drive", ""),
    ("search -l root -s drive --hint-xen2=x", "hd0,gpt2"),
  ])
  func anOptionalValueIsTheNextWord(_ command: String, _ expected: String) throws {
    #expect(try printed("\(command)\necho \"$drive\"", in: disk()).hasSuffix("\(expected)\n"))
    if expected.isEmpty {
      #expect(try printed("drive=none\n\(command)\necho $drive", in: disk()).hasSuffix("none\n"))
    }
  }

  @Test func aNameThatAnOptionTookIsLookedFor() throws {
    let script = "root=first\nsearch -l -s root\necho $root"
    #expect(try printed(script, in: disk()) == "hd0,gpt2\n")
  }

  /// Red Hat's GRUB keeps them (`script/execute.c`, `lib/cmdline.c`).
  @Test(arguments: [
    ("hd:LABEL=CentOS\\x207\\x20x86_64", "hd:LABEL=CentOS\\x207\\x20x86_64"),
    ("'LABEL=a\\x20b'", "LABEL=a\\x20b"), ("\"LABEL=a\\x20b\"", "LABEL=a\\x20b"),
    ("$label", "a\\x2fb"), ("\"$label\"", "a\\x2fb"), ("x\\xg0", "xxg0"), ("x\\x2", "xx2"),
    ("'a\\b'", "a\\\\b"), ("'a b\\x20c'", "\"a b\\x20c\""),
  ])
  func bytesInHexadecimalStayAsTheyAre(_ word: String, _ expected: String) throws {
    let menu = try scriptMenu("set label=a\\x2fb\nexport label\nmenuentry t { linux /v \(word); }")
    #expect(try target(0, of: menu).commandLine.text == expected)
  }

  @Test(arguments: [
    ("search --fs-uuid", "search: one argument expected"), ("search x", "search: by what?"),
    ("search --fs-uuid --set 0000", "search: no device with fs-uuid 0000"),
    ("search --bogus x", "search: by what?"),
    ("search -l --label=a b", "search: option --label takes no value"),
    ("set a", "set: no assignment in a"),
    ("menuentry", "menuentry: title expected"), ("menuentry x", "menuentry: 'x' has no block"),
    ("linux", "linux: file name expected"), ("boot", "boot: you need to load the kernel first"),
    ("configfile", "configfile: file name expected"),
    ("configfile /none", "configfile: /none can't be read"), ("cat", "cat: file name expected"),
    ("cat /none", "cat: /none can't be read"), ("ls /none", "ls: no directory /none"),
    ("date", "date: not available in a guest"),
    ("password a", "password: two arguments expected"),
    ("sleep", "sleep: how long?"), ("increment", "increment: variable name expected"),
    ("return", "return: not in a function"), ("time time", "time: of itself"),
    ("module /x", "module: you need to load the kernel first"),
  ])
  func failuresAreNamed(_ command: String, _ message: String) throws {
    let menu = try scriptMenu("\(command)\nmenuentry t { true; }")
    #expect(menu.warnings.map { $0.kind } == [.failed(ByteString(message))])
  }

  @Test func environmentBlocksAreReadAndWritesAreKept() throws {
    let padding = String(repeating: "#", count: 900)
    let environment = FakeEnvironment(files: [
      (
        "/boot/grub/grubenv",
        "# GRUB Environment Block\nsaved_entry=b\\\\c\nnext_entry=\nx=1=2\n" + padding
      ),
      ("/bad", "saved_entry=no\n"), ("/other", "# GRUB Environment Block\na=1\nb=2\n"),
    ])
    #expect(
      try printed("load_env; echo $saved_entry \"<$next_entry>\" $x", in: environment)
        == "b\\c <> 1=2\n")
    #expect(try printed("load_env -f /bad; echo $?$saved_entry", in: environment) == "1\n")
    #expect(try printed("load_env --file=/other b; echo $a$b", in: environment) == "2\n")
    #expect(try printed("list_env -f /other", in: environment) == "a=1\nb=2\n")
    let menu = try scriptMenu(
      "saved=1; save_env saved\nmenuentry a { linux /k; saved=2; save_env -f /other saved gone; }")
    let file = MenuFile(device: "", path: "/boot/grub/grubenv")
    #expect(menu.savedVariables.map { $0.file } == [file])
    #expect(menu.savedVariables.first?.value == "1")
    #expect(try target(0, of: menu).savedVariables.map { $0.value } == ["2", nil])
  }

  @Test func savedAndNextEntryChooseTheDefault() throws {
    let environment = FakeEnvironment(files: [
      ("/boot/grub/grubenv", "# GRUB Environment Block\nsaved_entry=two\nnext_entry=\n")
    ])
    let menu = try scriptMenu(
      """
      if [ -s $prefix/grubenv ]; then load_env; fi
      if [ "${next_entry}" ]; then
        set default="${next_entry}"
      else
        set default="${saved_entry}"
      fi
      menuentry one { linux /1; }
      menuentry two { linux /2; }
      """, in: environment)
    #expect(menu.defaultSelection?.index == 1)
  }

  @Test func otherFilesAreRead() throws {
    let environment = FakeEnvironment(files: [
      ("/lib.cfg", "function f { echo f; }\nset lib=1\n"),
      ("/menu.cfg", "menuentry other { linux /o; }\nset timeout=9\n"),
      ("/empty.cfg", "echo nothing here\n"), ("/boot.cfg", "linux /b\nboot\n"),
      ("/old.lst", "title old\nroot (hd0,0)\nkernel /v\n"),
    ])
    #expect(try printed(". /lib.cfg; f; echo $lib", in: environment) == "f\n1\n")
    let menu = try scriptMenu("configfile /menu.cfg\nmenuentry mine { true; }", in: environment)
    #expect(menu.entries.map { $0.title } == ["other"])
    #expect(menu.timeoutSeconds == 9)
    #expect(menu.file.path == "/menu.cfg")
    let first = try scriptMenu(
      "configfile /empty.cfg\nmenuentry mine { configfile /old.lst; }", in: environment)
    #expect(first.entries.map { $0.title } == ["mine"])
    let legacy = try scriptMenu("legacy_configfile /old.lst", in: environment)
    #expect(legacy.format == .legacy)
    #expect(
      try target(0, of: legacy, in: environment).kernel == MenuFile(device: "hd0,1", path: "/v"))
    let direct = try scriptMenu("menuentry a { configfile /boot.cfg; }", in: environment)
    #expect(try target(0, of: direct, in: environment).kernel.path == "/b")
    let opening = try scriptMenu("menuentry a { configfile /menu.cfg; }", in: environment)
    guard
      case .menu(let inner) = try MenuInterpreter(environment: environment).run(0, of: opening)
        .outcome
    else {
      Issue.record("no menu")
      return
    }
    #expect(inner.entries.map { $0.title } == ["other"])
  }

  @Test func endingsAreOutcomes() throws {
    let menu = try scriptMenu(
      "menuentry r { reboot; linux /x; }\nmenuentry h { halt; }\nmenuentry e { exit; }")
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    guard case .reboot = try interpreter.run(0, of: menu).outcome,
      case .halt = try interpreter.run(1, of: menu).outcome,
      case .exit = try interpreter.run(2, of: menu).outcome
    else {
      Issue.record("wrong outcome")
      return
    }
  }

  @Test func presetsAreSetBeforeTheMenu() throws {
    var interpreter = MenuInterpreter(environment: FakeEnvironment())
    interpreter.presets = [("iso_path", "/x.iso")]
    let file = MenuFile(device: "hd0", path: "/boot/grub/grub.cfg")
    let menu = try interpreter.menu(
      "echo $iso_path $root $prefix $grub_platform\nmenuentry a { true; }", file: file,
      format: .grub2)
    #expect(menu.output == "/x.iso hd0 (hd0)/boot/grub xen\n")
  }

  /// Each of these differed from grub-emu 2.06 and 2.14 on generated scripts.
  @Test func commandsDoWhatGrubDoesWithUnusualArguments() throws {
    let expected: [(String, String)] = [
      ("echo -- a", "a\n"), ("echo a -n", "a -n\n"), ("echo -x a", "-x a\n"),
      ("echo -en 'a\\tb' c", "a\tb c"), ("echo -e 'a\\cb' c", "ab c"),
      ("echo -e 'a\\qb\\'", "ab\n"),
      ("x=1; y=2; unset x y; echo $x$y", "2\n"),
      ("if unset; then echo y; else echo n; fi", "n\n"),
      ("if export; then echo y; else echo n; fi", "n\n"),
      ("if configfile /none; then echo y; else echo n; fi", "y\n"),
      ("if load_env -f; then echo y; else echo n; fi", "n\n"),
      ("if save_env; then echo y; else echo n; fi", "n\n"),
      ("z=aab; tr -s z a b; echo $z", "bbb\n"), ("tr -U b c abc", "acc\n"),
      ("if tr a b; then echo y; else echo n; fi", "n\n"),
      ("if tr -U a b c d; then echo y; else echo n; fi", "n\n"),
      ("z=old; regexp --set=z b b; if tr -s z -U; then echo y; else echo n; fi", "n\n"),
      ("tr -D ABC", "abc\n"), ("z=q; tr --set=z -U; echo $z", "Q\n"),
    ]
    for (script, text) in expected {
      #expect(try printed(script) == text, "\(script)")
    }
  }

  @Test func aFileOfCommandsIsNoMenuAndLeavesWhatItDid() throws {
    let world = FakeEnvironment(
      files: [
        ("(hd0)/inner", "echo inner $# $1; function g { echo g $1; }; x=2; linux /k from-inner"),
        ("(hd0)/env", "# GRUB Environment Block\nx=1\n" + String(repeating: "#", count: 99)),
        ("(hd0)/reads", "load_env -f /env; echo reads $x"),
      ])
    let script = """
      root=hd0; x=1
      function f { configfile /inner; }
      f a b
      g c
      echo $x
      x=3; save_env -f /env x
      configfile /reads
      """
    #expect(try printed(script, in: world) == "inner 2 a\ng c\n1\nreads 3\n")
    let menu = try scriptMenu("root=hd0\nmenuentry a { configfile /inner; }", in: world)
    #expect(try target(0, of: menu, in: world).commandLine == "from-inner")
  }

  @Test func whatIsSavedGoesWithTheMenuThatAFileOpens() throws {
    let block = "# GRUB Environment Block\n" + String(repeating: "#", count: 99)
    let world = FakeEnvironment(
      files: [
        ("(hd0)/env", block), ("(hd0)/menu", "menuentry a { linux /k; }\ny=2; save_env -f /env y"),
      ])
    let menu = try scriptMenu("root=hd0; x=1; save_env -f /env x; configfile /menu", in: world)
    #expect(menu.savedVariables.map { $0.name } == ["x", "y"])
  }

  @Test func aNameInAnEnvironmentBlockEndsAtAnEqualsSignAlone() throws {
    let block = "# GRUB Environment Block\na=1\nnoequals\nb=2\n# c=3\nd=4\\\n5\ne=cut"
    let world = FakeEnvironment(files: [("(hd0)/env", block)])
    let script = "load_env -f (hd0)/env; echo \"$a|$b|$c|$d|$e\"; list_env -f (hd0)/env"
    #expect(
      try printed(script, in: world) == "1|||4\n5|\na=1\nnoequals\nb=2\nd=4\n5\n")
  }

  @Test func insideOfAnEntryTheDefaultIsWhatIsLeftOfThePath() throws {
    let menu = try scriptMenu(
      """
      default='s>1'
      menuentry a { echo "<$default>"; linux /k; }
      submenu s { echo "<$default>"; menuentry b { linux /k; }; menuentry c { linux /k; } }
      """)
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    #expect(try interpreter.run(0, of: menu).output == "<>\n")
    #expect(try interpreter.run(1, of: menu, rest: "1").output == "<1>\n")
  }
}
