// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import CTrampolines
import DomainBuilder
import StubMachine

extension PVHHandOver {
  /// The size of what tells the kernel everything.
  func dataByteCount(_ entry: HVMEntry) throws(DomainBuilderError) -> UInt64 {
    let regionCount = machine.entry.regions.count
    switch entry {
    case .protected:
      return try HVMStartInfo.byteCount(
        regionCount: regionCount, moduleLines: modules.commandLines, commandLine: commandLine)
    case .long(let header):
      return try BootParameters.byteCount(
        header, regionCount: regionCount, commandLineByteCount: commandLine.count)
    }
  }

  /// The bytes that tell the kernel where everything is: memory map, ACPI's root pointer and flags
  /// as the loader was given them.
  private func dataBytes(_ plan: HVMPlan, _ entry: HVMEntry) -> [UInt8] {
    let address = plan.data.lowerBound * Page.byteCount
    let facts = machine.entry
    switch entry {
    case .protected:
      return HVMStartInfo(
        flags: facts.flags, rsdpAddress: facts.rsdpAddress, memoryMap: facts.regions,
        modules: zip(plan.modules, modules.commandLines).map {
          HVMStartInfo.Module($0, commandLine: $1)
        }, commandLine: commandLine
      ).bytes(at: address)
    case .long(let header):
      return BootParameters(
        header: header, rsdpAddress: facts.rsdpAddress, memoryMap: facts.regions,
        ramdisk: plan.modules.first, commandLine: commandLine
      ).bytes(at: address)
    }
  }

  func fill() throws(BootError) {
    guard let plan = domain, let entry = kernelEntry else {
      preconditionFailure("what is filled follows the plan")
    }
    let bytes = dataBytes(plan, entry)
    precondition(UInt64(bytes.count) <= plan.data.frameCount * Page.byteCount, "planned too small")
    try fill(data.frames[...], bytes)
    try attempt.check(.startInfo)
    let frames = trampoline.frames
    try fill(frames[..<1], code(plan, entry))
    // Xen has nothing to check here, and there is one step where a PV domain has several.
    for step in [BootStep.ownTables, .permutation, .tables] { try attempt.check(step) }
    for index in 0..<HVMTrampoline.tableCount {
      try fill(frames[index + 1], HVMTrampoline.table(index, frames: plan.trampoline))
    }
    try fill(frames[(HVMTrampoline.tableCount + 1)...], HVMTrampoline.list(moves))
    try attempt.check(.trampoline)
  }

  private func fill(_ frames: ArraySlice<FrameNumber>, _ bytes: [UInt8]) throws(BootError) {
    guard machine.fill(frames, with: bytes) else {
      throw BootError(MemoryError.outOfMemory(purpose: "the hand-over's page tables"))
    }
  }

  private func fill(_ frame: FrameNumber, _ table: [UInt64]) throws(BootError) {
    let isDone = machine.write(frame) { page in
      for (index, entry) in table.enumerated() {
        page.storeBytes(of: entry, toByteOffset: index * 8, as: UInt64.self)
      }
    }
    guard isDone else {
      throw BootError(MemoryError.outOfMemory(purpose: "the hand-over's page tables"))
    }
  }

  /// The trampoline's page: its code, and the fields that it reads.
  private func code(_ plan: HVMPlan, _ entry: HVMEntry) -> [UInt8] {
    let code = hvm_trampoline()
    // SAFETY: the assembler's labels bound the code.
    var page = [UInt8](UnsafeRawBufferPointer(start: code.start, count: Int(code.byte_count)))
    let fields: [UInt64] = [
      HVMTrampoline.rootAddress(plan.trampoline), HVMTrampoline.listAddress(plan.trampoline),
      UInt64(moves.count), entry.address, plan.data.lowerBound * Page.byteCount,
      entry.is64Bit ? 1 : 0,
    ]
    let offset = Int(code.fields_offset)
    page.withUnsafeMutableBytes { bytes in
      for (index, value) in fields.enumerated() {
        bytes.storeBytes(of: value, toByteOffset: offset + index * 8, as: UInt64.self)
      }
      for (index, byte) in machine.entry.fpuState.enumerated() {
        bytes[offset + fields.count * 8 + index] = byte
      }
    }
    return page
  }

  /// Nothing that Xen could check: its own tables stay as they are.
  func check() {}

  func commit() -> UInt64? {
    guard let plan = domain else { preconditionFailure("what is left behind was planned") }
    machine.stop()
    return HVMTrampoline.codeAddress(plan.trampoline)
  }
}
