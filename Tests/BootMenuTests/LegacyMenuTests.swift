// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct LegacyMenuTests {
  @Test func settingsStandBeforeTheFirstTitle() throws {
    let menu = try legacyMenu(
      """
      # a comment
      default=1
      timeout\t5
      fallback 0 2
      hiddenmenu
      color cyan/blue white/blue
      splashimage=(hd0,0)/boot/grub/splash.xpm.gz
      password --md5 $1$abc$def
      title  First one
      title=Second
      """)
    #expect(menu.entries.map { $0.title } == ["First one", "Second"])
    #expect(menu.defaultSelection?.index == 1)
    #expect(menu.timeoutSeconds == 5)
    #expect(menu.fallbackNames == ["0", "2"])
    #expect(menu.timeoutStyle == .hidden)
    #expect(menu.passwords.map { $0.text } == ["$1$abc$def"])
    #expect(menu.passwords.map { $0.form } == [.crypt])
    #expect(menu.warnings == [])
  }

  @Test func kernelLinesKeepTheirText() throws {
    let menu = try legacyMenu(
      "title a\r\n\troot\t(hd0,0)\r\n"
        + "\tkernel\t/vmlinuz ro  root=/dev/sda1 x=\"a b\"\r\n\tinitrd /initrd\r\n"
    )
    let target = try target(0, of: menu)
    #expect(target.kernel == MenuFile(device: "hd0,1", path: "/vmlinuz"))
    #expect(target.commandLine == "ro  root=/dev/sda1 x=\"a b\"")
    #expect(target.initrds == [MenuFile(device: "hd0,1", path: "/initrd")])
    #expect(target.root == "hd0,1")
  }

  @Test func pathsMayNameADevice() throws {
    let menu = try legacyMenu("title a\nkernel = (hd1,4)/k\ninitrd=(hd1)/i\n")
    let target = try target(0, of: menu)
    #expect(target.kernel == MenuFile(device: "hd1,5", path: "/k"))
    #expect(target.initrds == [MenuFile(device: "hd1", path: "/i")])
  }

  @Test func wholeDisksAndMissingRootsAreTheMenusDevice() throws {
    let menu = try legacyMenu(
      "title a\nroot (hd0)\nkernel /k console=hvc0\ntitle b\nroot\nkernel /k\n")
    #expect(try target(0, of: menu).kernel.device == "hd0")
    #expect(try target(1, of: menu).kernel.device == "")
  }

  @Test func modulesMakeAHypervisor() throws {
    let menu = try legacyMenu(
      "title xen\nkernel --type=multiboot /xen.gz dom0_mem=1G\nmodule /vmlinuz ro\nmodule /initrd\n"
    )
    let target = try target(0, of: menu)
    #expect(target.kind == .multiboot)
    #expect(target.commandLine == "dom0_mem=1G")
    #expect(target.linuxAmongModules?.commandLine == "ro")
  }

  @Test func devicesAreFoundByIdentifierOrFile() throws {
    let environment = FakeEnvironment(
      devices: [.init(name: "hd0,msdos2", uuid: "aa-bb")], files: [("(hd0,msdos2)/k", "x")])
    let menu = try legacyMenu(
      """
      title uuid
      uuid AA-BB
      kernel /k
      title root
      root aa-bb
      kernel /k
      title find
      find --set-root --ignore-floppies /k
      kernel /k
      title none
      uuid cc
      find /k
      """, in: environment)
    for index in 0...2 {
      #expect(try target(index, of: menu, in: environment).kernel.device == "hd0,msdos2")
    }
    #expect(
      throws: MenuError.commandFailed(title: "none", reason: "no device with file system UUID cc")
    ) { try target(3, of: menu, in: environment) }
  }

  @Test func savedDefaultsAreReadAndWritten() throws {
    let environment = FakeEnvironment(files: [("/boot/grub/default", "1\n#\n#\n#\n")])
    let menu = try legacyMenu(
      "default saved\nfallback 2\ntitle a\nkernel /a\nsavedefault\n"
        + "title b\nkernel /b\nsavedefault 0\n"
        + "title c\nkernel /c\nsavedefault fallback\n", in: environment)
    #expect(menu.defaultSelection?.index == 1)
    let file = MenuFile(device: "", path: "/boot/grub/default")
    for (index, value) in [(0, "0"), (1, "0"), (2, "2")] {
      let saved = try target(index, of: menu).savedVariables
      #expect(saved.map { $0.file } == [file])
      #expect(saved.first?.value == ByteString(value))
    }
    #expect(try legacyMenu("default saved\ntitle a\n").defaultSelection?.index == 0)
  }

  @Test func locksNeedAPassword() throws {
    let menu = try legacyMenu("password x\ntitle a\nlock\nkernel /a\n")
    #expect(throws: MenuError.locked(title: "a")) { try target(0, of: menu) }
    let open = try legacyMenu("title a\nlock\nkernel /a\n")
    #expect(try target(0, of: open).kernel.path == "/a")
  }

  @Test func otherCommandsOfEntries() throws {
    let environment = FakeEnvironment(files: [
      ("/other.lst", "title inner\nkernel /i\n"), ("/no.lst", "# none\n"),
    ])
    let menu = try legacyMenu(
      """
      title chain
      rootnoverify (hd0,2)
      makeactive
      chainloader +1
      title config
      configfile /other.lst
      title none
      configfile /no.lst
      title stop
      kernel /k
      boot
      kernel /late
      title reboot
      reboot
      title empty
      """, in: environment)
    let interpreter = MenuInterpreter(environment: environment)
    #expect(throws: MenuError.chainloader(title: "chain", file: "+1")) { try target(0, of: menu) }
    guard case .menu(let inner) = try interpreter.run(1, of: menu).outcome else {
      Issue.record("no menu")
      return
    }
    #expect(inner.entries.map { $0.title } == ["inner"])
    #expect(
      throws: MenuError.commandFailed(title: "none", reason: "configfile: /no.lst has no entries")
    ) { try interpreter.run(2, of: menu) }
    #expect(try target(3, of: menu).kernel.path == "/k")
    guard case .reboot = try interpreter.run(4, of: menu).outcome else {
      Issue.record("no reboot")
      return
    }
    #expect(throws: MenuError.noKernel(title: "empty")) { try target(5, of: menu) }
  }

  @Test func unknownLinesAreNamedAndSkipped() throws {
    let menu = try legacyMenu(
      "i# typo\ni# typo\nroot (hd0,0)\ntitle a\nkernel /k\nloglevel=3 quiet\n")
    #expect(
      menu.warnings.map { $0.message.text } == ["/boot/grub/menu.lst:1:1: unknown command i#"])
    let run = try MenuInterpreter(environment: FakeEnvironment()).run(0, of: menu)
    #expect(
      run.warnings.map { $0.message.text } == [
        "/boot/grub/menu.lst:6:1: unknown command loglevel"
      ])
    #expect(
      try legacyMenu("default x\ntitle a\n").warnings.map { $0.kind } == [
        .failed("default x is no number")
      ])
  }

  @Test func placesInEntriesAreThoseOfTheFile() throws {
    let text =
      "  frob\r\ntitle a\r\n# one\r\n\r\n\tkernel /k \\\r\n  x\r\n  dance 1\r\ntitle b\r\n jump"
    let menu = try legacyMenu(text)
    #expect(menu.warnings.map { $0.place.text } == ["/boot/grub/menu.lst:1:3"])
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    let run = try interpreter.run(0, of: menu)
    #expect(run.warnings.map { $0.place.text } == ["/boot/grub/menu.lst:7:3"])
    #expect(menu.entries[0].source == "# one\n\n\tkernel /k \\\n  x\n  dance 1\n")
    #expect(menu.entries[1].source == " jump")
  }

  @Test func linesCanBeJoinedAndVariablesUsed() throws {
    let menu = try legacyMenu(
      "set name=Puppy\ntitle %name% 1%\nkernel /k a \\\n b=%name% %other%\n")
    #expect(menu.entries[0].title == "Puppy 1%")
    #expect(try target(0, of: menu).commandLine == "a   b=Puppy %other%")
  }

  @Test func growingVariablesStop() throws {
    let growth =
      String(repeating: "set a=%a%%a%\n", count: 20) + String(repeating: "set b=%a%\n", count: 3000)
    let menu = try legacyMenu("title t\nset a=xxxxxxxx\n" + growth + "kernel /late\n")
    #expect(
      throws: MenuError.noKernel(title: "t")
    ) { try target(0, of: menu) }
    let setUp = try legacyMenu("title first\n")
    #expect(setUp.entries.count == 1)
    #expect(throws: MenuError.noEntries(setUp.file)) {
      try legacyMenu("set a=xxxxxxxx\n" + growth + "title late\n")
    }
  }

  @Test func emptyMenusAreRefused() {
    #expect(throws: MenuError.noEntries(MenuFile(device: "", path: "/boot/grub/menu.lst"))) {
      try legacyMenu("default 0\n")
    }
  }
}
