// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import StubMachine

/// How a kernel is entered in a PVH domain.
enum HVMEntry {
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
  /// back. A kernel that unpacks itself sees to what follows its code.
  var zeroedMemory: Range<UInt64> {
    switch self {
    case .protected(let kernel): kernel.memory
    case .long(let header):
      header.memory.lowerBound..<header.memory.lowerBound + header.codeByteCount
    }
  }

  /// The address of its first instruction.
  var address: UInt64 {
    switch self {
    case .protected(let kernel): kernel.entry
    case .long(let header): header.entry
    }
  }

  /// Whether it is entered in 64-bit mode.
  var is64Bit: Bool {
    switch self {
    case .protected: false
    case .long: true
    }
  }
}

extension EntryFacts {
  /// The memory map with only that memory which is there: Xen's map of a domain that is populated
  /// on demand shows all that it may become.
  var populatedRegions: [HVMMemoryRegion] {
    var left = frameCount
    var result = regions
    for index in result.indices where result[index].type == HVMMemoryRegion.typeRAM {
      let count = result[index].byteCount / Page.byteCount
      if count > left { result[index].byteCount = left * Page.byteCount }
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
