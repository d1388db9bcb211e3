// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// A menu of extlinux in `/boot/extlinux/extlinux.conf` on the root device.
func syslinuxMenu(
  _ text: String, in environment: FakeEnvironment = FakeEnvironment(), device: ByteString = ""
) throws(MenuError) -> Menu {
  let file = MenuFile(device: device, path: "/boot/extlinux/extlinux.conf")
  return try MenuInterpreter(environment: environment)
    .menu(ByteString(text), file: file, format: .syslinux)
}

/// The settings of a configuration, and which entry boots by itself.
@Suite struct SyslinuxMenuTests {
  private let two = "label a\nlinux /a\nlabel b\nlinux /b\n"

  private func defaultIndex(_ text: String) throws -> Int? {
    try syslinuxMenu(text).defaultSelection?.index
  }

  @Test func readsWhatAlpineWrites() throws {
    let menu = try syslinuxMenu(
      """
      DEFAULT menu.c32
      PROMPT 0
      MENU TITLE Alpine/Linux Boot Menu
      MENU HIDDEN
      MENU AUTOBOOT Alpine will be booted automatically in # seconds.
      TIMEOUT 35
      LABEL lts
        MENU DEFAULT
        MENU LABEL Linux ^LTS
        LINUX vmlinuz-lts
        INITRD initramfs-lts
        FDTDIR dtbs-lts
        APPEND root=UUID=12  modules=ext4 quiet

      MENU SEPARATOR
      """)
    #expect(menu.entries.map { $0.title } == ["Linux LTS"])
    #expect(menu.entries.map { $0.id } == ["lts"])
    #expect(menu.entries.map { $0.hotkey } == ["l"])
    #expect(menu.timeoutSeconds == 4)
    #expect(menu.timeoutStyle == .hidden)
    #expect(menu.warnings == [])
    let target = try target(0, of: menu)
    #expect(target.kernel == MenuFile(device: "", path: "/boot/extlinux/vmlinuz-lts"))
    #expect(target.initrds == [MenuFile(device: "", path: "/boot/extlinux/initramfs-lts")])
    #expect(target.commandLine == "root=UUID=12  modules=ext4 quiet")
  }

  @Test func timesAreTenthsAndZeroIsForEver() throws {
    func seconds(_ text: String) throws -> Int? { try syslinuxMenu(text + two).timeoutSeconds }
    #expect(try seconds("ui menu.c32\ntimeout 1\n") == 1)
    #expect(try seconds("ui menu.c32\ntimeout 0\n") == -1)
    #expect(try seconds("ui menu.c32\ntimeout -1\n") == -1)
    #expect(try seconds("ui menu.c32\n") == nil)
    #expect(try seconds("ui menu.c32\ntimeout 0\ntotaltimeout 600\n") == 60)
    #expect(try seconds("timeout 50\ntotaltimeout 20\n") == 2)
    // Without menu and prompt the default boots at once.
    #expect(try seconds("default a\nprompt 0\n") == 0)
    #expect(try seconds("default a\nprompt 1\n") == nil)
    #expect(try seconds("default a\nprompt 1\ntimeout 99999999999999999999\n") == -1)
  }

  @Test func theDefaultIsTheLabelThatDefaultNames() throws {
    #expect(try defaultIndex("default b\n" + two) == 1)
    #expect(try defaultIndex(two + "DEFAULT B\n") == 1)
    #expect(try defaultIndex("default menu.c32\n" + two) == 0)
    #expect(try defaultIndex("default vesamenu.c32\n" + two + "menu default\n") == 1)
    #expect(try defaultIndex("ui menu.c32\ndefault a\n" + two + "menu default\n") == 0)
    #expect(try defaultIndex("menu default\n" + two) == 0)
    let spaced =
      "default Fedora (2) x\nlabel Fedora (1) x\nlinux /a\nlabel Fedora (2) x\nlinux /b\n"
    #expect(try defaultIndex(spaced) == 1)
    // A label that is a number is no place in the list.
    #expect(try defaultIndex("default 0\nlabel 5\nlinux /a\nlabel 0\nlinux /b\n") == 1)
  }

  @Test func hiddenEntriesAreNoDefaultByThemselves() throws {
    let menu = try syslinuxMenu(
      "label -\nmenu label Tools\nmenu disable\nlabel h\nmenu hide\nlinux /h\n" + two)
    #expect(menu.entries.map { $0.isHidden } == [true, true, false, false])
    #expect(menu.defaultSelection?.index == 2)
    #expect(try defaultIndex("default h\nlabel h\nmenu hide\nlinux /h\n" + two) == 0)
  }

