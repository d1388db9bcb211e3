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

    /// What of it must be zero where nothing was loaded; a kernel that unpacks itself sees to that.
    var zeroedMemory: Range<UInt64> {
      switch self {
      case .protected(let kernel): kernel.memory
      case .long: 0..<0
      }
    }
  }

  let payload: PayloadFrames
  let entry: Entry
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
    payload.unmap()
    moves = FrameMove.moves(zeroed: entry.zeroedMemory, frames: payload.ledger)
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
  func data(_ info: BootInfo, commandLine: ByteString) -> [UInt8] {
    let address = plan.data.lowerBound * 4096
    switch entry {
    case .protected:
      return HVMStartInfo(
        flags: info.flags, rsdpAddress: info.rsdpAddress, memoryMap: info.regions,
        modules: plan.modules, commandLine: commandLine
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
