// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// What is locked, and which passwords open it.
@Suite struct MenuLockTests {
  private let script = """
    set superusers="root, admin"
    password root secret
    password_pbkdf2 admin grub.pbkdf2.sha512.10.00.11
    password eve apple
    menuentry open --unrestricted { linux /a }
    menuentry closed { linux /b }
    menuentry eve --users eve { linux /c }
    menuentry nobody --users nobody { linux /d }
    submenu more { menuentry inner { linux /e }; menuentry free --unrestricted { linux /f } }
    """

  private func users(_ lock: [Menu.Password]?) -> [String]? { lock?.map { $0.user.text } }

  @Test func entriesAreForSuperusersAndTheirUsers() throws {
    let menu = try scriptMenu(script)
    let locks = menu.entries.indices.map { users(menu.lock(before: .start(index: $0))) }
    #expect(
      locks == [
        nil, ["root", "admin"], ["root", "admin", "eve"], ["root", "admin"], ["root", "admin"],
      ])
    #expect(menu.passwords.map { $0.form } == [.plain, .pbkdf2, .plain])
  }

  @Test func editingAndTheCommandLineAreForSuperusers() throws {
    let menu = try scriptMenu(script)
    #expect(users(menu.lock(before: .commandLine)) == ["root", "admin"])
    for index in menu.entries.indices {
      #expect(users(menu.lock(before: .edit(index: index))) == ["root", "admin"])
    }
    let eve = menu.passwords[2]
    #expect(menu.lock(before: .start(index: 2), given: [eve]) == nil)
    #expect(menu.lock(before: .edit(index: 2), given: [eve]) != nil)
    let root = menu.passwords[0]
    #expect(menu.lock(before: .edit(index: 2), given: [eve, root]) == nil)
    #expect(menu.lock(before: .commandLine, given: [root]) == nil)
  }

  @Test func withoutSuperusersNothingIsLocked() throws {
    let menu = try scriptMenu("password root x\nmenuentry a --users root { linux /a }")
    #expect(menu.lock(before: .start(index: 0)) == nil)
    #expect(menu.lock(before: .edit(index: 0)) == nil)
    #expect(menu.lock(before: .commandLine) == nil)
  }

  @Test func aSuperuserWithoutAPasswordOpensNothing() throws {
    let menu = try scriptMenu("set superusers=root\nmenuentry a { linux /a }")
    #expect(menu.lock(before: .start(index: 0)) == [])
    #expect(menu.lock(before: .commandLine) == [])
    #expect(Menu.asksForUser([]))
  }

  @Test func theLastPasswordOfAUserCounts() throws {
    let menu = try scriptMenu(
      "set superusers=root\npassword root old\npassword root new\nmenuentry a { linux /a }")
    #expect(menu.lock(before: .commandLine)?.map { $0.text } == ["new"])
  }

  @Test func menusInsideOfALockedOneAreLocked() throws {
    let environment = FakeEnvironment(files: [
      ("/other.cfg", "menuentry x { linux /x }"),
      ("/menu.lst", "title y\nkernel /y\n"), ("/isolinux.cfg", "label z\nkernel /z\n"),
    ])
    let interpreter = MenuInterpreter(environment: environment)
    let menu = try scriptMenu(
      script + """

        menuentry other { configfile /other.cfg }
        menuentry legacy { legacy_configfile /menu.lst }
        menuentry syslinux { syslinux_configfile /isolinux.cfg }
        """, in: environment)
    for (index, isOpen) in [(4, false), (5, false), (6, true), (7, true)] {
      let run = try interpreter.run(index, of: menu, isUnlocked: true)
      guard case .menu(let inner) = run.outcome else {
        Issue.record("entry \(index) opens no menu")
        continue
      }
      #expect(users(inner.lock(before: .commandLine)) == ["root", "admin"], "\(index)")
      #expect((inner.lock(before: .start(index: 0)) == nil) == isOpen, "\(index)")
    }
    let run = try interpreter.run(4, of: menu, isUnlocked: true)
    guard case .menu(let inner) = run.outcome else { return }
    #expect(inner.lock(before: .start(index: 1)) == nil)
  }

  @Test func theUserFileOfFedoraLocksTheMenu() throws {
    let script = """
      if [ -f ${prefix}/user.cfg ]; then
        source ${prefix}/user.cfg
        if [ -n "${GRUB2_PASSWORD}" ]; then
          set superusers="root"
          export superusers
          password_pbkdf2 root ${GRUB2_PASSWORD}
        fi
      fi
      blscfg
      """
    let hash = "grub.pbkdf2.sha512.10000.AB.CD"
    let entries = [
      ("/loader/entries/a.conf", "title a\nlinux /a\ngrub_users $grub_users\n"),
      ("/loader/entries/b.conf", "title b\nlinux /b\n"),
      ("/loader/entries/c.conf", "title c\nlinux /c\ngrub_users \"\"\n"),
    ]
    let environment = FakeEnvironment(
      files: entries + [("/boot/grub/user.cfg", "GRUB2_PASSWORD=\(hash)\n")])
    let menu = try scriptMenu(script, in: environment)
    #expect(menu.passwords.map { $0.text.text } == [hash])
    // Entries that name no user, or one by a variable that is not set, are everybody's.
    #expect(menu.entries.map { $0.title } == ["c", "b", "a"])
    #expect(
      menu.entries.indices.map { menu.lock(before: .start(index: $0)) == nil } == [
        false, true, true,
      ])
    #expect(menu.lock(before: .edit(index: 1)) != nil)
    let open = try scriptMenu(script, in: FakeEnvironment(files: entries))
    #expect(open.lock(before: .edit(index: 0)) == nil)
  }
}