  @Test func aDefaultMayHaveOptions() throws {
    let menu = try syslinuxMenu("default b single 3\n" + two + "append ro\n")
    #expect(menu.defaultSelection?.index == 1)
    #expect(try target(1, of: menu).commandLine == "ro single 3")
  }

  @Test func aDefaultThatIsNoLabelIsAFileOrAWarning() throws {
    let menu = try syslinuxMenu("default vmlinuz initrd=/i root=/dev/xvda1\n")
    #expect(try target(0, of: menu).kernel.path == "/boot/extlinux/vmlinuz")
    #expect(try target(0, of: menu).initrds.map { $0.path } == ["/i"])
    let wrong = try syslinuxMenu("default c\n" + two)
    #expect(wrong.defaultSelection?.index == 0)
    #expect(
      wrong.warnings.map { $0.message } == ["/boot/extlinux/extlinux.conf:1:1: no label c"])
    #expect(throws: MenuError.noEntries(wrong.file)) {
      try syslinuxMenu("implicit 0\ndefault vmlinuz\n")
    }
  }

  @Test func whatHappensOnTimeoutWinsAndTheDefaultIsTriedNext() throws {
    let menu = try syslinuxMenu("default a\nontimeout b\nonerror a\n" + two)
    #expect(menu.defaultName == "1")
    #expect(menu.fallbackNames == ["0", "0"])
    #expect(menu.fallbackSelections.map { $0.index } == [0, 0])
  }

  @Test func submenusAreMenus() throws {
    let menu = try syslinuxMenu(
      """
      append quiet
      label a
      linux /a
      menu begin ^Tools
        menu title All tools
        label b
          menu label In^side
          menu default
          linux /b
        label back
          menu exit
        menu begin deeper
          label c
          linux /c
          append -
        menu end
      menu end
      label d
      linux /d
      """)
    #expect(menu.entries.map { $0.title } == ["a", "All tools", "d"])
    #expect(menu.entries.map { $0.kind } == [.boot, .submenu, .boot])
    let inner = try opened(1, of: menu)
    #expect(inner.entries.map { $0.title } == ["Inside", "back", "deeper"])
    #expect(inner.entries[0].hotkey == "s")
    #expect(try target(0, of: inner).commandLine == "quiet")
    #expect(try target(0, of: try opened(2, of: inner)).commandLine == "")
  }

  private func opened(_ index: Int, of menu: Menu) throws -> Menu {
    let run = try MenuInterpreter(environment: FakeEnvironment()).run(index, of: menu)
    guard case .menu(let inner) = run.outcome else { throw MenuError.noEntries(menu.file) }
    return inner
  }

  @Test func aDefaultMayBeInASubmenu() throws {
    let text = "menu begin x\nlabel p\nlinux /p\nlabel q\nlinux /q\nmenu end\n" + two
    for (line, path) in [
      ("default q\n", [0, 1]), ("default a\n", [1]), ("", [1]),
    ] {
      let menu = try syslinuxMenu(line + text)
      let run = MenuInterpreter(environment: FakeEnvironment()).runDefault(of: menu)
      #expect(run?.path == path)
    }
    let started = "menu begin x\nmenu start\nlabel p\nlinux /p\nmenu end\n" + two
    #expect(try syslinuxMenu(started).defaultName == "0>0")
  }

  @Test func helpTextsAndLooksAreSkipped() throws {
    let menu = try syslinuxMenu(
      """
      say hello
      display boot.msg
      F1 boot.msg
      f12 last.msg
      menu color title 1;36;44 #ffffffff #00000000 std
      menu background splash.png
      label a
      text help
        linux /wrong
        label wrong
      endtext
      ipappend 2
      linux /a
      """)
    #expect(menu.entries.map { $0.id } == ["a"])
    #expect(try target(0, of: menu).kernel.path == "/a")
    #expect(menu.warnings == [])
  }

  @Test func whatIsSkippedIsNamedWithItsPlace() throws {
    let menu = try syslinuxMenu(
      """
      linux /x
      label a
        linux /a
        frobnicate 1
        frobnicate 2
      menu dance
      label b
        com32 hdt.c32
      label c
        localboot 0
      label d
        kernel memtest.com
      initrd /x
      menu separator
      initrd /y
      include none.cfg
      label e
        menu goto x
      """)
    let file = "/boot/extlinux/extlinux.conf"
    #expect(
      menu.warnings.map { $0.message.text } == [
        "\(file):1:1: linux outside of a label",
        "\(file):4:3: unknown command frobnicate",
        "\(file):6:6: unknown command MENU dance",
        "\(file):8:3: module hdt.c32 is not available",
        "\(file):10:3: LOCALBOOT 0 is for a PC's firmware",
        "\(file):12:3: memtest.com is code for a PC's firmware",
        "\(file):15:1: INITRD outside of a label",
        "\(file):16:1: INCLUDE none.cfg: can't be read",
      ])
    #expect(menu.entries.map { $0.id } == ["a", "b", "c", "d", "e"])
    #expect(
      throws: MenuError.notForGuests(title: "e", what: "there is no menu x")
    ) { try target(4, of: menu) }
  }

  @Test func someEndingsMeanSomethingToIsolinuxOnly() throws {
    let text: ByteString = "label a\nkernel memtest.bin\nlabel b\nkernel core.IMG\n"
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    let disk = try interpreter.menu(
      text, file: MenuFile(device: "", path: "/syslinux/syslinux.cfg"), format: .syslinux)
    #expect(disk.warnings == [])
    #expect(try target(1, of: disk).kernel.path == "/syslinux/core.IMG")
    let optical = try interpreter.menu(
      text, file: MenuFile(device: "", path: "/isolinux/isolinux.cfg"), format: .syslinux)
    #expect(optical.warnings.count == 2)
    #expect(throws: MenuError.self) { try target(0, of: optical) }
  }

  @Test func labelsLeadOutOfMenusAndToOthers() throws {
    let text = """
      label first
      linux /first
      menu begin one
        menu title First menu
        label back
          menu exit
        label two
          menu goto two
        label top
          menu goto .top
        label quit
          menu quit
        label p
          linux /p
        menu begin deep
          label out
            menu exit .top
          label one
            menu exit one
          label here
            menu goto deep
          label q
            linux /q
        menu end
      menu end
      menu begin two
        label to-one
          menu goto one
        label r
          linux /r
      menu end
      """
    let menu = try syslinuxMenu(text)
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    func closed(_ index: Int, _ menu: Menu) throws -> Int? {
      guard case .close(let count) = try interpreter.run(index, of: menu).outcome else {
        return nil
      }
      return count
    }
    #expect(menu.defaultName == "0")
    let one = try opened(1, of: menu)
    #expect(one.entries.map { $0.title } == ["back", "two", "top", "p", "deep"])
    #expect(one.defaultSelection?.index == 3)
    #expect(try closed(0, one) == 1)
    #expect(try closed(2, one) == 1)
    let deep = try opened(4, of: one)
    #expect(try (0..<3).map { try closed($0, deep) } == [2, 1, 0])
    // From one to two, and from there to one again, which is still open after it.
    let two = try opened(1, of: one)
    #expect(two.entries.map { $0.title } == ["to-one", "r"])
    #expect(try target(1, of: two).kernel.path == "/r")
    #expect(try closed(0, two) == 1)
    let again = try opened(0, of: try opened(2, of: menu))
    #expect(again.entries.map { $0.title } == one.entries.map { $0.title })
    let wrong = try syslinuxMenu("label a\nmenu exit\nlabel b\nmenu goto\n")
    #expect(
      throws: MenuError.notForGuests(title: "a", what: "MENU EXIT of the outermost menu")
    ) { try interpreter.run(0, of: wrong) }
    #expect(
      throws: MenuError.notForGuests(title: "b", what: "there is no menu ")
    ) { try interpreter.run(1, of: wrong) }
  }

  @Test func passwordsAndForbiddenOptionsCloseTheCommandLine() throws {
    let menu = try syslinuxMenu(
      "menu master passwd $1$salt$hash\nlabel a\nmenu passwd\nlinux /a\nlabel b\nlinux /b\n")
    #expect(menu.passwords.map { $0.form } == [.crypt])
    #expect(throws: MenuError.locked(title: "a")) { try target(0, of: menu) }
    #expect(try target(1, of: menu).kernel.path == "/b")
    #expect(try syslinuxMenu("menu master passwd $4$x$y\n" + two).passwords[0].form == .crypt)
    #expect(try syslinuxMenu("menu master passwd x\n" + two).passwords[0].form == .plain)
    #expect(try syslinuxMenu("allowoptions 0\n" + two).isEditable == false)
    #expect(try syslinuxMenu("noescape 1\n" + two).isEditable == false)
    #expect(try syslinuxMenu("allowoptions 1\nnoescape 0\n" + two).isEditable)
  }
}
