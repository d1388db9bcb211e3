// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import FakeDom0
import FakeMachine
import StubMachine
import Testing

@testable import BootEngine

/// Every fault that a boot can meet before the point of no return, one boot for each: the loader
/// says why in one line, is back in its menu with every frame accounted for, and the next attempt
/// boots.
struct FaultTests {
  static let modes = [DomainMode.pv, .pvh]

  /// The guest that came of it in the end.
  static func expectGuest(_ lab: BootLab, _ mode: DomainMode) throws {
    switch mode {
    case .pv: try WholeBootTests.expectPVGuest(lab)
    case .pvh: try WholeBootTests.expectPVHGuest(lab)
    }
  }

  /// One line said why, if anything failed, and nothing was lost. What fails before there is a menu
  /// leads to the command line.
  static func expectRecovery(_ lab: BootLab, _ what: String) {
    if lab.text.contains("no boot menu found") {
      #expect(lab.failureLines == [], "\(what)")
      #expect(lab.text.contains("pvgrub> "), "\(what)")
      #expect(lab.accountedAfterFailure == lab.accountedAtStart, "\(what): frames were lost")
    } else if let accounted = lab.accountedAfterFailure {
      #expect(lab.failureLines.count == 1, "\(what): \(lab.text)")
      #expect(accounted == lab.accountedAtStart, "\(what): frames were lost")
    } else {
      #expect(lab.failureLines == [], "\(what)")
    }
  }

  /// Boots once for each number with the fault that `inject` makes of it; `repair` takes it away
  /// before the person tries again. Gives how many boots failed and led back to the menu.
  static func sweep(
    _ what: String, _ numbers: some Sequence<Int>, _ mode: DomainMode,
    _ kernel: BootLab.Kernel = .elf, canPreventStart: Bool = false,
    make: (() throws -> BootLab)? = nil, inject: (BootLab, Int) -> Void,
    repair: @escaping (BootLab) -> Void = { _ in }
  ) throws -> Int {
    var failed = 0
    for number in numbers {
      let lab = try make?() ?? BootLab(mode, kernel)
      inject(lab, number)
      do {
        try lab.run(afterFailure: repair)
      } catch {
        guard canPreventStart else { throw error }
        continue
      }
      if lab.accountedAfterFailure != nil { failed += 1 }
      expectRecovery(lab, "\(what) \(number)")
      if lab.jumpAddress != nil { try expectGuest(lab, mode) }
    }
    print("\(mode), \(kernel): \(what): \(failed) led back to the menu")
    return failed
  }

  /// A kernel that is copied, one that is unpacked as a whole, one by a decoder that looks back at
  /// its output, and one by a decoder with a dictionary of its own.
  static let kernels =
    [BootLab.Kernel.elf] + ["gzip", "lz4", "xz"].map { .bzImage($0) }

  @Test(arguments: modes, kernels)
  func anyFrameThatIsNotThereLeadsBackToTheMenu(
    mode: DomainMode, kernel: BootLab.Kernel
  ) throws {
    let quiet = try BootLab(mode, kernel)
    try quiet.run()
    let count = quiet.machine.allocationCount
    #expect(count > 10)
    // The grant table and the rings come first: without them there is no loader to go back to.
    let failed = try Self.sweep(
      "allocation", 1...count, mode, kernel, canPreventStart: true,
      inject: { lab, number in lab.machine.failingAllocation = number })
    #expect(failed > 5, "of \(count) allocations that failed, some must end in the menu")
  }

  @Test(arguments: modes)
  func anyBadSectorLeadsBackToTheMenu(mode: DomainMode) throws {
    let quiet = try BootLab(mode)
    try quiet.run()
    let count = quiet.disk.requestCount
    let failed = try Self.sweep(
      "request", 1...count, mode, inject: { lab, number in lab.disk.lies.breakingRequest = number },
      repair: { lab in
        lab.disk.lies.badSectors = 0..<0
        lab.disk.lies.breakingRequest = 0
      })
    #expect(failed > 0)
  }

  @Test(arguments: modes)
  func aBackendThatDiesAfterAnyRequestLeadsBackToTheMenu(mode: DomainMode) throws {
    let quiet = try BootLab(mode)
    try quiet.run()
    let count = quiet.disk.requestCount
    let failed = try Self.sweep(
      "death after request", 0..<count, mode,
      inject: { lab, number in lab.disk.lies.requestsBeforeDeath = number },
      repair: { lab in lab.disk.lies.requestsBeforeDeath = .max })
    #expect(failed > 0)
  }

  @Test(arguments: modes)
  func eachStepThatFailsLeadsBackToTheMenu(mode: DomainMode) throws {
    for step in BootStep.leadingToMenu {
      let lab = try BootLab(mode, extra: "selftest=fail:\(step.name)")
      try lab.run()
      #expect(lab.accountedAfterFailure != nil, "\(step.name) did not fail")
      Self.expectRecovery(lab, "step \(step.name)")
      try Self.expectGuest(lab, mode)
    }
  }

  @Test(arguments: modes)
  func aRamdiskWhoseReadFailedBesideTheKernelIsReadOnceMore(mode: DomainMode) throws {
    let lab = try BootLab(mode, extra: "selftest=fail:read-ahead")
    try lab.run()
    #expect(lab.accountedAfterFailure == nil)
    #expect(lab.text.contains("reading it once more"))
    try Self.expectGuest(lab, mode)
  }
}
