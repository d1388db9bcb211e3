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

  /// How a kernel is entered.
  enum Entry {
    /// In 32-bit protected mode, with the address of the start information in ebx.
    case protected(UInt64)
    /// In 64-bit mode, with the address of the boot parameters in rsi.
    case long(UInt64)
  }

  let payload: PayloadFrames
  let entry: Entry
  /// The kernel's addresses.
  let kernel: Range<UInt64>
  /// What the last step moves and zeroes.
  let moves: [FrameMove]
  private(set) var plan: HVMPlan
  private(set) var modules: [FrameList] = []
  private(set) var data = FrameList()
  private(set) var trampoline = FrameList()

  /// Plans the domain around a kernel that is unpacked already, and takes the frames.
  init(payload: PayloadFrames, _ request: HVMRequest, entry: Entry) throws(BootError) {
    self.payload = payload
    self.entry = entry
    kernel = request.kernel
    payload.unmap()
    moves = FrameMove.moves(kernel: request.kernel, frames: payload.ledger)
    var request = request
    request.moveCount = moves.count
    request.free = LowFrames.free
    do throws(DomainBuilderError) {
      plan = try HVMPlan(request)
      for _ in 0..<Self.attemptCountMax {
        if takeFrames() { return }
        request.free = LowFrames.free
        plan = try HVMPlan(request)
      }
    } catch { throw BootError(error) }
    throw BootError(MemoryError.outOfMemory(purpose: "the guest's initrd"))
  }

  /// Takes every frame of the plan, or none.
  private func takeFrames() -> Bool {
    for index in plan.modules.indices {
      var list = FrameList()
      guard list.takeAll(plan.moduleFrames(index)) else {
        releaseOwn()
        return false
      }
      modules.append(list)
    }
    if data.takeAll(plan.data), trampoline.takeAll(plan.trampoline) { return true }
    releaseOwn()
    return false
  }

  private func releaseOwn() {
    for index in modules.indices { modules[index].release() }
    modules = []
    data.release()
    trampoline.release()
  }

  /// The bytes that tell the kernel where everything is: memory map, ACPI's root pointer and flags
  /// as the loader was given them.
  func startInfo(_ info: BootInfo, commandLine: ByteString) -> [UInt8] {
    HVMStartInfo(
      flags: info.flags, rsdpAddress: info.rsdpAddress, memoryMap: info.regions,
      modules: plan.modules, commandLine: commandLine
    ).bytes(at: plan.data.lowerBound * 4096)
  }

  /// Gives every frame back.
  func release() {
    payload.release()
    releaseOwn()
  }
}

extension BootInfo {
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
