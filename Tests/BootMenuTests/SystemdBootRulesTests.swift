// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport
import Testing

/// What systemd-boot makes of entries where GRUB makes something else of them (docs/LOADERS.md).
@Suite struct SystemdBootRulesTests {
  private func menu(_ environment: FakeEnvironment) throws(MenuError) -> Menu {
    try MenuInterpreter(environment: environment).bootLoaderMenu(devices: [""])
  }

  private func menu(_ files: (String, String)...) throws(MenuError) -> Menu {
    try menu(FakeEnvironment(files: files))
  }

  private func entry(_ name: String, _ lines: String) -> (String, String) {
    ("/loader/entries/\(name)", lines)
  }

  // MARK: Keys

  @Test(arguments: [
    ("options \"root=/dev/xvda1 quiet\"", "root=/dev/xvda1 quiet"),
    ("options 'a b'", "a b"), ("options \"a\" b \"c\"", "a\" b \"c"),
    ("options a \"b c\"", "a \"b c\""), ("options \"a b'", "\"a b'"),
    ("options \"a\"\noptions 'b'", "a b"),
  ])
  func matchingQuotesAroundAValueGo(_ lines: String, _ expected: String) throws {
    let menu = try menu(entry("a.conf", "linux /v\n\(lines)\n"))
    #expect(try target(0, of: menu).commandLine.text == expected)
  }

  @Test func everyKeyLosesItsQuotes() throws {
    let menu = try menu(
      entry("a.conf", "title \"A title\"\nlinux '/v'\ninitrd \"/i\"\narchitecture 'x64'\n"),
      ("/loader/loader.conf", "timeout \"7\"\neditor 'no'\ndefault \"a.conf\"\n"))
    #expect(menu.entries.map { $0.title } == ["A title"])
    #expect(try target(0, of: menu).kernel.path == "/v")
    #expect(try target(0, of: menu).initrds.map { $0.path } == ["/i"])
    #expect(menu.timeoutSeconds == 7)
    #expect(!menu.isEditable)
  }

  @Test func theLastLineOfAKeyCounts() throws {
    let menu = try menu(
      entry("a.conf", "title one\ntitle two\nlinux /one\nlinux /two\noptions a\noptions b\n"))
    #expect(menu.entries.map { $0.title } == ["two"])
    #expect(try target(0, of: menu).kernel.path == "/two")
    #expect(try target(0, of: menu).commandLine == "a b")
  }

  @Test func entriesWithoutATitleShowTheirFileName() throws {
    let menu = try menu(entry("b+3.conf", "linux /v\n"), entry("a.conf", "linux /w\ntitle t\n"))
    #expect(menu.entries.map { $0.title } == ["b.conf", "t"])
  }

  @Test func whatCanNotBeDoneIsNamed() throws {
    let menu = try menu(
      entry("a.conf", "uki /a.efi\nextra /x.addon.efi\n"), entry("b.conf", "uki-url https://x/b\n"),
      entry("c.conf", "linux /c\nuki /c.efi\n"))
    #expect(menu.entries.map { $0.id } == ["a"])
    let said = menu.warnings.map { $0.message.text }
    #expect(said.count == 3)
    #expect(said[0].hasSuffix("extra /x.addon.efi is not applied"))
    #expect(said[1].hasSuffix("entry skipped: uki-url: nothing is loaded from a network"))
    #expect(said[2].hasSuffix("entry skipped: linux and uki lines in one entry"))
  }

  @Test(arguments: [
    ("default b.conf\npreferred a.conf", "a"), ("preferred a*\ndefault b.conf", "a"),
    ("preferred d.conf\ndefault b.conf", "b"), ("preferred none\ndefault b.conf", "b"),
    ("preferred @saved\ndefault b.conf", "b"), ("preferred ?", "c"), ("preferred \"A.conf\"", "a"),
  ])
  func preferredGoesBeforeDefaultIfItCanStart(_ lines: String, _ expected: String) throws {
    let names = ["a.conf", "b.conf", "c.conf", "d+0-3.conf"]
    let environment = FakeEnvironment(
      files: names.map { entry($0, "linux /v\n") } + [("/loader/loader.conf", lines + "\n")])
    let menu = try menu(environment)
    let selection = try #require(menu.defaultSelection)
    #expect(menu.entries[selection.index].id.text == expected)
  }

