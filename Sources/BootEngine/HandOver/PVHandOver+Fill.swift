// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import CTrampolines
import CXen
import DomainBuilder
import StubMachine

extension PVHandOver {
  /// Heap that may still be needed from the freeze on: lists of frames, and what closing takes.
  private static func heapReserve(_ plan: DomainPlan) -> UInt64 {
    let frameCount =
      plan.kernel.frameCount + plan.p2m.frameCount + (plan.module?.frameCount ?? 0)
    return 16 << 20 + 64 * frameCount
  }

  func fill() throws(BootError) {
    guard let plan = domain else { preconditionFailure("what is filled follows the plan") }
    try attempt.check(.ownTables)
    let target = plan.address(of: plan.bootStack)
    guard
      machine.freezeTables(
        heapByteCount: Self.heapReserve(plan), addresses: [target, machine.handOverStart])
    else { throw BootError(MemoryError.outOfMemory(purpose: "the hand-over's page tables")) }
    let rebuild: PVRebuild<M>
    do throws(DomainBuilderError) {
      rebuild = PVRebuild(plan, try permutation(), on: machine)
    } catch {
      machine.thawTables()
      throw BootError(error)
    }
    self.rebuild = rebuild
    try attempt.check(.permutation)
    guard rebuild.fillTables() else {
      throw BootError(MemoryError.refused(operation: "to fill a page table"))
    }
    try attempt.check(.tables)
    try fillStartInfo(plan)
    try attempt.check(.startInfo)
    guard rebuild.fillTrampoline(in: bootStack.frames[0], for: target) else {
      throw BootError(MemoryError.refused(operation: "to map the trampoline"))
    }
    try attempt.check(.trampoline)
  }

  private func fillStartInfo(_ plan: DomainPlan) throws(BootError) {
    guard let old = StartInfo(ByteView(machine.entry.startInfo)) else {
      preconditionFailure("Xen's start_info has its magic")
    }
    let page: StartInfo
    do throws(DomainBuilderError) {
      page = try StartInfo(plan, own: old, commandLine: commandLine)
    } catch { throw BootError(error) }
    guard machine.write(startInfoPage.frames[0], { page.write(to: $0) }) else {
      throw BootError(MemoryError.refused(operation: "to fill start_info"))
    }
  }

  /// Xen walks the new tables by its own rules here; whatever is wrong with them shows now.
  func check() throws(BootError) {
    guard let rebuild else { preconditionFailure("what is checked is filled") }
    let errno = rebuild.pin()
    guard errno == 0 else {
      throw BootError(
        .device, "Xen refused the guest's page tables (error \(errno)); see 'xl dmesg'")
    }
  }

  func commit() -> UInt64? {
    guard let rebuild else { preconditionFailure("what is left behind was checked") }
    machine.stop()
    return rebuild.renumber() ? machine.handOverStart : nil
  }
}

/// The new page tables of a PV domain and its new numbers, which stand beside those in use.
final class PVRebuild<M: PVMachine> {
  /// A number that gets another frame, and the machine frame that it gets.
  private struct Change {
    let frame: FrameNumber
    let machineFrame: UInt64
  }

  private let plan: DomainPlan
  private let permutation: FramePermutation
  private let machine: M
  private var changes: [Change] = []
  private var isPinned = false

  init(_ plan: DomainPlan, _ permutation: FramePermutation, on machine: M) {
    self.plan = plan
    self.permutation = permutation
    self.machine = machine
    changes.reserveCapacity(permutation.changedFrameCount)
    for move in permutation.moves {
      for offset in 0..<move.frameCount {
        changes.append(
          Change(
            frame: move.target + offset,
            machineFrame: machine.machineFrame(of: move.source + offset)))
      }
    }
  }

  /// The machine frame that the new domain has for `frame`.
  private func machineFrame(_ frame: FrameNumber) -> UInt64 {
    machine.machineFrame(of: permutation.source(of: frame))
  }

  private var rootMachineFrame: UInt64 { machineFrame(plan.pageTables.lowerBound) }

  func fillTables() -> Bool {
    let writer = PageTableWriter(plan)
    for index in 0..<writer.tableCount {
      let frame = permutation.source(of: writer.frame(ofTable: index))
      let isDone = machine.write(frame) { page in
        let entries = page.bindMemory(to: UInt64.self)
        writer.write(table: index, into: entries) { self.machineFrame($0) }
      }
      guard isDone else { return false }
    }
    return true
  }

  /// Copies the trampoline into the boot stack's `frame`, which the loader sees in its window and
  /// the new kernel at `target`: the page is executable in both address spaces, and writable, since
  /// it is the new kernel's first stack.
  func fillTrampoline(in frame: FrameNumber, for target: UInt64) -> Bool {
    let entry = machine.machineFrame(of: frame) << Page.shift | PageTableEntry.page
    let code = pv_trampoline()
    guard machine.map(frame..<frame + 1, at: machine.handOverStart, .all),
      let page = UnsafeMutableRawPointer(bitPattern: UInt(machine.handOverStart))
    else { return false }
    page.initializeMemory(as: UInt8.self, repeating: 0, count: Int(Page.byteCount))
    // SAFETY: the code and its fields are far under a page; the assembler's labels bound them.
    page.copyMemory(from: code.start, byteCount: Int(code.byte_count))
    let fields = page + Int(code.fields_offset)
    let values: [UInt64] = [
      target, entry, plan.stackPointer, plan.startInfoAddress, plan.entry,
      UInt64(MMUEXT_NEW_BASEPTR), rootMachineFrame, 0,
      UInt64(MMUEXT_UNPIN_TABLE), machine.rootMachineFrame, 0,
    ]
    for (index, value) in values.enumerated() {
      fields.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
    }
    for (index, byte) in machine.entry.fpuState.enumerated() {
      fields.storeBytes(of: byte, toByteOffset: values.count * 8 + index, as: UInt8.self)
    }
    return true
  }

  /// Has Xen check the new tables; 0 or an errno.
  func pin() -> Int {
    let errno = machine.pin(rootMachineFrame)
    isPinned = errno == 0
    return errno
  }

  /// Takes everything back, so that the loader can go on.
  func undo() {
    if isPinned { machine.unpin(rootMachineFrame) }
    isPinned = false
    machine.unmap(machine.handOverStart, count: 1)
    machine.thawTables()
  }

  /// The p2m list and Xen's table become the new domain's; false if Xen refuses.
  func renumber() -> Bool {
    machine.renumber(count: changes.count) { index in
      (self.changes[index].frame, self.changes[index].machineFrame)
    }
  }
}
