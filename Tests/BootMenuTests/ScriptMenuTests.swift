// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

@Suite struct ScriptMenuTests {
  @Test func entriesHaveTitlesIdsAndOptions() throws {
    let menu = try scriptMenu(
      """
      set name=Debian
      menuentry "$name GNU/Linux" --class debian --class=os $menuentry_id_option x --id 'deb' {
        linux /vmlinuz
      }
      menuentry 'One line' --hotkey=o { linux /a; }
      hiddenentry secret { linux /b; }
      submenu "More"{
        menuentry inner { linux /c; }
      }
      """)
    #expect(menu.entries.map { $0.title } == ["Debian GNU/Linux", "One line", "secret", "More"])
    #expect(menu.entries.map { $0.id } == ["deb", "One line", "secret", "More"])
    #expect(menu.entries.map { $0.kind } == [.boot, .boot, .boot, .submenu])
    #expect(menu.entries.map { $0.isHidden } == [false, false, true, false])
    #expect(menu.entries[1].hotkey == "o")
    #expect(menu.entries[1].source == " linux /a; ")
    #expect(menu.entries[0].place == MenuPlace(file: "/boot/grub/grub.cfg", line: 2, column: 90))
    #expect(menu.warnings == [])
  }

  @Test func bodiesRunWithTheVariablesOfTheMenusEnd() throws {
    let menu = try scriptMenu(
      "set v=1\nmenuentry \"t $v\" $v 'p q' { linux /k $v $1 \"$2\" \"$3\" $#; }\nset v=2\n")
    #expect(try target(0, of: menu).commandLine == "2 t 1 1 \"p q\" 3")
  }

  @Test func settingsAreReportedAsTheFileHasThem() throws {
    let entry = "menuentry a { linux /a; }\n"
    var menu = try scriptMenu(entry)
    #expect(menu.timeoutSeconds == nil)
    #expect(menu.timeoutStyle == .menu)
    #expect(menu.defaultName == "")
    menu = try scriptMenu(
      "timeout=-1; set timeout_style=hidden; default=\"x>y\"; fallback='1 2'\n" + entry)
    #expect(menu.timeoutSeconds == -1)
    #expect(menu.timeoutStyle == .hidden)
    #expect(menu.defaultName == "x>y")
    #expect(menu.fallbackNames == ["1", "2"])
    menu = try scriptMenu("timeout=never; timeout_style=countdown\n" + entry)
    #expect(menu.timeoutSeconds == nil)
    #expect(menu.timeoutStyle == .countdown)
    menu = try scriptMenu("if sleep --interruptible 3; then set timeout=0; fi\n" + entry)
    #expect(menu.timeoutSeconds == 0)
    #expect(menu.interruptibleSeconds == 3)
  }

  @Test(arguments: [
    ("", 0, ""), ("1", 1, ""), ("0x1", 1, ""), ("1 junk", 1, ""), ("7", 0, ""), ("-1", 0, ""),
    ("bee", 1, ""), ("id-c", 2, ""), ("2>1", 2, "1"), ("id-c>x>y", 2, "x>y"), ("a>>b", 3, ""),
    ("2x", 4, ""), ("nothing", 0, ""),
  ])
  func defaultNamesAnEntry(_ name: String, _ index: Int, _ rest: String) throws {
    let menu = try scriptMenu(
      """
      default='\(name)'
      menuentry a { true; }
      menuentry bee { true; }
      submenu c --id id-c { menuentry x { linux /x; }; menuentry y { linux /y; }; }
      menuentry 'a>b' { true; }
      menuentry 2x { true; }
      """)
    #expect(menu.defaultSelection?.index == index)
    #expect(menu.defaultSelection?.rest == ByteString(rest))
  }

  @Test func submenusSeeExportedVariablesAndFunctions() throws {
    let environment = FakeEnvironment()
    let menu = try scriptMenu(
      """
      set hidden=1
      set shown=2
      export shown
      function f { echo "f $shown"; }
      submenu s --id sid {
        menuentry x { linux /x; }
        menuentry y { f; linux /y "<$hidden>" $shown $chosen; }
      }
      """)
    let interpreter = MenuInterpreter(environment: environment)
    guard case .menu(let inner) = try interpreter.run(0, of: menu, rest: "y").outcome else {
      Issue.record("no submenu")
      return
    }
    #expect(inner.defaultSelection?.index == 1)
    let run = try interpreter.run(1, of: inner)
    #expect(run.output == "f 2\n")
    #expect(try target(1, of: inner).commandLine == "<> 2 sid>y")
  }

