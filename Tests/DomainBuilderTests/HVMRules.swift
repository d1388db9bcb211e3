// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import Testing

/// What must be true of every plan of a PVH domain, worked out anew from the request, byte by byte
/// of address and without the planner's own sets.
enum HVMRules {
  /// Checks `plan`, made for `request`.
  static func check(_ plan: HVMPlan, _ request: HVMRequest) {
    let parts = parts(plan, request)
    for part in parts {
      #expect(part.addresses.upperBound <= 1 << 32, "\(part.name) is beyond 4 GiB")
      #expect(isMemory(part.addresses, request.memoryMap), "\(part.name) is not in memory")
      if part.name != "kernel" {
        #expect(part.addresses.lowerBound >= 1 << 20, "\(part.name) is below 1 MiB")
        #expect(part.addresses.lowerBound % 4096 == 0, "\(part.name) is not at a page")
        #expect(isFree(part.addresses, request.free), "\(part.name) is over the loader")
      }
    }
    for (index, part) in parts.enumerated() {
      for other in parts[(index + 1)...] where other.name != "margin" || part.name != "kernel" {
        #expect(
          !part.addresses.overlaps(other.addresses), "\(part.name) is over \(other.name)")
      }
    }
    #expect(plan.data.upperBound <= 1 << 18, "Linux reads its start info below 1 GiB only")
    #expect(plan.data.upperBound - plan.data.lowerBound >= (request.dataByteCount + 4095) / 4096)
    #expect(
      plan.trampoline.upperBound - plan.trampoline.lowerBound
        >= 7 + (UInt64(request.moveCount) * 24 + 4095) / 4096)
    #expect(
      plan.modules.map { $0.upperBound - $0.lowerBound } == request.moduleByteCounts)
  }

  private struct Part {
    var name: String
    var addresses: Range<UInt64>
  }

  private static func parts(_ plan: HVMPlan, _ request: HVMRequest) -> [Part] {
    let kernel = plan.kernel.lowerBound * 4096..<plan.kernel.upperBound * 4096
    #expect(kernel.lowerBound <= request.kernel.lowerBound)
    #expect(kernel.upperBound >= request.kernel.upperBound)
    var parts = [Part(name: "kernel", addresses: kernel)]
    for (index, module) in plan.modules.enumerated() where !module.isEmpty {
      let frames = plan.moduleFrames(index)
      let whole = frames.lowerBound * 4096..<frames.upperBound * 4096
      #expect(whole.contains(module.upperBound - 1))
      parts.append(Part(name: "module \(index)", addresses: whole))
    }
    for (name, frames) in [("data", plan.data), ("trampoline", plan.trampoline)] {
      parts.append(
        Part(name: name, addresses: frames.lowerBound * 4096..<frames.upperBound * 4096))
    }
    // The margin need not be memory, nor free: nothing of the plan is in it.
    let end = kernel.upperBound
    for part in parts.dropFirst() {
      #expect(!part.addresses.overlaps(end..<end + 512 * 1024), "\(part.name) is in the margin")
    }
    return parts
  }

  private static func isMemory(_ addresses: Range<UInt64>, _ map: [HVMMemoryRegion]) -> Bool {
    for region in map where region.type != 1 {
      if addresses.overlaps(region.address..<region.address + region.byteCount) { return false }
    }
    return stride(from: addresses.lowerBound, to: addresses.upperBound, by: 4096).allSatisfy {
      page in
      map.contains {
        $0.type == 1 && $0.address <= page && page + 4096 <= $0.address + $0.byteCount
      }
    }
  }

  private static func isFree(_ addresses: Range<UInt64>, _ free: [FrameRange]) -> Bool {
    stride(from: addresses.lowerBound, to: addresses.upperBound, by: 4096).allSatisfy { page in
      free.contains { $0.contains(page / 4096) }
    }
  }
}
