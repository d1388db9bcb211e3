// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import CMiniOS
import CXen
import DomainBuilder
import MiniOS

/// The rebuild of the domain in place (pv-handoff 3.7). `prepare` may fail and leaves everything as
/// it was; `jump` does not return.
final class HandOver {
  let domain: NewDomain
  private let info: BootInfo
  private let permutation: FramePermutation
  /// For each number that gets another frame: the number, and the machine frame that it gets.
  private var changes: [Change] = []
  private var baseMachineFrame: UInt64 = 0
  private var isPinned = false
  /// Where the loader sees the trampoline page.
  private let trampolineAddress: UInt64 = AddressSpace.handoverStart

  private struct Change {
    let frame: UInt64
    let machineFrame: UInt64
  }

  /// Heap that may still be needed from the freeze on: lists of frames, and what closing takes.
  private static func heapReserve(_ plan: DomainPlan) -> UInt64 {
    let frameCount =
      plan.kernel.frameCount + plan.p2m.frameCount + (plan.module?.frameCount ?? 0)
    return 16 << 20 + 64 * frameCount
  }

  /// Builds tables, start_info and trampoline, and lets Xen check the tables by pinning them. No
  /// page table may be made from here until `undo` or `jump`.
  init(
    _ domain: NewDomain, info: BootInfo, commandLine: ByteString
  ) throws(BootError) {
    self.domain = domain
    self.info = info
    try Fault.check(.ownTables)
    let target = domain.plan.address(of: domain.plan.bootStack)
    guard Heap.prepareTables(byteCount: Self.heapReserve(domain.plan)),
      AddressSpace.prepareTables(for: target),
      AddressSpace.prepareTables(for: trampolineAddress),
      FrameWindow.write(domain.bootStack.frames[0], { _ in })
    else { throw BootError(MemoryError.outOfMemory(purpose: "the hand-over's page tables")) }
    AddressSpace.tablesAreFrozen = true
    do throws(DomainBuilderError) {
      permutation = try domain.permutation(info)
    } catch {
      AddressSpace.tablesAreFrozen = false
      throw BootError(error)
    }
    do throws(BootError) {
      try Fault.check(.permutation)
      noteChanges()
      try fillTables()
      try Fault.check(.tables)
      try fillStartInfo(commandLine)
      try Fault.check(.startInfo)
      try fillTrampoline(target)
      try Fault.check(.trampoline)
      try pin()
      try Fault.check(.pin)
    } catch {
      undo()
      throw error
    }
  }

  /// The machine frame that the new domain has for `frame`.
  private func machineFrame(_ frame: UInt64) -> UInt64 {
    AddressSpace.machineFrame(of: permutation.source(of: frame))
  }

  private func noteChanges() {
    changes.reserveCapacity(permutation.changedFrameCount)
    for move in permutation.moves {
      for offset in 0..<move.frameCount {
        changes.append(
          Change(
            frame: move.target + offset,
            machineFrame: AddressSpace.machineFrame(of: move.source + offset)))
      }
    }
  }

  private func fillTables() throws(BootError) {
    let writer = PageTableWriter(domain.plan)
    for index in 0..<writer.tableCount {
      let frame = permutation.source(of: writer.frame(ofTable: index))
      let isDone = FrameWindow.write(frame) { page in
        let entries = page.bindMemory(to: UInt64.self)
        writer.write(table: index, into: entries) { self.machineFrame($0) }
      }
      guard isDone else { throw BootError(MemoryError.refused(operation: "to fill a page table")) }
    }
  }

  private func fillStartInfo(_ commandLine: ByteString) throws(BootError) {
    let page: DomainBuilder.StartInfo
    do throws(DomainBuilderError) {
      page = try domain.startInfo(info, commandLine: commandLine)
    } catch { throw BootError(error) }
    guard FrameWindow.write(domain.startInfoPage.frames[0], { page.write(to: $0) }) else {
      throw BootError(MemoryError.refused(operation: "to fill start_info"))
    }
  }

  /// Copies the trampoline into the boot stack's frame, which the loader sees at
  /// `trampolineAddress` and the new kernel at `target`.
  private func fillTrampoline(_ target: UInt64) throws(BootError) {
    let frame = AddressSpace.machineFrame(of: domain.bootStack.frames[0])
    // Executable in both address spaces, and writable: it is the new kernel's first stack.
    let entry = frame << 12 | 0x23
    baseMachineFrame = machineFrame(domain.plan.pageTables.lowerBound)
    guard AddressSpace.set(trampolineAddress, count: 1, entry: { _ in entry }),
      let page = UnsafeMutableRawPointer(bitPattern: UInt(trampolineAddress)),
      let code = UnsafeRawPointer(bitPattern: UInt(minios_trampoline_code()))
    else { throw BootError(MemoryError.refused(operation: "to map the trampoline")) }
    page.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    // SAFETY: the code and its fields are far under a page; the assembler's labels bound them.
    page.copyMemory(from: code, byteCount: Int(minios_trampoline_byte_count()))
    let fields = page + Int(minios_trampoline_fields_offset())
    let values: [UInt64] = [
      target, entry, domain.plan.stackPointer, domain.plan.startInfoAddress, domain.plan.entry,
      UInt64(MMUEXT_NEW_BASEPTR), baseMachineFrame, 0,
      UInt64(MMUEXT_UNPIN_TABLE), AddressSpace.baseMachineFrame, 0,
    ]
    for (index, value) in values.enumerated() {
      fields.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
    }
  }

  /// Xen walks the new tables by its own rules here; whatever is wrong with them shows now.
  private func pin() throws(BootError) {
    AddressSpace.flush()
    let errno = AddressSpace.pin(baseMachineFrame)
    guard errno == 0 else {
      throw BootError(
        .device, "Xen refused the guest's page tables (error \(errno)); see 'xl dmesg'")
    }
    isPinned = true
  }

  /// Takes everything back, so that the loader can go on.
  func undo() {
    if isPinned { AddressSpace.unpin(baseMachineFrame) }
    isPinned = false
    AddressSpace.unmap(trampolineAddress, count: 1)
    AddressSpace.tablesAreFrozen = false
  }

  /// The point of no return: nothing of the loader is left in Xen, the p2m list and Xen's table
  /// become the new domain's, and the trampoline takes over.
  func jump() -> Never {
    StubDomain.stop()
    let list = AddressSpace.p2mList
    for change in changes { list[Int(change.frame)] = change.machineFrame }
    let isDone = AddressSpace.updateMachineTable(count: changes.count) { index in
      (changes[index].machineFrame, changes[index].frame)
    }
    if !isDone { Panic.end("Xen refused the new frame numbers") }
    minios_jump(trampolineAddress)
  }
}
