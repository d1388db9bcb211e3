// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import FakeDom0
import FakeMachine
import StubMachine
import Testing

@testable import BootEngine

/// Xen, xenstore and backends that refuse, hang or hold on to pages while an entry is started.
struct RefusalTests {
  static let modes = [DomainMode.pv, .pvh]

  /// One that is unpacked in a row, and one that is copied.
  @Test(arguments: zip(modes, [BootLab.Kernel.bzImage("lz4"), .elf]))
  func anyCallThatXenRefusesLeadsBackToTheMenu(
    mode: DomainMode, kernel: BootLab.Kernel
  ) throws {
    let quiet = try BootLab(mode, kernel)
    try quiet.run()
    let count = quiet.machine.callCount
    let failed = try FaultTests.sweep(
      "refused call", 1...count, mode, kernel,
      inject: { lab, number in lab.machine.refusedCall = number })
    #expect(failed > 3, "of \(count) calls that Xen refused, some must end in the menu")
  }

  @Test(arguments: modes)
  func twoFailuresInARowLoseNothingAndTheThirdAttemptBoots(mode: DomainMode) throws {
    let lab = try BootLab(mode, extra: "selftest=fail:pin,module")
    lab.keyCount = 2
    try lab.run()
    #expect(lab.failureLines.count == 2)
    #expect(lab.accountedAtKeys == [lab.accountedAtStart, lab.accountedAtStart])
    try FaultTests.expectGuest(lab, mode)
  }

  @Test(arguments: modes)
  func aDiskThatDoesNotCloseLeadsBackToTheMenu(mode: DomainMode) throws {
    let lab = try BootLab(mode)
    lab.disk.lies.neverCloses = true
    try lab.run { lab in lab.disk.lies.neverCloses = false }
    #expect(!lab.failureLines.isEmpty)
    #expect(lab.failureLines.first?.contains("xvda") == true)
    #expect(lab.accountedAtKeys.count == 1, "it is back in the menu")
  }

  @Test(arguments: modes)
  func aStoreThatAnswersNoMoreLeadsBackToTheMenu(mode: DomainMode) throws {
    let lab = try BootLab(mode)
    lab.disk.onRequest = { [unowned lab] count in
      if count == 9 { lab.machine.store.isMute = true }
    }
    try lab.run { lab in
      lab.disk.onRequest = nil
      lab.machine.store.isMute = false
    }
    #expect(!lab.failureLines.isEmpty)
    #expect(lab.accountedAtKeys.count == 1, "it is back in the menu")
  }

  @Test(arguments: modes)
  func aDiskThatHangsDoesNotHoldTheDomainsEndUp(mode: DomainMode) throws {
    let lab = try BootLab(mode)
    var asked: UInt64 = 0
    lab.disk.onRequest = { [unowned lab] count in
      guard count == 9 else { return }
      lab.disk.lies.isMute = true
      asked = lab.machine.now
      lab.machine.store.set(FakeStore.home + "/control/shutdown", "poweroff")
    }
    try lab.run()
    guard case .end(.powerOff)? = lab.outcome else {
      Issue.record("the domain went on: \(lab.text)")
      return
    }
    #expect(asked > 0)
    #expect(lab.machine.now - asked < 15_000_000_000)
    #expect(lab.machine.complaints == [])
  }

  @Test(arguments: modes)
  func aBackendThatKeepsPagesCostsThoseAndNothingElse(mode: DomainMode) throws {
    for step in [BootStep.module, .tables, .pin] {
      let lab = try BootLab(mode, extra: "selftest=fail:\(step.name)")
      lab.disk.onRequest = { [unowned lab] count in
        if count == 9 { lab.disk.lies.holdsGrants = true }
      }
      try lab.run { lab in
        lab.disk.onRequest = nil
        lab.disk.lies.holdsGrants = false
        lab.disk.letGo()
      }
      #expect(lab.failureLines.count == 1, "\(step.name): \(lab.text)")
      #expect(lab.text.contains("they stay out of use"))
      let lost = lab.accountedAtStart - (lab.accountedAfterFailure ?? 0)
      #expect(lost > 0 && lost < 1024, "\(step.name): \(lost) frames")
      try FaultTests.expectGuest(lab, mode)
    }
  }

  @Test(arguments: modes)
  func aBackendThatLetsGoLateIsWaitedFor(mode: DomainMode) throws {
    let lab = try BootLab(mode)
    lab.disk.onRequest = { [unowned lab] count in
      guard count == 9 else { return }
      lab.disk.lies.holdsGrants = true
      lab.machine.xen.after(300_000_000) { [unowned lab] in
        lab.disk.lies.holdsGrants = false
        lab.disk.letGo()
      }
    }
    try lab.run()
    #expect(lab.failureLines == [], "\(lab.text)")
    #expect(!lab.text.contains("they stay out of use"))
    try FaultTests.expectGuest(lab, mode)
  }
}
