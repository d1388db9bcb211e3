// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// What grub-mkconfig writes today, and what we make of it.
@Suite struct GrubMkconfigTests {
  private static let uuid = GrubMkconfig.rootUUID

  /// A menu with what boots when nobody touches a key.
  private struct Plan {
    var menu: Menu
    var environment: FakeEnvironment
    var path: [Int]
    var run: EntryRun
    var target: BootTarget

    /// The menu that an entry opens.
    func submenu(_ index: Int) throws -> Menu {
      let run = try MenuInterpreter(environment: environment).run(index, of: menu)
      guard case .menu(let inner) = run.outcome else { throw MenuError.noEntries(menu.file) }
      return inner
    }
  }

  private func plan(
    _ mkconfig: GrubMkconfig, variables: [String] = [], custom: String? = nil
  ) throws -> Plan {
    let text = try mkconfig.menuText()
    #expect(try GrubOracle.accepts(text))
    let environment = mkconfig.guest(text, variables: variables)
    if let custom { environment.add("(hd0,gpt2)/boot/grub/custom.cfg", custom) }
    let file = environment.files[0].file
    let interpreter = MenuInterpreter(environment: environment)
    let menu = try interpreter.load(file)
    #expect(menu.warnings == [])
    let reached = try #require(interpreter.runDefault(of: menu))
    let run = try reached.result.get()
    #expect(run.warnings == [])
    guard case .boot(let target) = run.outcome else { throw MenuError.noEntries(file) }
    return Plan(
      menu: menu, environment: environment, path: reached.path, run: run, target: target)
  }

