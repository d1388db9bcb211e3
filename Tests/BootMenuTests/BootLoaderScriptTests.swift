// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// `blscfg` and `uki` in scripts of GRUB 2.
@Suite struct BootLoaderScriptTests {
  private let files: [(String, String)] = [
    (
      "/loader/entries/ab-6.8.5-1.conf",
      "title Fedora (6.8.5)\nlinux /vmlinuz-6.8.5\ninitrd /initrd-6.8.5 $tuned_initrd\n"
        + "options $kernelopts $tuned_params\ngrub_users $grub_users\ngrub_arg --unrestricted\n"
        + "grub_class fedora\nid fedora-685\n"
    ),
    (
      "/loader/entries/ab-6.8.10-1.conf",
      "title Fedora (6.8.10)\nlinux /vmlinuz-6.8.10\noptions root=/dev/x;y x=\"a b\"\n"
    ),
    ("/loader/entries/ab-0-rescue.conf", "title Rescue\nlinux /rescue\ngrub_users \"\"\n"),
    ("/loader/entries/ab-6.8.10-1~debug.conf", "title Debug\nlinux /debug\n"),
    ("/boot/loader/entries/other.conf", "title Other\nlinux /boot/other\n"),
  ]

  private func menu(_ script: String, _ more: [(String, String)] = []) throws -> Menu {
    try scriptMenu(script, in: FakeEnvironment(files: files + more))
  }

