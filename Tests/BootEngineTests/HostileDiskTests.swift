// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import FakeMachine
import StubMachine
import TestSupport
import Testing

@testable import BootEngine

/// Disks that ask for work without end: they are given up with a line, and the sound disk behind
/// them boots. What each kind costs is tested where it is read; here is what a user sees of it.
struct HostileDiskTests {
  static let modes = [DomainMode.pv, .pvh]

  /// Menus that never come to their end.
  static let menus: [(text: String, line: String)] = [
    ("while true; do true; done\nmenuentry never { true }\n", "too much work"),
    (
      "set t=\(String(repeating: "ab", count: 8000))\n"
        + "while true; do regexp '(a*b*)*c' $t; done\nmenuentry never { true }\n",
      "too much work"
    ),
    ("if regexp 'a\(String(repeating: "*", count: 2000))' aa; then true; fi\n", "has no entries"),
  ]

  private static let sound = Result {
    try BootLab.disk(
      "linux /boot/vmlinuz root=/dev/xvda1 quiet\ninitrd /boot/initrd.img",
      [("/boot/vmlinuz", BootLab.elf.bytes), ("/boot/initrd.img", BootLab.initrd)])
  }

  private static func lab(_ mode: DomainMode, _ text: String) throws -> BootLab {
    try BootLab(
      mode,
      disks: [
        try BootLab.disk(nil, [("/boot/grub/grub.cfg", Array(text.utf8))]), try sound.get(),
      ], ramdisk: BootLab.initrd)
  }

  @Test(arguments: modes, menus.indices)
  func theSoundDiskBehindBoots(_ mode: DomainMode, _ index: Int) throws {
    let lab = try Self.lab(mode, Self.menus[index].text)
    try lab.run()
    let (text, hasJumped) = (lab.text, lab.jumpAddress != nil)
    #expect(text.contains("pvgrub-swift: xvda: ext4: "))
    #expect(text.contains(Self.menus[index].line))
    #expect(hasJumped)
  }

  @Test func theToolstackEndsTheSearch() throws {
    let lab = try Self.lab(.pv, Self.menus[1].text)
    lab.machine.console.onText = { _ in }
    lab.machine.store.set(FakeStore.home + "/control/shutdown", "poweroff")
    let loader = try Loader(lab.machine)
    loader.start()
    guard case .end(.powerOff) = loader.run() else {
      Issue.record("the domain did not end")
      return
    }
  }

  @Test func aLineSaysWhatIsGoingOnAfterHalfASecond() {
    let watch = WorkWatch(now: 1_000)
    #expect(watch.line(purpose: "xvda1", now: 400_000_000) == nil)
    #expect(!watch.isEscapeOffered)
    #expect(
      watch.line(purpose: "xvda1", now: 600_000_000) == "still working on xvda1; Esc gives it up")
    #expect(watch.isEscapeOffered)
    #expect(watch.line(purpose: "xvda2", now: 700_000_000) == nil)
    // The same is not said twice.
    #expect(watch.line(purpose: "xvda1", now: 1_200_000_000) == nil)
    #expect(
      watch.line(purpose: "xvda2", now: 1_800_000_000) == "still working on xvda2; Esc gives it up")
    watch.restart(now: 2_000_000_000)
    #expect(!watch.isEscapeOffered)
    #expect(watch.line(purpose: "", now: 2_600_000_000) == "still working; Esc gives it up")
  }

  @Test func escapeGivesUpOnlyWhatWasAnnounced() throws {
    let lab = try BootLab(.pv)
    let loader = try Loader(lab.machine)
    let account = WorkAccount(limit: .max - 1)
    lab.machine.console.type([0x1b])
    #expect(loader.look(at: account) == .goOn)
    #expect(loader.typedAhead == [0x1b])
    lab.machine.poll(ports: [], until: lab.machine.now + 600_000_000)
    #expect(loader.look(at: account) == .goOn)
    loader.console.flush(until: lab.machine.now + 1_000_000)
    let text = lab.text
    #expect(text.contains("still working; Esc gives it up"))
    lab.machine.console.type([0x1b, 0x5b, 0x41])  // An arrow.
    #expect(loader.look(at: account) == .goOn)
    lab.machine.console.type([0x1b])
    #expect(loader.look(at: account) == .giveUpShare)
  }

  @Test func controlCEndsAPersonsCommandAtOnce() throws {
    let lab = try BootLab(.pv)
    let loader = try Loader(lab.machine)
    lab.machine.console.type([0x03])
    #expect(loader.look(at: WorkAccount()) == .giveUpShare)
    lab.machine.console.type([0x03])
    #expect(loader.look(at: WorkAccount(limit: .max - 1)) == .goOn)
  }
}