  @Test func theDefaultIsFollowedIntoSubmenus() throws {
    let menu = try scriptMenu(
      """
      default='more>inner>1'
      menuentry a { linux /a; }
      submenu more { submenu inner { menuentry x { linux /x; }; menuentry y { linux /y; }; }; }
      """)
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    let run = try #require(interpreter.runDefault(of: menu))
    #expect(run.path == [1, 0, 1])
    #expect(run.titles == ["more", "inner", "y"])
    guard case .success(let entry) = run.result, case .boot(let target) = entry.outcome else {
      Issue.record("no target")
      return
    }
    #expect(target.kernel.path == "/y")
    let broken = try scriptMenu("submenu s { menuentry e { true; }; }")
    let failed = try #require(interpreter.runDefault(of: broken))
    #expect(failed.path == [0, 0])
    guard case .failure(.noKernel("e")) = failed.result else {
      Issue.record("no failure")
      return
    }
  }

  @Test func submenusNestOnlySoDeep() throws {
    var text = "menuentry x { linux /x; }"
    for _ in 0...MenuLimits.submenuDepthMax { text = "submenu s { \(text)\n }" }
    var menu = try scriptMenu(text)
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    for _ in 0..<MenuLimits.submenuDepthMax {
      guard case .menu(let inner) = try interpreter.run(0, of: menu).outcome else { return }
      menu = inner
    }
    #expect(throws: MenuError.nestedTooDeeply(place: menu.entries[0].place)) {
      try interpreter.run(0, of: menu)
    }
  }

  @Test func lockedEntriesAskForAPassword() throws {
    let menu = try scriptMenu(
      """
      set superusers="root, admin"
      password root secret
      password_pbkdf2 admin grub.pbkdf2.sha512.10000.AA.BB
      menuentry open --unrestricted { linux /a; }
      menuentry closed { linux /b; }
      menuentry some --users 'eve' { linux /c; }
      """)
    #expect(menu.superusers == ["root", "admin"])
    #expect(menu.passwords.map { $0.form } == [.plain, .pbkdf2])
    #expect(menu.entries.map { $0.access } == [.anyone, .users([]), .users(["eve"])])
    #expect(try target(0, of: menu).kernel.path == "/a")
    #expect(throws: MenuError.locked(title: "closed")) { try target(1, of: menu) }
    let run = try MenuInterpreter(environment: FakeEnvironment()).run(1, of: menu, isUnlocked: true)
    guard case .boot(let unlocked) = run.outcome else { return }
    #expect(unlocked.kernel.path == "/b")
  }

  @Test func withoutSuperusersEverythingIsOpen() throws {
    let menu = try scriptMenu("menuentry a --users eve { linux /a; }")
    #expect(menu.entries[0].access == .anyone)
  }

  @Test func scriptsWithoutEntriesMayStillBoot() throws {
    let menu = try scriptMenu("linux /vmlinuz quiet\ninitrd /initrd\nboot\n")
    #expect(menu.entries.map { $0.title } == ["commands of /boot/grub/grub.cfg"])
    #expect(try target(0, of: menu).initrds.map { $0.path } == ["/initrd"])
  }

  @Test func failuresOfEntriesAreNamed() throws {
    let menu = try scriptMenu(
      """
      menuentry empty { true; }
      menuentry chain { chainloader +1; }
      menuentry early { initrd /i; }
      menuentry bad { linux (hd0/x; }
      submenu nothing { true; }
      """)
    #expect(throws: MenuError.noKernel(title: "empty")) { try target(0, of: menu) }
    #expect(throws: MenuError.chainloader(title: "chain", file: "+1")) { try target(1, of: menu) }
    #expect(
      throws: MenuError.commandFailed(
        title: "early", reason: "initrd: you need to load the kernel first")
    ) { try target(2, of: menu) }
    #expect(throws: MenuError.commandFailed(title: "bad", reason: "linux: bad file name (hd0/x")) {
      try target(3, of: menu)
    }
    #expect(throws: MenuError.noEntries(menu.file)) { try target(4, of: menu) }
    #expect(throws: MenuError.noSuchEntry(index: 9, entryCount: 5)) { try target(9, of: menu) }
    #expect(throws: MenuError.noEntries(menu.file)) { try scriptMenu("set a=b\n") }
    #expect(MenuError.noKernel(title: "x").message == "entry 'x' names no kernel")
    #expect(MenuError.chainloader(title: "x", file: "+1").family == .unsupported)
  }

  @Test func manyEntriesAreReadFast() throws {
    let text = String(
      repeating: "menuentry 'a b' --id x {\n linux /a b\n initrd /c\n}\n", count: 2000)
    #expect(try scriptMenu(text).entries.count == 2000)
  }
}