  @Test func entriesAreSortedAsPackagesNewestFirst() throws {
    let menu = try menu("set timeout=5\nblscfg\n")
    #expect(menu.format == .grub2)
    #expect(
      menu.entries.map { $0.id.text } == [
        "ab-6.8.10-1", "ab-6.8.10-1~debug", "ab-6.8.5-1", "ab-0-rescue",
      ])
    #expect(menu.entries.map { $0.title }[2] == "Fedora (6.8.5)")
    #expect(menu.warnings == [])
  }

  @Test func variablesOfTheScriptAreExpanded() throws {
    let menu = try menu(
      """
      set kernelopts="root=UUID=1 ro rhgb"
      set tuned_params="a=1"
      set tuned_initrd=/tuned.img
      blscfg
      """)
    let target = try target(2, of: menu)
    #expect(target.kernel.path == "/vmlinuz-6.8.5")
    #expect(target.commandLine == "root=UUID=1 ro rhgb a=1")
    #expect(target.initrds.map { $0.path } == ["/initrd-6.8.5", "/tuned.img"])
    // What is not set is nothing.
    let bare = try BootMenuTests.target(2, of: try self.menu("blscfg\n"))
    #expect(bare.commandLine == "")
    #expect(bare.initrds.map { $0.path } == ["/initrd-6.8.5"])
    let fallback = try self.menu("set default_kernelopts=\"root=LABEL=/\"\nblscfg\n")
    #expect(try BootMenuTests.target(3, of: fallback).commandLine == "root=LABEL=/")
  }

  @Test func whatWouldEndACommandIsKept() throws {
    let target = try target(0, of: try menu("blscfg\n"))
    #expect(target.commandLine == "root=/dev/x;y \"x=a b\"")
  }

  @Test func theDefaultIsFoundByFileTitleOrNumber() throws {
    for name in ["ab-6.8.5-1", "Fedora (6.8.5)", "2", "fedora-685"] {
      let menu = try menu("set default=\"\(name)\"\nblscfg\n")
      #expect(menu.defaultSelection?.index == 2, "\(name)")
    }
  }

  @Test func theDefaultAndTheOthersMayBeShownApart() throws {
    for name in ["ab-6.8.5-1", "ab-6.8.5-1.conf", "Fedora (6.8.5)", "2"] {
      let menu = try menu(
        """
        set default="\(name)"
        blscfg default
        submenu more { blscfg non-default }
        """)
      #expect(menu.entries.map { $0.title } == ["Fedora (6.8.5)", "more"])
      let run = try MenuInterpreter(environment: FakeEnvironment(files: files)).run(1, of: menu)
      guard case .menu(let inner) = run.outcome else { throw MenuError.noEntries(menu.file) }
      // A submenu has a default of its own, so all but that of this menu are "others".
      #expect(inner.entries.count == 4)
    }
    let newer = try menu("set default=2\nblscfg --show-non-default\n")
    #expect(newer.entries.count == 3)
    #expect(try menu("set default=2\nblscfg -d -n\n").entries.count == 4)
  }

  @Test func otherDirectoriesAndFiles() throws {
    let more = [("/x/e/one.conf", "title One\nlinux /one\n"), ("(hd1)/x/two.conf", "linux /two\n")]
    func titles(_ script: String) throws -> [String] {
      try menu(script, more).entries.map { $0.title.text }
    }
    #expect(try titles("blscfg /x/e\n") == ["One"])
    #expect(try titles("blscfg /x/e/one.conf\n") == ["One"])
    #expect(try titles("blscfg (hd1)/x/\n") == ["/two"])
    #expect(try titles("blscfg --path /x/e\n") == ["One"])
    #expect(try titles("blscfg -p /none -f\n").count == 4)
    #expect(try titles("blscfg -e /x/e/one.conf\n") == ["One"])
    #expect(try titles("set blsdir=/x/e\nblscfg\n") == ["One"])
    #expect(try titles("set blsdir=/none\nblscfg\n").count == 4)
    #expect(try titles("bls_import\n").count == 4)
    #expect(try titles("set blsdir=/x\nset boot=hd1\nblscfg\n") == ["/two"])
    let failed = try menu("menuentry x { true; }\nblscfg -p /none\nblscfg --wrong\n", more)
    #expect(
      failed.warnings.map { $0.message.text } == [
        "/boot/grub/grub.cfg:2:1: blscfg: no entries found",
        "/boot/grub/grub.cfg:3:1: blscfg: unknown option --wrong",
      ])
  }

  @Test func bootLoaderEntriesBesideBoot() throws {
    let environment = FakeEnvironment(files: Array(files.suffix(1)))
    let menu = try scriptMenu("blscfg\n", in: environment)
    #expect(menu.entries.map { $0.title } == ["Other"])
  }

  @Test func kernelsAreOnTheDeviceOfTheirEntry() throws {
    let environment = FakeEnvironment(
      devices: [.init(name: "hd0,gpt2", uuid: "1-2")],
      files: [("(hd0,gpt2)/loader/entries/a.conf", "linux /k\ninitrd /i /j\n")])
    let menu = try scriptMenu(
      "search --fs-uuid --set=root 1-2\nblscfg\nset root=hd9\n", in: environment)
    let target = try target(0, of: menu, in: environment)
    #expect(target.kernel.name == "(hd0,gpt2)/k")
    #expect(target.initrds.map { $0.name } == ["(hd0,gpt2)/i", "(hd0,gpt2)/j"])
  }

  @Test func theChoiceIsSavedIfTheGuestWantsIt() throws {
    let plain = try target(0, of: try menu("set save_default=true\nblscfg\n"))
    #expect(plain.savedVariables.map { $0.name } == ["saved_entry"])
    #expect(plain.savedVariables.map { $0.value } == ["ab-6.8.10-1"])
    let own = try target(
      0,
      of: try menu(
        "function savedefault { saved_entry=mine; save_env saved_entry; }\n"
          + "set save_default=true\nblscfg\n"))
    #expect(own.savedVariables.map { $0.value } == ["mine"])
    #expect(try target(0, of: try menu("blscfg\n")).savedVariables == [])
  }

  @Test func lockedEntriesAreLocked() throws {
    let menu = try menu("set superusers=root\npassword root x\nblscfg\n")
    #expect(menu.entries.map { $0.access } == [.anyone, .anyone, .anyone, .users([])])
    // GRUB takes a grub_arg for an argument of the entry, even if it looks like an option.
    let joes = try self.menu("set superusers=root\nset grub_users=joe\nblscfg\n")
    #expect(joes.entries.map { $0.access } == [.anyone, .anyone, .users(["joe"]), .users([])])
    let users = try self.menu(
      "set superusers=root\nset grub_users=joe\nblscfg /u.conf\n",
      [("/u.conf", "linux /k\ngrub_users $grub_users\n")])
    #expect(users.entries.map { $0.access } == [.users(["joe"])])
  }

  @Test func unifiedKernelsAreEntriesOfScripts() throws {
    let environment = FakeEnvironment(files: [
      ("/EFI/Linux/a-1.efi", "MZ"), ("/EFI/Linux/a-2.efi", "MZ"), ("/EFI/Linux/x.efi", "MZ"),
    ])
    environment.unifiedKernels = [1, 2].map { number in
      (
        MenuFile(device: "", path: "/EFI/Linux/a-\(number).efi"),
        [
          .init(
            osRelease: "PRETTY_NAME=Linux\nVERSION_ID=\(number)\n", kernelRelease: "",
            commandLine: "n=\(number)")
        ]
      )
    }
    let menu = try scriptMenu("uki\n", in: environment)
    #expect(menu.entries.map { $0.id } == ["a-2.efi", "a-1.efi"])
    let target = try target(0, of: menu, in: environment)
    #expect(target.kernel.path == "/EFI/Linux/a-2.efi")
    #expect(target.commandLine == "n=2")
  }

  /// GRUB pastes `linux`, `initrd` and `options` into a script.
  @Test(arguments: [
    ("linux ($root)/v", "hd1", "/v"), ("linux (hd0,msdos1)/x", "hd0,msdos1", "/x"),
    ("linux $d/v", "hd2", "/v"), ("linux ${d}/v", "hd2", "/v"), ("linux /v", "hd1", "/v"),
    ("linux v", "hd1", "/v"),
  ])
  func aPathMayBringItsDevice(_ line: String, _ device: String, _ path: String) throws {
    let script = "set d=\"(hd2)\"\nblscfg /u.conf\nset root=hd1\nexport root\n"
    let menu = try menu(script, [("/u.conf", line + "\n")])
    let kernel = try target(0, of: menu).kernel
    #expect(kernel.device.text == device)
    #expect(kernel.path.text == path)
  }

  @Test func aRamdiskOfTunedHasItsDevice() throws {
    let menu = try menu(
      "set tuned_initrd='($root)/tuned.img'\nblscfg /u.conf\n",
      [("/u.conf", "linux /v\ninitrd /i $tuned_initrd (hd3)/j\n")])
    let initrds = try target(0, of: menu).initrds
    #expect(initrds.map { $0.path } == ["/i", "/tuned.img", "/j"])
    #expect(initrds[2].device == "hd3")
  }

  @Test(arguments: [
    ("a=${x} b", "a=1 b"), ("a=$x", "a=1"), ("cost=5$", "cost=5$"), ("a=$ b", "a=$ b"),
    ("a=${x", "a=${x"), ("a=${} b", "a=${} b"), ("a=$-", "a=$-"), ("a=${unset}b", "a=b"),
    ("a={x}", "a={x}"), ("\"a b\" $x$x", "\"a b\" 11"), ("a=\\x20b", "a=\\x20b"),
  ])
  func noOptionLosesTheMenu(_ options: String, _ expected: String) throws {
    let menu = try menu(
      "set x=1\nblscfg /u.conf\n", [("/u.conf", "linux /v\noptions \(options)\n")])
    #expect(try target(0, of: menu).commandLine.text == expected)
  }

  @Test(arguments: [
    "--entry e-1.conf --path /d", "-e e-1.conf -p /d", "--path /d --entry e-1", "-e /d/e-1.conf",
    "--path=/d/ --entry=e-1.conf",
  ])
  func oneEntryOfADirectoryIsRead(_ options: String) throws {
    let menu = try menu(
      "blscfg \(options)\n",
      [("/d/e-1.conf", "title one\nlinux /1\n"), ("/d/e-2.conf", "title two\nlinux /2\n")])
    #expect(menu.entries.map { $0.title } == ["one"])
  }
}
