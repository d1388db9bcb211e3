// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Testing

@Suite struct PasswordTrialTests {
  private let plain = Menu.Password(user: "root", form: .plain, text: "secret")
  /// `open sesame`, by hashlib.pbkdf2_hmac with 2,000 rounds and a short salt and hash.
  private let key = Menu.Password(
    user: "eve", form: .pbkdf2,
    text: "grub.pbkdf2.sha512.2000.7D1FA36B0F4B0CB4.5C51A2B088416CF159D75CDA9FE40F50")
  private let own = Menu.Password(user: "", form: .plain, text: "mine")
  /// Made by `openssl passwd -1` of `master`.
  private let master = Menu.Password(
    user: "", form: .crypt, text: "$1$salt$eaiz3dEtFRjr7xeiv8psb0")

  private func tried(
    _ user: ByteString, _ password: ByteString, at lock: [Menu.Password]
  ) -> (state: PasswordTrial.State, stepCount: Int, complaints: [ByteString]) {
    var trial = PasswordTrial(user: user, password: password, at: lock)
    for count in 1...1000 {
      let state = trial.step()
      if state != .running { return (state, count, trial.complaints) }
    }
    return (.running, 1000, trial.complaints)
  }

  @Test func aUsersPasswordOpensALock() {
    #expect(tried("root", "secret", at: [plain, key]).state == .right(plain))
    #expect(tried("root", "Secret", at: [plain, key]).state == .wrong)
    #expect(tried("eve", "secret", at: [plain, key]).state == .wrong)
    #expect(tried("", "secret", at: [plain, key]).state == .wrong)
    #expect(tried("mallory", "secret", at: [plain, key]).state == .wrong)
    #expect(tried("root", "secret", at: []).state == .wrong)
  }

  @Test func workIsDoneALittleAtATime() {
    #expect(tried("eve", "no", at: [plain, key]).state == .wrong)
    #expect(tried("eve", "no", at: [plain, key]).stepCount == 2)
    #expect(tried("eve", "open sesame", at: [plain, key]).state == .right(key))
  }

  @Test func withoutUsersAnyPasswordOpens() {
    #expect(tried("", "mine", at: [own, master]).state == .right(own))
    #expect(tried("", "master", at: [own, master]).state == .right(master))
    #expect(tried("", "$1$salt$eaiz3dEtFRjr7xeiv8psb0", at: [own, master]).state == .wrong)
    #expect(tried("", "other", at: [own, master]).stepCount == 2)
  }

  @Test func aStoredPasswordThatCantBeReadOpensNothing() {
    let bad = Menu.Password(user: "root", form: .pbkdf2, text: "plain")
    let unknown = Menu.Password(user: "", form: .crypt, text: "$y$j9T$x$y")
    let first = tried("root", "plain", at: [bad])
    #expect(first.state == .wrong)
    #expect(first.complaints == ["user root: stored password is malformed"])
    let second = tried("", "$y$j9T$x$y", at: [unknown, own])
    #expect(second.state == .wrong)
    #expect(second.complaints == ["stored password has the unknown hash $y$"])
    #expect(tried("", "mine", at: [unknown, own]).state == .right(own))
  }

  private func menu(_ text: ByteString, _ format: MenuFormat = .grub2) throws -> Menu {
    try MenuInterpreter(environment: GuestEnvironment(GuestDisks<MemoryDevice>([])))
      .menu(text, file: MenuFile(device: "", path: "/m"), format: format)
  }

  @Test func whatWasGivenCountsForTheNextTime() throws {
    let menu = try menu(
      "set superusers=root\npassword root secret\nmenuentry a { linux /a }\n")
    var given = GivenPasswords()
    #expect(given.lock(before: .start(index: 0), in: [menu]) == [plain])
    given.add(plain)
    #expect(given.lock(before: .start(index: 0), in: [menu]) == nil)
    #expect(given.lock(before: .edit(index: 0), in: [menu]) == nil)
  }

  @Test func theCommandLineIsBehindTheLocksOfAllOpenMenus() throws {
    let outer = try menu(
      "set superusers=root\npassword root secret\nmenuentry a --unrestricted { linux /a }\n")
    let inner = try menu("password mine\ntitle b\nkernel /b\n", .legacy)
    var given = GivenPasswords()
    #expect(given.lock(before: .start(index: 0), in: [outer, inner]) == nil)
    for act: MenuAct in [.commandLine, .edit(index: 0)] {
      var given = given
      #expect(given.lock(before: act, in: [outer, inner]) == [plain])
      given.add(plain)
      #expect(given.lock(before: act, in: [outer, inner]) == [own])
      given.add(own)
      #expect(given.lock(before: act, in: [outer, inner]) == nil)
    }
    #expect(given.lock(before: .unlock, in: [outer, inner]) == [own])
    given.add(own)
    #expect(given.lock(before: .unlock, in: [outer, inner]) == nil)
    #expect(given.lock(before: .commandLine, in: []) == nil)
  }

  @Test func onlySyslinuxBootsALockedDefaultUnattended() throws {
    func boots(
      _ text: ByteString, _ format: MenuFormat, _ extra: ByteString = "", _ index: Int = 0
    ) throws -> Bool {
      BootPolicy.bootsWithoutPassword(
        .init(index: index), of: try menu(text, format), options: HostOptions(extra))
    }
    let syslinux: ByteString =
      "ui menu.c32\ntimeout 50\nontimeout b\nlabel a\nmenu passwd x\nkernel /a\nlabel b\n"
      + "menu passwd x\nkernel /b\nlabel c\nmenu passwd x\nkernel /c\n"
    #expect(try boots(syslinux, .syslinux, "", 1))
    #expect(try boots(syslinux, .syslinux, "", 0))
    #expect(try !boots(syslinux, .syslinux, "", 2))
    #expect(try boots(syslinux, .syslinux, "timeout=1", 1))
    // Neither the host's choice nor our own end of an endless timeout lifts a password.
    #expect(try !boots(syslinux, .syslinux, "entry=b", 1))
    #expect(try !boots("ui menu.c32\ntimeout 0\nlabel a\nmenu passwd x\nkernel /a\n", .syslinux))
    #expect(try !boots("ui menu.c32\nlabel a\nmenu passwd x\nkernel /a\n", .syslinux))
    #expect(try !boots("timeout 5\npassword x\ntitle a\nlock\nkernel /a\n", .legacy))
    #expect(try !boots("set timeout=5\nset superusers=r\nmenuentry a { linux /a }\n", .grub2))
  }
}
