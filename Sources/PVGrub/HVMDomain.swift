// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import MiniOS

/// The frames of the PVH domain that is being built, and the plan that they follow. Until
/// `HVMHandOver` jumps, everything can be given back.
final class HVMDomain {
  /// How often a plan is made anew because the heap took one of its frames meanwhile.
  private static let attemptCountMax = 8

  /// How the kernel is entered.
  enum Entry {
    /// In 32-bit protected mode, with the address of `hvm_start_info` in ebx.
    case protected(PVHKernel)
    /// In 64-bit mode, with the address of `boot_params` in rsi.
    case long(LinuxBootHeader)

    /// The addresses that the kernel takes.
    var memory: Range<UInt64> {
      switch self {
      case .protected(let kernel): kernel.memory
      case .long(let header): header.memory
      }
    }

    /// What of it must be zero where nothing was loaded, or where pages of zeros gave their frames
    /// back. A kernel that unpacks itself sees to what lies behind its code.
    var zeroedMemory: Range<UInt64> {
      switch self {
      case .protected(let kernel): kernel.memory
      case .long(let header):
        header.memory.lowerBound..<header.memory.lowerBound + header.codeByteCount
      }
    }
  }

  let payload: PayloadFrames
  let entry: Entry
  /// What the last step moves and zeroes, in this order: no source is among the targets before it.
  private(set) var moves: [FrameMove] = []
  private(set) var plan: HVMPlan
  let modules: HVMModules
  private(set) var moduleFrames: [FrameList] = []
  private(set) var data = FrameList()
  private(set) var trampoline = FrameList()

  /// Plans the domain around a kernel that is loaded already, and takes the frames. The frames of
  /// all modules may be `taken` already; they are this domain's unless it throws.
  init(
    payload: PayloadFrames, _ request: HVMRequest, entry: Entry, modules: HVMModules,
    ramdisk: Ramdisk?, taken: [FrameList]
  ) throws(BootError) {
    self.payload = payload
    self.entry = entry
    self.modules = modules
    payload.unmap()
    payload.keepZeroPages()
    let moves = FrameMove.moves(zeroed: entry.zeroedMemory, frames: payload.ledger)
    try Fault.check(.zeros)
    var request = request
    request.moveCount = moves.count + 1
    request.free = LowFrames.free
    for list in taken { request.takenModules += list.runs }
    do throws(DomainBuilderError) {
      plan = try HVMPlan(request)
      try Self.checkReserve(plan, hasModules: !taken.isEmpty)
      var attemptCount = 1
      while !takeFrames(hasModules: !taken.isEmpty) {
        guard attemptCount < Self.attemptCountMax else {
          throw .noRoomForData(byteCount: request.dataByteCount)
        }
        attemptCount += 1
        request.free = LowFrames.free
        plan = try HVMPlan(request)
      }
    } catch { throw BootError(error) }
    // The host's ramdisk may be where the kernel goes, so it makes room first.
    if let move = modules.hostMove(ramdisk, plan) { self.moves.append(move) }
    self.moves += moves
    do throws(BootError) {
      try Fault.check(.plan)
      try Fault.check(.tableFrames)
    } catch {
      releaseOwn()
      throw error
    }
    if !taken.isEmpty { moduleFrames = taken }
  }

  /// Throws unless the heap keeps as much as it does in a PV domain at this point.
  private static func checkReserve(
    _ plan: HVMPlan, hasModules: Bool
  ) throws(DomainBuilderError) {
    var needed = plan.data.frameCount + plan.trampoline.frameCount
    for index in plan.modules.indices where !hasModules {
      needed += plan.moduleFrames(index).frameCount
    }
    guard FrameAllocator.freeCount >= needed + FrameList.reserve / 4 else {
      throw .noRoomForData(byteCount: (needed + FrameList.reserve / 4) * 4096)
    }
  }

  /// Takes every frame of the plan that it has not, or none.
  private func takeFrames(hasModules: Bool) -> Bool {
    for index in plan.modules.indices where !hasModules {
      var list = FrameList()
      guard list.takeAll(plan.moduleFrames(index)) else {
        releaseOwn()
        return false
      }
      moduleFrames.append(list)
    }
    if data.takeAll(plan.data), trampoline.takeAll(plan.trampoline) { return true }
    releaseOwn()
    return false
  }

  private func releaseOwn() {
    for index in moduleFrames.indices { moduleFrames[index].release() }
    moduleFrames = []
    data.release()
    trampoline.release()
  }

  /// The bytes that tell the kernel where everything is: memory map, ACPI's root pointer and flags
  /// as the loader was given them.
  func data(_ info: BootInfo, commandLine: ByteString) -> [UInt8] {
    let address = plan.data.lowerBound * 4096
    switch entry {
    case .protected:
      return HVMStartInfo(
        flags: info.flags, rsdpAddress: info.rsdpAddress, memoryMap: info.regions,
        modules: zip(plan.modules, modules.commandLines).map {
          HVMStartInfo.Module($0, commandLine: $1)
        }, commandLine: commandLine
      ).bytes(at: address)
    case .long(let header):
      return BootParameters(
        header: header, rsdpAddress: info.rsdpAddress, memoryMap: info.regions,
        ramdisk: plan.modules.first, commandLine: commandLine
      ).bytes(at: address)
    }
  }

  /// Gives every frame back.
  func release() {
    payload.release()
    releaseOwn()
  }
}

extension BootInfo {
  /// The memory map with only that memory which is there: Xen's map of a domain that is populated
  /// on demand shows all that it may become.
  var populatedRegions: [HVMMemoryRegion] {
    var left = frameCount
    var result = regions
    for index in result.indices where result[index].type == HVMMemoryRegion.typeRAM {
      let count = result[index].byteCount / 4096
      if count > left { result[index].byteCount = left * 4096 }
      left -= min(count, left)
    }
    return result
  }

  /// The memory map for the planner.
  var regions: [HVMMemoryRegion] {
    var result: [HVMMemoryRegion] = []
    for entry in memoryMap {
      result.append(
        HVMMemoryRegion(address: entry.address, byteCount: entry.byteCount, type: entry.type))
    }
    return result
  }
}
