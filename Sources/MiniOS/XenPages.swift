// SPDX-License-Identifier: GPL-2.0-or-later
import CXen

/// Pages of Xen's that a PVH domain wants to see: shared info and the grant table. They go into a
/// hole of the memory map, since RAM that one covers would be lost, and are taken out again before
/// the hand-over.
enum XenPages {
  /// Room for the shared info page and a grant table of 511 frames.
  private static let holeFrameCount: UInt64 = 512

  nonisolated(unsafe) private static var hole: Range<UInt64> = 0..<0
  nonisolated(unsafe) private static var usedCount: UInt64 = 0

  /// Finds the hole.
  static func start(_ map: MemoryMap) {
    guard let found = map.hole(frameCount: holeFrameCount) else {
      Panic.end("the memory map has no hole of 2 MiB below the interrupt controllers")
    }
    hole = found
    usedCount = 0
  }

  /// `XENMEM_add_to_physmap`: puts page `index` of `space` (`XENMAPSPACE_*`) at the next frame of
  /// the hole and returns it; a negative errno if Xen refuses or the hole is full.
  static func add(space: Int32, index: UInt64) -> Int64 {
    guard usedCount < UInt64(hole.count) else { return -28 /* ENOSPC */ }
    var argument = xen_add_to_physmap()
    argument.domid = Hypercall.domainSelf
    argument.space = UInt32(space)
    argument.idx = UInt(index)
    argument.gpfn = UInt(hole.lowerBound + usedCount)
    let result = Hypercall.call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &argument)
    guard result == 0 else { return result }
    usedCount += 1
    return Int64(argument.gpfn)
  }

  /// Takes all of them out: the frames are a hole again, as the next kernel expects.
  static func removeAll() {
    for frame in hole.lowerBound..<hole.lowerBound + usedCount {
      var argument = xen_remove_from_physmap()
      argument.domid = Hypercall.domainSelf
      argument.gpfn = UInt(frame)
      _ = Hypercall.call(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &argument)
    }
    usedCount = 0
  }
}