  @Test func theNewestKernelBootsAndTheOthersAreInASubmenu() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.defaults +=
      "GRUB_DEFAULT=0\nGRUB_TIMEOUT=7\nGRUB_CMDLINE_LINUX_DEFAULT=quiet\n"
      + "GRUB_CMDLINE_LINUX='console=hvc0'\n"
    let plan = try plan(mkconfig)
    #expect(plan.menu.timeoutSeconds == 7)
    #expect(plan.menu.timeoutStyle == .menu)
    #expect(plan.path == [0])
    #expect(plan.target.kernel.name == "(hd0,gpt2)/boot/vmlinuz-6.1.0-18-amd64")
    #expect(plan.target.commandLine == "root=UUID=\(ByteString(Self.uuid)) ro console=hvc0 quiet")
    #expect(plan.target.initrds.map { $0.name } == ["(hd0,gpt2)/boot/initrd.img-6.1.0-18-amd64"])
    #expect(
      plan.run.output == "Loading Linux 6.1.0-18-amd64 ...\nLoading initial ramdisk ...\n")
    #expect(
      plan.menu.entries.map { $0.title } == [
        "Debian GNU/Linux", "Advanced options for Debian GNU/Linux",
      ])
    #expect(
      plan.menu.entries.map { $0.id.text } == [
        "gnulinux-simple-\(Self.uuid)", "gnulinux-advanced-\(Self.uuid)",
      ])
    let inner = try plan.submenu(1)
    let titles = ["6.1.0-18-amd64", "6.1.0-17-amd64", "6.1.0-9-amd64"].flatMap {
      ["Debian GNU/Linux, with Linux \($0)", "Debian GNU/Linux, with Linux \($0) (recovery mode)"]
    }
    #expect(inner.entries.map { $0.title.text } == titles)
    #expect(inner.entries[3].id.text == "gnulinux-6.1.0-17-amd64-recovery-\(Self.uuid)")
    let recovery = try target(3, of: inner, in: plan.environment)
    #expect(recovery.kernel.path == "/boot/vmlinuz-6.1.0-17-amd64")
    #expect(recovery.commandLine == "root=UUID=\(ByteString(Self.uuid)) ro single console=hvc0")
  }

  @Test func theSavedEntryBootsFromTheSubmenu() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.defaults += "GRUB_DEFAULT=saved\nGRUB_SAVEDEFAULT=true\n"
    let id = "gnulinux-advanced-\(Self.uuid)>gnulinux-6.1.0-9-amd64-advanced-\(Self.uuid)"
    let plan = try plan(mkconfig, variables: ["saved_entry=\(id)"])
    #expect(plan.path == [1, 4])
    #expect(plan.target.kernel.path == "/boot/vmlinuz-6.1.0-9-amd64")
    #expect(plan.target.savedVariables.map { $0.name } == ["saved_entry"])
    #expect(plan.target.savedVariables.map { $0.value?.text } == [id])
    let none = try self.plan(mkconfig)
    #expect(none.path == [0])
    #expect(none.target.savedVariables.map { $0.value?.text } == ["gnulinux-simple-\(Self.uuid)"])
    let old = try self.plan(mkconfig, variables: ["saved_entry=1>2"])
    #expect(old.target.kernel.path == "/boot/vmlinuz-6.1.0-17-amd64")
  }

  @Test func anEntryForOnceIsForgotten() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.defaults += "GRUB_DEFAULT=saved\nGRUB_SAVEDEFAULT=true\nGRUB_DISABLE_SUBMENU=y\n"
    let plan = try plan(mkconfig, variables: ["saved_entry=0", "next_entry=2"])
    #expect(plan.path == [2])
    #expect(plan.menu.savedVariables.map { $0.name } == ["next_entry"])
    #expect(plan.menu.savedVariables.map { $0.value } == [""])
    // And is not the default afterwards.
    #expect(plan.target.savedVariables == [])
    let back = try self.plan(mkconfig, variables: ["prev_saved_entry=4"])
    #expect(back.menu.savedVariables.map { $0.name } == ["saved_entry", "prev_saved_entry"])
    #expect(back.menu.savedVariables.map { $0.value } == ["4", ""])
  }

  @Test func withoutSubmenuAllAreInOneMenu() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.hasBootPartition = true
    mkconfig.files = ["boot/amd-ucode.img": "", "boot/vmlinuz-6.2.0-own": ""]
    mkconfig.defaults += """
      GRUB_DISABLE_SUBMENU=y
      GRUB_DISABLE_RECOVERY=true
      GRUB_DEFAULT='Debian GNU/Linux, with Linux 6.1.0-17-amd64'
      GRUB_CMDLINE_LINUX_DEFAULT="quiet"
      """
    let plan = try plan(mkconfig)
    #expect(
      plan.menu.entries.map { $0.title.text }
        == [
          "6.2.0-own", "6.1.0-18-amd64", "6.1.0-17-amd64", "6.1.0-9-amd64",
        ].map { "Debian GNU/Linux, with Linux \($0)" })
    #expect(plan.path == [2])
    #expect(plan.target.kernel.name == "(hd0,gpt1)/vmlinuz-6.1.0-17-amd64")
    #expect(
      plan.target.initrds.map { $0.name } == [
        "(hd0,gpt1)/amd-ucode.img", "(hd0,gpt1)/initrd.img-6.1.0-17-amd64",
      ])
    // A kernel without ramdisk of its own gets its root by name, and the microcode.
    let own = try target(0, of: plan.menu, in: plan.environment)
    #expect(own.commandLine == "root=/dev/xvda2 ro quiet")
    #expect(own.initrds.map { $0.path } == ["/amd-ucode.img"])
  }

  @Test func namesAndOptionsWithQuotesStandAsWritten() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.kernels = ["6.1.0-18-amd64"]
    mkconfig.defaults = """
      GRUB_DISTRIBUTOR="Joe's > Linux \\$5"
      GRUB_CMDLINE_LINUX='dyndbg=\\"file a.c +p\\" x=\\$y'
      GRUB_DISABLE_LINUX_UUID=true
      GRUB_DISABLE_LINUX_PARTUUID=false
      """
    let plan = try plan(mkconfig)
    #expect(plan.menu.entries[0].title == "Joe's > Linux $5 GNU/Linux")
    #expect(
      plan.target.commandLine.text
        == "root=PARTUUID=\(GrubMkconfig.partitionUUID) ro dyndbg=\\\"file a.c +p\\\" x=$y")
    #expect(try plan.submenu(1).entries[0].title.text.hasPrefix("Joe's > Linux $5 GNU/Linux, "))
  }

  @Test func settingsForAMachineAreNoneForAGuest() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.defaults += """
      GRUB_TIMEOUT=0
      GRUB_TIMEOUT_STYLE=hidden
      GRUB_TERMINAL="console serial"
      GRUB_SERIAL_COMMAND="serial --speed=115200 --unit=0 --word=8 --parity=no --stop=1"
      GRUB_INIT_TUNE="480 440 1"
      GRUB_BADRAM="0x01234567,0xfefefefe,0x89abcdef,0xefefefef"
      GRUB_BUTTON_CMOS_ADDRESS=78:3
      GRUB_PRELOAD_MODULES="part_gpt lvm"
      GRUB_GFXPAYLOAD_LINUX=keep
      GRUB_DISABLE_UUID=true
      GRUB_DISABLE_OS_PROBER=false
      """
    let plan = try plan(mkconfig, custom: "menuentry 'mine' { linux /mine }\n")
    #expect(plan.menu.timeoutSeconds == 0)
    #expect(plan.menu.timeoutStyle == .hidden)
    #expect(plan.target.commandLine == "root=/dev/xvda2 ro")
    #expect(plan.menu.entries.last?.title == "mine")
    #expect(plan.menu.entries[0].id == "gnulinux-simple-/dev/xvda2")
  }

  @Test func graphicsAreNoneForAGuest() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.defaults += """
      GRUB_TERMINAL=gfxterm
      GRUB_GFXMODE=640x480
      GRUB_FONT=/boot/grub/unicode.pf2
      """
    #expect(try plan(mkconfig).path == [0])
  }

  @Test func ubuntusOwnSettings() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.edits = GrubMkconfig.ubuntuEdits
    mkconfig.files = ["lib/recovery-mode/recovery-menu": ""]
    mkconfig.defaults = """
      GRUB_DEFAULT=0
      GRUB_TIMEOUT_STYLE=hidden
      GRUB_TIMEOUT=0
      GRUB_DISTRIBUTOR=Ubuntu
      GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
      """
    let plan = try plan(mkconfig)
    #expect(plan.menu.entries[0].title == "Ubuntu")
    #expect(plan.menu.timeoutSeconds == 0)
    #expect(plan.target.commandLine.text.hasPrefix("root=UUID=\(Self.uuid) ro quiet splash"))
    // The guest says that the boot went well by taking it away again.
    #expect(plan.target.savedVariables.map { $0.name } == ["recordfail"])
    #expect(plan.target.savedVariables.map { $0.value } == ["1"])
    let failed = try self.plan(mkconfig, variables: ["recordfail=1"])
    #expect(failed.menu.timeoutSeconds == 30)
    #expect(failed.menu.timeoutStyle == .menu)
  }

  @Test func theDomainZeroOfAHypervisorIsOffered() throws {
    var mkconfig = GrubMkconfig()
    mkconfig.kernels = ["6.1.0-18-amd64"]
    mkconfig.files = ["boot/xen-4.17-amd64.gz": ""]
    mkconfig.defaults += "GRUB_DEFAULT=2\nGRUB_CMDLINE_XEN='dom0_mem=1G'\n"
    let plan = try plan(mkconfig)
    #expect(plan.menu.entries[2].title == "Debian GNU/Linux, with Xen hypervisor")
    #expect(plan.menu.entries[2].id.text == "xen-gnulinux-simple-\(Self.uuid)")
    #expect(plan.target.kind == .multiboot)
    #expect(plan.target.kernel.path == "/boot/xen-4.17-amd64.gz")
    #expect(
      plan.target.modules.map { $0.file.path.text } == [
        "/boot/vmlinuz-6.1.0-18-amd64", "/boot/initrd.img-6.1.0-18-amd64",
      ])
  }
}
