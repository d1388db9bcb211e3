// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// Entries' files and unified kernel images as systemd-boot has them.
@Suite struct BootLoaderMenuTests {
  private func menu(_ files: [(String, String)]) throws(MenuError) -> Menu {
    try menu(FakeEnvironment(files: files))
  }

  private func menu(
    _ environment: FakeEnvironment, devices: [ByteString] = [""]
  ) throws(MenuError) -> Menu {
    try MenuInterpreter(environment: environment).bootLoaderMenu(devices: devices)
  }

  /// An entry's file in the usual directory.
  private func entry(_ name: String, _ lines: String = "") -> (String, String) {
    ("/loader/entries/\(name)", "linux /\(name)\n" + lines)
  }

  @Test func readsTheKeysOfTheSpecification() throws {
    let environment = FakeEnvironment(files: [
      (
        "/loader/entries/6a9857a393724b7a981ebb5b8495b9ea-6.8.5.conf",
        """
        # written for this test
        title        Fedora 40 (Rawhide)
        version      6.8.5
        machine-id   6a9857a393724b7a981ebb5b8495b9ea
        sort-key     fedora
        \toptions      root=UUID=6d3376e4-fc93-4509-95ec-a21d68011da2  ro
        options      quiet
        architecture x64
        linux        /6a98/6.8.5/linux
        initrd       /6a98/6.8.5/initrd
        initrd       /ucode.img
        devicetree   /board.dtb
        grub_hotkey  f
        abootcfg     /unknown
        novalue

        """
      )
    ])
    let menu = try menu(environment)
    #expect(menu.format == .bls)
    #expect(menu.entries.map { $0.title } == ["Fedora 40 (Rawhide)"])
    #expect(menu.entries[0].id == "6a9857a393724b7a981ebb5b8495b9ea-6.8.5")
    #expect(menu.entries[0].hotkey == "f")
    #expect(menu.warnings == [])
    let target = try target(0, of: menu, in: environment)
    #expect(target.kernel.path == "/6a98/6.8.5/linux")
    #expect(target.initrds.map { $0.path } == ["/6a98/6.8.5/initrd", "/ucode.img"])
    #expect(
      target.commandLine == "root=UUID=6d3376e4-fc93-4509-95ec-a21d68011da2  ro quiet")
  }

  @Test func efiAndUkiLinesNameWhatIsStarted() throws {
    let menu = try menu([
      ("/loader/entries/a.conf", "title a\nefi /a.efi\noptions one\n"),
      ("/loader/entries/b.conf", "title b\nuki /EFI/Linux/b.efi\n"),
    ])
    #expect(try target(1, of: menu).kernel.path == "/a.efi")
    #expect(try target(1, of: menu).commandLine == "one")
    #expect(try target(0, of: menu).kernel.path == "/EFI/Linux/b.efi")
  }

  @Test func entriesThatCanNotBootAreSkippedWithTheirPlace() throws {
    let long = String(repeating: "x", count: MenuLimits.entryFileByteCountMax)
    let menu = try menu([
      ("/loader/entries/a.conf", "title a\noptions ro\n"),
      ("/loader/entries/b.conf", "linux /b\narchitecture aa64\n"),
      ("/loader/entries/c.conf", "linux /c\narchitecture X64\n"),
      ("/loader/entries/d.conf", "linux /d\n" + long), entry(".e.conf"),
      ("/loader/entries/f.txt", "linux /f\n"),
    ])
    #expect(menu.entries.map { $0.id } == ["c"])
    #expect(
      menu.warnings.map { $0.message.text } == [
        "/loader/entries/a.conf:1:1: entry skipped: no linux, efi or uki line",
        "/loader/entries/b.conf:1:1: entry skipped: for the architecture aa64",
        "/loader/entries/d.conf:1:1: entry skipped: can't be read, or is over 64 KiB",
      ])
  }

  @Test func theOrderIsTheSpecifications() throws {
    let menu = try menu([
      entry("old-1.conf"), entry("old-2.conf"),
      entry("x1.conf", "sort-key b\nmachine-id 1\nversion 1.9\n"),
      entry("x2.conf", "sort-key b\nmachine-id 1\nversion 1.10\n"),
      entry("x3.conf", "sort-key b\nmachine-id 0\nversion 1\n"),
      entry("x4.conf", "sort-key a\nmachine-id 9\nversion 1~rc1\n"),
      entry("x5.conf", "sort-key a\nmachine-id 9\nversion 1\n"),
      entry("bad+0-3.conf", "sort-key a\nversion 99\n"), entry("good+1-2.conf"),
    ])
    #expect(
      menu.entries.map { $0.id } == [
        "x5", "x4", "x3", "x2", "x1", "old-2", "old-1", "good", "bad",
      ])
  }

  @Test func countersAreReadFromNames() throws {
    let menu = try menu([
      entry("a+3.conf"), entry("a+3-1.conf"), entry("a+4-9.conf"), entry("b+x.conf"),
      entry("c+1-2-3.conf"), entry("+3.conf"),
    ])
    #expect(menu.entries.map { $0.id } == ["+3", "c+1-2-3", "b+x", "a", "a", "a"])
    #expect(
      menu.entries.map { $0.place.file.text }[3...5] == [
        "/loader/entries/a+4-9.conf", "/loader/entries/a+3.conf", "/loader/entries/a+3-1.conf",
      ])
  }

  @Test func loaderConfChoosesTheDefault() throws {
    func chosen(_ configuration: String) throws -> ByteString? {
      let menu = try menu([
        ("/loader/loader.conf", configuration), entry("arch-1.conf"), entry("arch-2.conf"),
        entry("deb.conf"), entry("weird[1].conf"),
      ])
      return menu.defaultSelection.map { menu.entries[$0.index].id }
    }
    #expect(try chosen("default deb.conf\n") == "deb")
    #expect(try chosen("#default x\ndefault\tdeb\n") == "deb")
    #expect(try chosen("default ARCH-*\n") == "arch-2")
    #expect(try chosen("default arch-?.conf\n") == "arch-2")
    #expect(try chosen("default arch-[13].conf\n") == "arch-1")
    #expect(try chosen("default *1*\n") == "weird[1]")
    #expect(try chosen("default arch-[a-z0-1]\n") == "arch-1")
    #expect(try chosen("default weird\\[1].conf\n") == "weird[1]")
    #expect(try chosen("default deb.con\n") == "weird[1]")
    #expect(try chosen("default @saved\n") == "weird[1]")
    #expect(try chosen("default none\n") == "weird[1]")
    #expect(try chosen("default arch-1.conf\ndefault deb.conf\n") == "deb")
  }

  @Test func loaderConfSetsTheTimeAndTheEditor() throws {
    func settings(_ configuration: String) throws -> Menu {
      try menu([("/loader/loader.conf", configuration), entry("a.conf")])
    }
    #expect(try settings("timeout 7\nbeep on\nconsole-mode max\n").timeoutSeconds == 7)
    #expect(try settings("timeout 99999999999\n").timeoutSeconds == Int(Int32.max))
    #expect(try settings("timeout x\n").timeoutSeconds == 0)
    #expect(try settings("timeout menu-force\n").timeoutSeconds == -1)
    let hidden = try settings("timeout menu-hidden\n")
    #expect(hidden.timeoutSeconds == 0)
    #expect(hidden.timeoutStyle == .hidden)
    #expect(try settings("timeout menu-hidden\ntimeout 5\n").timeoutStyle == .menu)
    #expect(try settings("editor no\n").isEditable == false)
    #expect(try settings("editor 0\n").isEditable == false)
    #expect(try settings("editor yes\n").isEditable)
    #expect(try settings("editor perhaps\n").isEditable)
    #expect(
      try settings("#\ndefault none\n").warnings.map { $0.message.text } == [
        "/loader/loader.conf:2:1: no entry fits the default none"
      ])
    #expect(try menu([entry("a.conf")]).timeoutSeconds == 0)
    #expect(try settings("").file.path == "/loader/loader.conf")
    #expect(try menu([entry("a.conf")]).file.path == "/loader/entries")
  }

  @Test func variablesComeFromGrubsEnvironmentBlock() throws {
    let environment = FakeEnvironment(files: [
      (
        "/grub2/grubenv",
        """
        # GRUB Environment Block
        kernelopts=root=/dev/vda1 ro $x
        tuned_params=skew_tick=1
        tuned_initrd=/tuned.img
        early_initrd=ucode.img /abs.img
        default_kernelopts=root=/dev/x $tuned_params
        saved_entry=fedora-2
        ####
        """
      ),
      (
        "/loader/entries/fedora-1.conf",
        "title Fedora\nlinux /dir/vmlinuz\ninitrd /dir/initrd $tuned_initrd\n"
          + "options $kernelopts $tuned_params $ignition_firstboot cost=5$\n"
      ),
      ("/loader/entries/fedora-2.conf", "linux /vmlinuz\n"),
      ("/loader/entries/fedora-3.conf", "linux vmlinuz\ninitrd $none\n"),
    ])
    let menu = try menu(environment)
    #expect(menu.defaultSelection?.index == 1)
    let one = try target(2, of: menu, in: environment)
    // What nobody set stays, as in systemd-boot; a file named so would never be found.
    #expect(
      one.commandLine == "root=/dev/vda1 ro $x skew_tick=1 $ignition_firstboot cost=5$")
    #expect(
      one.initrds.map { $0.path } == ["/dir/ucode.img", "/abs.img", "/dir/initrd", "/tuned.img"])
    let two = try target(1, of: menu, in: environment)
    #expect(two.commandLine == "root=/dev/x skew_tick=1")
    #expect(try target(0, of: menu, in: environment).kernel.path == "/vmlinuz")
  }

  @Test func savedEntriesAreNamedByIdTitleOrNumber() throws {
    for (saved, index) in [("b", 0), ("B title", 0), ("1", 1), ("a", 1), ("none", 0)] {
      let menu = try menu([
        ("/boot/grub/grubenv", "# GRUB Environment Block\nsaved_entry=\(saved)\n"),
        entry("a.conf", "title A title\n"), entry("b.conf", "title B title\n"),
      ])
      #expect(menu.defaultSelection?.index == index)
    }
  }

  @Test func pathsBesideBootAreFoundWhereTheyAre() throws {
    let environment = FakeEnvironment(files: [
      ("/boot/loader/entries/a.conf", "linux /vmlinuz\ninitrd /i\n"), ("/boot/vmlinuz", "k"),
    ])
    let target = try target(0, of: try menu(environment), in: environment)
    #expect(target.kernel.path == "/boot/vmlinuz")
    #expect(target.initrds.map { $0.path } == ["/boot/i"])
    let whole = FakeEnvironment(files: [
      ("/boot/loader/entries/a.conf", "linux /boot/vmlinuz\n"), ("/boot/vmlinuz", "k"),
    ])
    let menu = try menu(whole)
    #expect(try BootMenuTests.target(0, of: menu, in: whole).kernel.path == "/boot/vmlinuz")
  }

  @Test func titlesThatAreTheSameGetMoreWords() throws {
    let menu = try menu([
      entry("a-1.conf", "title Linux\nversion 1\n"), entry("a-2.conf", "title Linux\nversion 2\n"),
      entry("b-1.conf", "title Linux\nversion 2\nmachine-id 0123456789abc\n"),
      entry("c.conf", "title Other\n"), entry("d-1.conf", "title Same\n"),
      entry("d-2.conf", "title Same\n"),
    ])
    #expect(
      menu.entries.map { $0.title.text } == [
        "Same (d-2.conf)", "Same (d-1.conf)", "Other", "Linux (2) (01234567)", "Linux (2)",
        "Linux (1)",
      ])
  }

  @Test func twoPartitionsAreOneMenu() throws {
    let environment = FakeEnvironment(files: [
      ("(hd0,gpt1)/loader/loader.conf", "timeout 4\ndefault b.conf\n"),
      ("(hd0,gpt1)/loader/entries/a.conf", "linux /a\n"),
      ("(hd0,gpt2)/loader/entries/b.conf", "linux /b\ninitrd /i\n"),
    ])
    let menu = try menu(environment, devices: ["hd0,gpt2", "hd0,gpt1"])
    #expect(menu.entries.map { $0.id } == ["b", "a"])
    #expect(menu.timeoutSeconds == 4)
    #expect(menu.defaultSelection?.index == 0)
    let b = try target(0, of: menu, in: environment)
    #expect(b.kernel.name == "(hd0,gpt2)/b")
    #expect(b.initrds.map { $0.name } == ["(hd0,gpt2)/i"])
    #expect(b.root == "hd0,gpt2")
    #expect(try target(1, of: menu, in: environment).kernel.name == "(hd0,gpt1)/a")
  }

  @Test func textsOfUnifiedKernelsHaveACommonLimit() throws {
    func menu(imageCount: Int, textByteCount: Int, profileCount: Int) throws -> Menu {
      let environment = FakeEnvironment()
      let text = UnifiedKernelText(
        osRelease: ByteString([UInt8](repeating: 0x61, count: textByteCount)), kernelRelease: "",
        commandLine: "")
      for index in 100..<(100 + imageCount) {
        environment.add("/EFI/Linux/\(index).efi", "")
        environment.unifiedKernels.append(
          (
            MenuFile(device: "", path: "/EFI/Linux/\(index).efi"),
            Array(repeating: text, count: profileCount)
          ))
      }
      return try self.menu(environment)
    }
    let large = try menu(imageCount: 5, textByteCount: 1 << 19, profileCount: 2)
    #expect(large.entries.count == 8)
    #expect(
      large.warnings.map { $0.message.text } == [
        "/EFI/Linux/104.efi:1:1: image skipped: the texts of all images are over 4 MiB"
      ])
    let many = try menu(imageCount: 258, textByteCount: 1, profileCount: 1)
    #expect(many.entries.count == 256)
    #expect(
      many.warnings.map { $0.message.text } == [
        "/EFI/Linux/356.efi:1:1: image skipped: more than 256 images"
      ])
  }

  @Test func unifiedKernelsAreEntriesOfTheirOwn() throws {
    let environment = FakeEnvironment(files: [
      ("/EFI/Linux/debian-6.1+2-1.efi", "MZ"), ("/EFI/Linux/other.EFI", "MZ"),
      ("/EFI/Linux/none.efi", "x"), entry("old.conf"), ("/old.conf", "kernel"),
    ])
    let release = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian \\\"12\\\"\"\nID=debian\nVERSION_ID='12'\n"
    environment.unifiedKernels = [
      (
        MenuFile(device: "", path: "/EFI/Linux/debian-6.1+2-1.efi"),
        [
          .init(
            osRelease: ByteString(release), kernelRelease: "6.1",
            commandLine: "root=/dev/xvda1\tro\n"),
          .init(
            osRelease: ByteString(release), kernelRelease: "6.1", commandLine: "single",
            profile: "ID=rescue\nTITLE=Rescue\n"),
        ]
      ),
      (
        MenuFile(device: "", path: "/EFI/Linux/other.EFI"),
        [.init(osRelease: "", kernelRelease: "5.0", commandLine: "")]
      ),
    ]
    let menu = try menu(environment)
    #expect(
      menu.entries.map { $0.title.text } == [
        "Debian \"12\"", "Debian \"12\" (Rescue)", "other.efi", "old.conf",
      ])
    #expect(
      menu.entries.map { $0.id.text } == [
        "debian-6.1.efi", "debian-6.1.efi@rescue", "other.efi", "old",
      ])
    let target = try target(0, of: menu, in: environment)
    #expect(target.kernel.path == "/EFI/Linux/debian-6.1+2-1.efi")
    #expect(target.commandLine == "root=/dev/xvda1 ro")
    #expect(try BootMenuTests.target(1, of: menu).commandLine == "@1 single")
    #expect(try BootMenuTests.target(2, of: menu).commandLine == "")
  }

  @Test func anEntryAloneIsAMenu() throws {
    let environment = FakeEnvironment(files: [
      ("/loader/entries/a+1.conf", "title A\nlinux /a\noptions $x ro\n"),
      ("/loader/loader.conf", "timeout 3\n"), ("/loader/entries/n.conf", "title n\n"),
    ])
    let interpreter = MenuInterpreter(environment: environment)
    let alone = try interpreter.load(MenuFile(device: "", path: "/loader/entries/a+1.conf"))
    #expect(alone.entries.map { $0.id } == ["a"])
    #expect(try target(0, of: alone).commandLine == "$x ro")
    let all = try interpreter.load(MenuFile(device: "", path: "/loader/loader.conf"))
    #expect(all.timeoutSeconds == 3)
    #expect(all.entries.map { $0.id } == ["a"])
    let none = MenuFile(device: "", path: "/loader/entries/n.conf")
    #expect(throws: MenuError.noEntries(none)) { try interpreter.load(none) }
    #expect(throws: MenuError.noEntries(MenuFile(device: "x", path: "/loader/entries"))) {
      try menu(environment, devices: ["x"])
    }
  }

  @Test func anEditedEntryRunsAsItStands() throws {
    let environment = FakeEnvironment(files: [entry("a.conf", "options ro\n")])
    let menu = try menu(environment)
    let edited = menu.entries[0].edited(source: "linux /b\noptions single\n")
    let run = try MenuInterpreter(environment: environment).run(edited, index: 0, of: menu)
    guard case .boot(let target) = run.outcome else { throw MenuError.noKernel(title: "a") }
    #expect(target.kernel.path == "/b")
    #expect(target.commandLine == "single")
    let bare = menu.entries[0].edited(source: "options single\n")
    #expect(throws: MenuError.noKernel(title: "a.conf")) {
      try MenuInterpreter(environment: environment).run(bare, index: 0, of: menu)
    }
  }
}