/// GRUB legacy and syslinux.
@Suite struct NamelessPasswordTests {
  @Test func theMenusPasswordOpensLocksAndTheCommandLine() throws {
    let menu = try legacyMenu(
      "password --md5 $1$gLhU0/$aW78kHK1QfV3P2b2znUoe/\n"
        + "title a\nkernel /a\ntitle b\nlock\nkernel /b\n")
    let password = menu.passwords[0]
    #expect(
      password == Menu.Password(user: "", form: .crypt, text: "$1$gLhU0/$aW78kHK1QfV3P2b2znUoe/"))
    #expect(menu.lock(before: .start(index: 0)) == nil)
    #expect(menu.lock(before: .start(index: 1)) == [password])
    #expect(menu.lock(before: .edit(index: 0)) == [password])
    #expect(menu.lock(before: .commandLine) == [password])
    #expect(menu.lock(before: .unlock, given: [password]) == nil)
    #expect(menu.lock(before: .start(index: 1), given: [password]) == nil)
    #expect(!Menu.asksForUser([password]))
  }

  @Test func anEntryMayHaveAPasswordOfItsOwn() throws {
    let menu = try legacyMenu(
      "title a\npassword mine\nkernel /a\ntitle b\nkernel /b\n")
    let own = Menu.Password(user: "", form: .plain, text: "mine")
    #expect(menu.lock(before: .start(index: 0)) == [own])
    #expect(menu.lock(before: .edit(index: 0)) == [own])
    #expect(menu.lock(before: .start(index: 1)) == nil)
    #expect(menu.lock(before: .commandLine) == nil)
    #expect(throws: MenuError.locked(title: "a")) { try target(0, of: menu) }
  }

  @Test func lockAndPasswordTogetherTakeBoth() throws {
    let menu = try legacyMenu("password menu\ntitle a\nlock\npassword mine\nkernel /a\n")
    let outer = Menu.Password(user: "", form: .plain, text: "menu")
    let own = Menu.Password(user: "", form: .plain, text: "mine")
    #expect(menu.lock(before: .start(index: 0)) == [outer])
    #expect(menu.lock(before: .start(index: 0), given: [outer]) == [own])
    #expect(menu.lock(before: .start(index: 0), given: [outer, own]) == nil)
  }

  @Test func aPasswordMayOpenAnotherMenu() throws {
    let environment = FakeEnvironment(
      devices: [.init(name: "hd0,1")],
      files: [
        ("/boot/grub/admin.lst", "password x\ntitle admin\nkernel /a\n"),
        ("(hd0,1)/admin.lst", "title other\nkernel /o\n"), ("/empty.lst", "# none\n"),
      ])
    let interpreter = MenuInterpreter(environment: environment)
    func menu(_ file: String) throws -> Menu {
      try legacyMenu("password secret \(file)\ntitle a\nkernel /a\n", in: environment)
    }
    let first = try menu("/boot/grub/admin.lst")
    let inner = try interpreter.menu(behind: first.passwords[0], of: first)
    #expect(inner?.entries.map { $0.title } == ["admin"])
    // What was given for the outer menu opens nothing in there.
    #expect(inner?.lock(before: .commandLine, given: first.passwords) != nil)
    let second = try menu("(hd0,0)/admin.lst")
    #expect(
      try interpreter.menu(behind: second.passwords[0], of: second)?.entries[0].title == "other")
    #expect(throws: MenuError.unreadable(MenuFile(device: "", path: "/none"))) {
      let menu = try menu("/none")
      return try interpreter.menu(behind: menu.passwords[0], of: menu)
    }
    #expect(throws: MenuError.noEntries(MenuFile(device: "", path: "/empty.lst"))) {
      let menu = try menu("/empty.lst")
      return try interpreter.menu(behind: menu.passwords[0], of: menu)
    }
    let plain = try menu("")
    #expect(try interpreter.menu(behind: plain.passwords[0], of: plain) == nil)
  }

  @Test func theLastPasswordOfALegacyMenuCounts() throws {
    let menu = try legacyMenu("password a\npassword --md5\npassword b\ntitle a\nlock\nkernel /a\n")
    #expect(menu.passwords.map { $0.text } == ["b"])
    #expect(
      menu.warnings.map { $0.message.text } == [
        "/boot/grub/menu.lst:2:1: password: an argument is missing"
      ])
  }

  @Test func passwordsOfSyslinux() throws {
    let text = """
      MENU MASTER PASSWD $4$salt$hash$
      LABEL own
        MENU PASSWD mine
        LINUX /a
      LABEL master
        MENU PASSWD
        LINUX /b
      LABEL open
        LINUX /c
      MENU BEGIN sub
      LABEL deep
        MENU PASSWD deep
        LINUX /d
      MENU END
      """
    let file = MenuFile(device: "", path: "/syslinux.cfg")
    let interpreter = MenuInterpreter(environment: FakeEnvironment())
    let menu = try interpreter.menu(ByteString(text), file: file, format: .syslinux)
    let texts = { (lock: [Menu.Password]?) in lock?.map { $0.text.text } }
    let master = "$4$salt$hash$"
    #expect(texts(menu.lock(before: .start(index: 0))) == ["mine", master])
    #expect(texts(menu.lock(before: .start(index: 1))) == [master])
    #expect(menu.lock(before: .start(index: 2)) == nil)
    #expect(menu.lock(before: .start(index: 3)) == nil)
    #expect(texts(menu.lock(before: .commandLine)) == [master])
    #expect(texts(menu.lock(before: .edit(index: 2))) == [master])
    guard case .menu(let inner) = try interpreter.run(3, of: menu).outcome else {
      Issue.record("no submenu")
      return
    }
    #expect(texts(inner.lock(before: .start(index: 0))) == ["deep", master])
    #expect(texts(inner.lock(before: .commandLine)) == [master])
  }

  @Test func anEntryThatOnlyAMasterPasswordOpensIsShutWithoutOne() throws {
    let text = "LABEL a\nMENU PASSWD\nLINUX /a\n"
    let menu = try MenuInterpreter(environment: FakeEnvironment()).menu(
      ByteString(text), file: MenuFile(device: "", path: "/syslinux.cfg"), format: .syslinux)
    #expect(menu.lock(before: .start(index: 0)) == [])
    #expect(menu.lock(before: .commandLine) == nil)
  }
}
