// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import FakeMachine
import StubMachine
import Testing

@testable import BootEngine

/// A person at the display, and one who types commands. The first attempt fails in all of these,
/// so that there is a menu that waits.
struct DeviceTests {
  static let modes = [DomainMode.pv, .pvh]
  private static let second: UInt64 = 1_000_000_000

  private static func lab(_ mode: DomainMode) throws -> BootLab {
    // The display wants 64 MiB of free memory.
    let lab = try BootLab(mode, extra: "selftest=fail:drain", frameCount: 32768)
    lab.isAttended = false
    return lab
  }

  @Test(arguments: modes)
  func theDisplayShowsTheMenuAndItsKeysChoose(mode: DomainMode) throws {
    let lab = try Self.lab(mode)
    let screen = FakePageBackend(lab.machine.store, kind: "vfb")
    let keys = FakePageBackend(lab.machine.store, kind: "vkbd")
    var shown = 0
    lab.machine.xen.after(60 * Self.second) {
      shown = screen.updates.count
      keys.send(code: 28)
      keys.send(pressed: 0, code: 28)
    }
    try lab.run()
    #expect(shown > 0)
    #expect(screen.connectCount == 2, "connected again after the failed attempt")
    #expect(lab.failureLines.count == 1)
    try FaultTests.expectGuest(lab, mode)
    #expect([screen.state, keys.state] == ["2", "2"], "the next kernel finds both waiting")
  }

  @Test(arguments: modes)
  func aDisplayThatNeverConnectsCostsALineAndNoBoot(mode: DomainMode) throws {
    let lab = try Self.lab(mode)
    let screen = FakePageBackend(lab.machine.store, kind: "vfb")
    screen.lies.neverConnects = true
    lab.machine.xen.after(200 * Self.second) { [unowned lab] in lab.machine.console.type([0x0d]) }
    try lab.run()
    #expect(lab.text.contains("vfb"))
    try FaultTests.expectGuest(lab, mode)
  }

  @Test(arguments: modes)
  func aDisplayThatNobodyServesCostsOneLineThatSaysWhatHelps(mode: DomainMode) throws {
    let lab = try Self.lab(mode)
    let screen = FakePageBackend(lab.machine.store, kind: "vfb")
    screen.setState("1")
    let keys = FakePageBackend(lab.machine.store, kind: "vkbd")
    lab.machine.xen.after(60 * Self.second) { [unowned lab] in lab.machine.console.type([0x0d]) }
    try lab.run()
    let lines = lab.text.split(separator: "\n").filter { $0.contains("vfb") }
    #expect(lines.count == 1, "though the display is tried again after a failed boot")
    #expect(lines[0].contains("device_model_args_pv=[\"-vga\",\"xenfb\"]"))
    #expect([screen.connectCount, keys.connectCount] == [0, 0])
    try FaultTests.expectGuest(lab, mode)
  }

  @Test(arguments: modes)
  func theDisplayOfXenfbWorks(mode: DomainMode) throws {
    let lab = try Self.lab(mode)
    let screen = FakePageBackend(lab.machine.store, kind: "vfb")
    let keys = FakePageBackend(lab.machine.store, kind: "vkbd")
    screen.startLikeXenfb()
    keys.startLikeXenfb()
    lab.machine.xen.after(60 * Self.second) {
      keys.send(code: 28)
      keys.send(pressed: 0, code: 28)
    }
    try lab.run()
    #expect(screen.connectCount == 2 && keys.connectCount == 2)
    #expect(!lab.text.contains("vfb"))
    try FaultTests.expectGuest(lab, mode)
    #expect([screen.state, keys.state] == ["2", "2"], "the next kernel finds both waiting")
  }

  @Test func aDisplayIsLeftOutWhereMemoryIsShort() throws {
    let lab = try BootLab(.pv)
    let screen = FakePageBackend(lab.machine.store, kind: "vfb")
    try lab.run()
    #expect(lab.text.contains("vfb: not used: less than 64 MiB of memory are free"))
    #expect(screen.connectCount == 0)
    try FaultTests.expectGuest(lab, .pv)
  }

  @Test(arguments: modes)
  func commandsReadXenstoreAndTheMemoryMap(mode: DomainMode) throws {
    let lab = try Self.lab(mode)
    lab.machine.store.set(FakeStore.home + "/domid", "5")
    let commands = [
      "c", "lsmmap\r", "xenstore ls device/vbd\r", "xenstore read domid\r",
      "xenstore read nowhere\r", "time ls (hd0)/boot/\r", "xenstore ls\r",
    ]
    for (index, command) in commands.enumerated() {
      lab.machine.xen.after((60 + UInt64(index)) * Self.second) { [unowned lab] in
        lab.machine.console.type(Array(command.utf8))
      }
    }
    try lab.run()
    let (text, grantCount) = (lab.text, lab.machine.xen.usedGrantCount)
    for word in ["51712", "vmlinuz", "nowhere", "took"] {
      #expect(text.contains(word), "\(word)")
    }
    #expect(grantCount == 0, "the domain ended with its disks closed")
  }
}