  // MARK: Kernels that are missing

  @Test func anEntryWithoutItsKernelIsHidden() throws {
    let menu = try menu(
      entry("b.conf", "linux /gone\n"), entry("a.conf", "linux /v\n"),
      entry("c.conf", "uki /EFI/Linux/gone.efi\n"), ("/v", "kernel"))
    #expect(menu.entries.map { $0.id } == ["a"])
    #expect(
      menu.warnings.map { $0.message.text } == [
        "/loader/entries/b.conf:1:1: entry skipped: /gone is not there",
        "/loader/entries/c.conf:1:1: entry skipped: /EFI/Linux/gone.efi is not there",
      ])
  }

  @Test func theDefaultMayBeOneOfTheOthers() throws {
    let menu = try menu(
      entry("b.conf", "linux /gone\n"), entry("a.conf", "linux /v\n"), ("/v", "kernel"),
      ("/loader/loader.conf", "default b.conf\n"))
    #expect(menu.defaultSelection?.index == 0)
    #expect(try target(0, of: menu, in: FakeEnvironment()).kernel.path == "/v")
  }

  @Test func aKernelBelowBootIsThere() throws {
    let environment = FakeEnvironment(files: [
      ("/boot/loader/entries/a.conf", "linux /v\n"), ("/boot/loader/entries/b.conf", "linux /w\n"),
      ("/boot/v", "kernel"),
    ])
    #expect(try menu(environment).entries.map { $0.id } == ["a"])
  }

  @Test func aDirectoryIsNoKernel() throws {
    let menu = try menu(
      entry("a.conf", "linux /v\n"), entry("b.conf", "linux /d\n"), ("/v", ""), ("/d/x", ""))
    #expect(menu.entries.map { $0.id } == ["a"])
  }

  @Test func anEntryWithoutItsKernelIsHiddenBehindAnImageToo() throws {
    let environment = images([("x1.efi", [""])])
    environment.add("/loader/entries/a.conf", "sort-key a\nlinux /gone\n")
    let menu = try menu(environment)
    #expect(menu.entries.map { $0.id } == ["x1.efi"])
    #expect(menu.warnings.count == 1)
  }

  @Test func namesThatBeginWithAutoAreReserved() throws {
    let environment = images([("Auto-x.efi", [""]), ("x1.efi", [""])])
    environment.add("/loader/entries/auto-windows.conf", "linux /v\n")
    environment.add("/v", "kernel")
    #expect(try menu(environment).entries.map { $0.id } == ["x1.efi"])
  }

  @Test func entriesOfOneTitleShowTheirFileNames() throws {
    let menu = try menu(
      entry("b.conf", "title X\nlinux /v\n"), entry("a+3.conf", "title X\nlinux /v\n"))
    #expect(menu.entries.map { $0.title } == ["X (b.conf)", "X (a.conf)"])
  }

  @Test func whereNoKernelIsThereAllStayToSayWhy() throws {
    let menu = try menu(entry("a.conf", "linux /v\n"), entry("b.conf", "linux /w\n"))
    #expect(menu.entries.map { $0.id } == ["b", "a"])
    #expect(menu.warnings == [])
  }

  // MARK: Profiles

  private func images(_ profiles: [(String, [String])]) -> FakeEnvironment {
    let environment = FakeEnvironment(
      files: profiles.map { ("/EFI/Linux/\($0.0)", "MZ") })
    environment.unifiedKernels = profiles.map { name, texts in
      let version = ByteString(name.filter { $0.isNumber })
      return (
        MenuFile(device: "", path: ByteString("/EFI/Linux/" + name)),
        texts.map {
          .init(
            osRelease: "ID=x\nPRETTY_NAME=X\nVERSION_ID=\(version)\n",
            kernelRelease: "", commandLine: "", profile: ByteString($0))
        }
      )
    }
    return environment
  }

  @Test func theDefaultIsProfileZeroOfTheNewestImage() throws {
    let profiles = [
      "ID=main\nTITLE=Normal\n", "ID=zz\nTITLE=Factory reset\n", "ID=emergency\n", "",
    ]
    let menu = try menu(images([("x1.efi", profiles), ("x2.efi", profiles)]))
    #expect(
      menu.entries.map { $0.id.text } == [
        "x2.efi", "x2.efi@zz", "x2.efi@emergency", "x2.efi@3", "x1.efi", "x1.efi@zz",
        "x1.efi@emergency", "x1.efi@3",
      ])
    #expect(menu.defaultSelection?.index == 0)
    #expect(menu.entries[0].title == "X (Normal) (2)")
    #expect(menu.entries[2].title == "X (emergency) (2)")
    #expect(try target(0, of: menu).commandLine == "")
    #expect(try target(1, of: menu).commandLine == "@1")
  }

  @Test func profilesOfImagesOfOneVersionTakeTurns() throws {
    // As bootctl 262 lists them: every image's own kernel first.
    let profiles = ["ID=main\n", "ID=reset\n"]
    let environment = images([("b7.efi", profiles), ("a7.efi", profiles)])
    environment.add("/loader/entries/c.conf", "sort-key x\nversion 7\nuki /b7.efi\nprofile 1\n")
    environment.add("/b7.efi", "MZ")
    #expect(
      try menu(environment).entries.map { $0.id } == [
        "b7.efi", "a7.efi", "c", "b7.efi@reset", "a7.efi@reset",
      ])
  }

  @Test func theEndingOfAFilesNameCountsInTheOrder() throws {
    // Arch Linux's own two entries, which have no sort-key: bootctl 252 and 262 list them so.
    let menu = try menu(
      entry("arch-fallback.conf", "linux /v\n"), entry("arch.conf", "linux /v\n"),
      entry("arch_old.conf", "linux /v\n"))
    #expect(menu.entries.map { $0.id } == ["arch_old", "arch", "arch-fallback"])
  }

  @Test func aPatternForFilesOfEntriesFindsNoImage() throws {
    let environment = images([("x1.efi", [""])])
    environment.add("/loader/entries/a.conf", "linux /v\n")
    environment.add("/v", "kernel")
    environment.add("/loader/loader.conf", "default *.conf\n")
    let menu = try menu(environment)
    #expect(menu.entries.map { $0.id } == ["x1.efi", "a"])
    #expect(menu.defaultSelection?.index == 1)
  }

  @Test(arguments: [
    ("main*", "main_2.efi"), ("main_1.efi@zz", "main_1.efi@zz"), ("*@zz", "main_2.efi@zz"),
    ("main_1*", "main_1.efi"), ("MAIN_1.EFI", "main_1.efi"),
  ])
  func patternsFindProfiles(_ pattern: String, _ expected: String) throws {
    let environment = images([("main_1.efi", ["", "ID=zz\n"]), ("main_2.efi", ["", "ID=zz\n"])])
    environment.add("/loader/loader.conf", "default \(pattern)\n")
    let menu = try menu(environment)
    let selection = try #require(menu.defaultSelection)
    #expect(menu.entries[selection.index].id.text == expected)
  }

  @Test func anEntryNamesAProfileOfAnImage() throws {
    let menu = try menu(entry("a.conf", "uki /x.efi\nprofile 2\noptions quiet\n"))
    #expect(try target(0, of: menu).commandLine == "@2 quiet")
  }

  @Test func aCommandLineInQuotesKeepsThem() throws {
    let environment = images([("x1.efi", [""])])
    environment.unifiedKernels[0].texts[0].commandLine = "\"a b\" c \"d\""
    #expect(try target(0, of: menu(environment)).commandLine == "\"a b\" c \"d\"")
  }

  @Test func addonsAreNamed() throws {
    let environment = images([("x1.efi", [""])])
    environment.add("/EFI/Linux/x1.efi.extra.d/a.addon.efi", "MZ")
    environment.add("/EFI/Linux/x1.efi.extra.d/b.cred", "")
    environment.add("/loader/addons/c.addon.efi", "MZ")
    #expect(
      try menu(environment).warnings.map { $0.message.text } == [
        "/EFI/Linux/x1.efi.extra.d/a.addon.efi:1:1: the addon is not applied",
        "/loader/addons/c.addon.efi:1:1: the addon is not applied",
      ])
  }
}
