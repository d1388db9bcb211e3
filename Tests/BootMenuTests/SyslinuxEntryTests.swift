// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// What entries of syslinux boot, and the files that belong to a configuration.
@Suite struct SyslinuxEntryTests {
  private func first(
    _ lines: String, in environment: FakeEnvironment = FakeEnvironment(), device: ByteString = ""
  ) throws -> BootTarget {
    let menu = try syslinuxMenu("label x\n" + lines, in: environment, device: device)
    return try target(0, of: menu, in: environment)
  }

  @Test func namesAreFromTheRootOrTheConfigurationsDirectory() throws {
    #expect(try first("kernel /k\n", device: "hd0,gpt2").kernel.name == "(hd0,gpt2)/k")
    #expect(try first("kernel ../k\n").kernel.path == "/boot/extlinux/../k")
    #expect(try first("kernel ::/k\n").kernel.path == "/k")
    #expect(try first("kernel /k\n", device: "hd0").root == "hd0")
  }

  @Test func aKernelLineMayHaveArguments() throws {
    #expect(try first("kernel /k one\nappend two  three\n").commandLine == "one two  three")
    // A label without a file is the name of its file.
    #expect(
      try target(0, of: syslinuxMenu("label vmlinuz\nappend a\n")).kernel.path
        == "/boot/extlinux/vmlinuz")
  }

  @Test func ofSeveralLinesOfAKindTheLastCounts() throws {
    let target = try first("kernel /a\nlinux /b\nappend one\nAppend two\n")
    #expect(target.kernel.path == "/b")
    #expect(target.commandLine == "two")
  }

  @Test func ramdisksAreListsAndTheCommandLineWins() throws {
    let list = try first("linux /k\ninitrd /ucode.img,/i,../j\nappend a\n")
    #expect(list.initrds.map { $0.path } == ["/ucode.img", "/i", "/boot/extlinux/../j"])
    #expect(list.commandLine == "a")
    let argument = try first("linux /k\ninitrd /no\nappend initrd=/no initrd=/a,/b a\n")
    #expect(argument.initrds.map { $0.path } == ["/a", "/b"])
    #expect(argument.commandLine == "initrd=/no initrd=/a,/b a")
    #expect(try first("linux /k\nappend noinitrd=/a\n").initrds == [])
    let many = (0...64).map { "/\($0)" }.joined(separator: ",")
    #expect(throws: MenuError.commandFailed(title: "x", reason: "too many initial ramdisks")) {
      try first("linux /k\ninitrd \(many)\n")
    }
  }

  @Test func theGlobalAppendIsForLabelsWithoutOne() throws {
    let menu = try syslinuxMenu(
      "append all\nlabel a\nlinux /a\nlabel b\nlinux /b\nappend own\nlabel c\nlinux /c\nappend -\n")
    #expect(try [0, 1, 2].map { try target($0, of: menu).commandLine } == ["all", "own", ""])
  }

  @Test func modulesThatStartKernels() throws {
    let linux = try first("com32 linux.c32\nappend /k initrd=/i ro\n")
    #expect(linux.kernel.path == "/k")
    #expect(linux.commandLine == "initrd=/i ro")
    #expect(linux.initrds.map { $0.path } == ["/i"])
    let xen = try first(
      "kernel mboot.c32\nappend -c /xen.gz dom0_mem=1G --- /vmlinuz ro quiet --- /initrd\n")
    #expect(xen.kind == .multiboot)
    #expect(xen.kernel.path == "/xen.gz")
    #expect(xen.commandLine == "dom0_mem=1G")
    #expect(xen.modules.map { $0.file.path } == ["/vmlinuz", "/initrd"])
    #expect(xen.modules.map { $0.commandLine } == ["ro quiet", ""])
    #expect(xen.linuxAmongModules?.commandLine == "ro quiet")
  }

  @Test func modulesThatEndTheDomain() throws {
    let menu = try syslinuxMenu(
      "label r\ncom32 /x/reboot.c32\nlabel p\nkernel poweroff.c32\nlabel q\nkernel poweroff.com\n")
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    let outcomes = try menu.entries.indices.map { try interpreter.run($0, of: menu).outcome }
    guard case .reboot = outcomes[0], case .halt = outcomes[1], case .halt = outcomes[2] else {
      Issue.record("other outcomes")
      return
    }
  }

  @Test func modulesThatChooseALabel() throws {
    let text = """
      default select
      label select
      com32 whichsys.c32
      append -pxe- p -sys- s -iso- i
      label s
      com32 ifcpu64.c32
      append 64 -- 32
      label i
      linux /i
      append cd
      label 64
      com32 cmd.c32
      append base more
      label base
      linux /k
      initrd /r
      append ro
      """
    let disk = try syslinuxMenu(text)
    #expect(try target(0, of: disk).kernel.path == "/k")
    #expect(try target(0, of: disk).commandLine == "ro more")
    #expect(try target(0, of: disk).initrds.map { $0.path } == ["/r"])
    #expect(try target(0, of: try syslinuxMenu(text, device: "cd0")).kernel.path == "/i")
    let lost = try syslinuxMenu("label a\ncom32 cmd.c32\nappend none\nlabel b\nlinux /b\n")
    #expect(
      lost.warnings.map { $0.message.text } == [
        "/boot/extlinux/extlinux.conf:1:1: cmd.c32 none: no such label"
      ])
    let ring = "label a\ncom32 cmd.c32\nappend b\nlabel b\ncom32 cmd.c32\nappend a\n"
    #expect(try syslinuxMenu(ring).warnings.count == 2)
  }

  @Test func whatIsForAPCIsRefused() throws {
    for (lines, what) in [
      ("com32 hdt.c32", "module hdt.c32 is not available"),
      ("kernel chain.c32 hd0", "module chain.c32 is not available"),
      ("localboot -1", "LOCALBOOT -1 is for a PC's firmware"),
      ("kernel memdisk.COM", "memdisk.COM is code for a PC's firmware"),
      ("boot /b", "/b is code for a PC's firmware"),
      ("com32 plain", "module plain is not available"),
    ] {
      #expect(throws: MenuError.notForGuests(title: "x", what: ByteString(what))) {
        try first(lines + "\n")
      }
    }
    let error = MenuError.notForGuests(title: "x", what: "no")
    #expect(error.family == .unsupported)
    #expect(error.message == "entry 'x': no")
    #expect(throws: MenuError.noKernel(title: "x")) { try first("com32 mboot.c32\n") }
    #expect(throws: MenuError.noKernel(title: "x")) { try first("com32 linux.c32\n") }
  }

  @Test func configurationsOpenOthers() throws {
    let environment = FakeEnvironment(files: [
      ("/boot/extlinux/next.cfg", "label n\nlinux k\n"),
      ("/menu.cfg", "label m\nlinux /m\n"), ("/empty.cfg", "# nothing\n"),
      ("/boot/extlinux/extlinux.conf", "label again\nlinux /again\n"),
    ])
    func kernel(_ lines: String) throws -> ByteString? {
      let menu = try syslinuxMenu("label x\n" + lines, in: environment)
      let run = MenuInterpreter(environment: environment).runDefault(of: menu)
      guard case .boot(let target)? = try run?.result.get().outcome else { return nil }
      return target.kernel.path
    }
    #expect(try kernel("config next.cfg\n") == "/boot/extlinux/k")
    #expect(try kernel("config next.cfg\nappend /other\n") == "/other/k")
    #expect(try kernel("com32 config.c32\nappend next.cfg /dir/\n") == "/dir/k")
    #expect(try kernel("kernel vesamenu.c32\nappend /menu.cfg\n") == "/m")
    #expect(try kernel("kernel menu.c32\nappend ~\n") == "/again")
    #expect(try kernel("kernel menu.c32\n") == "/again")
    #expect(throws: MenuError.unreadable(MenuFile(device: "", path: "/none.cfg"))) {
      try kernel("config /none.cfg\n")
    }
    #expect(throws: MenuError.noEntries(MenuFile(device: "", path: "/empty.cfg"))) {
      try kernel("config /empty.cfg\n")
    }
  }

  @Test func aConfigurationThatOpensItselfEnds() throws {
    let text = "label x\nconfig extlinux.conf\n"
    let environment = FakeEnvironment(files: [("/boot/extlinux/extlinux.conf", text)])
    let menu = try syslinuxMenu(text, in: environment)
    let run = try #require(MenuInterpreter(environment: environment).runDefault(of: menu))
    guard case .failure(.nestedTooDeeply) = run.result else {
      Issue.record("no end")
      return
    }
  }

  @Test func includedFilesStandWhereTheyAreIncluded() throws {
    let environment = FakeEnvironment(files: [
      ("/boot/extlinux/common.cfg", "linux /k\nappend common\n"),
      ("/boot/extlinux/one.cfg", "label one\nlinux /one\ninclude two.cfg\nbogus\n"),
      ("/boot/extlinux/two.cfg", "label two\nlinux /two\ndefault two\n"),
    ])
    let menu = try syslinuxMenu(
      """
      ui menu.c32
      label zero
      include common.cfg
      append own
      include one.cfg
      menu include two.cfg Submenu
      """, in: environment)
    #expect(menu.entries.map { $0.title } == ["zero", "one", "two", "Submenu"])
    #expect(try target(0, of: menu).kernel.path == "/k")
    #expect(try target(0, of: menu).commandLine == "own")
    #expect(menu.defaultSelection?.index == 2)
    #expect(
      menu.warnings.map { $0.message.text } == [
        "/boot/extlinux/one.cfg:4:1: unknown command bogus"
      ])
  }

  @Test func scriptsOpenConfigurations() throws {
    let environment = FakeEnvironment(files: [
      (
        "/s/syslinux.cfg",
        "timeout 50\nlabel a\nlinux k\nappend x=\"1 2\" c=${c};d\ninitrd i\n"
          + "label b\nkernel mboot.c32\nappend /xen --- /m o\nmenu begin s\nlabel c\nlinux /c\n"
          + "menu end\nlabel d\nlocalboot 0\n"
      )
    ])
    let opened = try scriptMenu("syslinux_configfile /s/syslinux.cfg\n", in: environment)
    #expect(opened.format == .syslinux)
    #expect(opened.timeoutSeconds == 5)
    #expect(try target(0, of: opened, in: environment).kernel.path == "/s/k")
    let moved = try scriptMenu("syslinux_configfile -i -c /d /s/syslinux.cfg\n", in: environment)
    #expect(try target(0, of: moved, in: environment).kernel.path == "/d/k")

    let taken = try scriptMenu(
      "set timeout=3\nextract_syslinux_entries_source /s/syslinux.cfg\n", in: environment)
    #expect(taken.format == .grub2)
    #expect(taken.timeoutSeconds == 3)
    #expect(taken.entries.map { $0.title } == ["a", "b", "c"])
    let a = try target(0, of: taken, in: environment)
    #expect(a.kernel.path == "/s/k")
    #expect(a.initrds.map { $0.path } == ["/s/i"])
    #expect(a.commandLine == "\"x=1 2\" c=${c};d")
    #expect(try target(1, of: taken, in: environment).modules.map { $0.commandLine } == ["o"])
    #expect(
      taken.warnings.last?.message.text
        == "/boot/grub/grub.cfg:2:1: entry 'd': LOCALBOOT 0 is for a PC's firmware")
  }
}
