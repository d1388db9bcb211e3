// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import TestSupport

/// The planning of a PV domain of any size, with a kernel like Debian's and a ramdisk of 32 MiB:
/// layout, permutation of frames, page tables, and the new p2m list. What Xen does is not in it.
enum DomainBench {
  private static let moduleByteCount: UInt64 = 32 << 20

  static func run(mebibytes: UInt64) throws {
    let pageCount = mebibytes * 256
    let kernel = try Kernels.linux()
    var list = (0..<pageCount).map { $0 + 0x10_0000 }
    var plan: DomainPlan?
    var permutation: FramePermutation?
    var tableCount = 0
    let planSeconds = try CoreBench.seconds {
      var request = DomainRequest(
        pageCount: pageCount, kernel: kernel, moduleByteCount: moduleByteCount,
        outsideFrameCount: 64)
      request.hasModuleList = false
      let new = try DomainPlan(request)
      plan = new
      permutation = try FramePermutation(
        new, sources(new, pageCount: pageCount), kernel: kernel, outside: [0x300..<0x330])
    }
    guard let plan, let permutation else { return }
    let tableSeconds = CoreBench.seconds {
      let writer = PageTableWriter(plan)
      tableCount = writer.tableCount
      let page = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: PageTableWriter.entryCount)
      for index in 0..<tableCount {
        writer.write(table: index, into: page) { list[Int(permutation.source(of: $0))] }
      }
      page.deallocate()
    }
    let listSeconds = CoreBench.seconds {
      list.withUnsafeMutableBufferPointer { permutation.apply(to: $0) }
    }
    print(
      "changed=\(permutation.changedFrameCount) tables=\(tableCount) plan=\(planSeconds) "
        + "write=\(tableSeconds) list=\(listSeconds)")
  }

  /// Kernel and ramdisk at their places as far as these are free, the rest from the top of memory.
  private static func sources(_ plan: DomainPlan, pageCount: UInt64) -> FrameSources {
    var frames = KernelFrames()
    frames.set(page: plan.kernel.lowerBound, frames: plan.kernel)
    var top = pageCount
    func take(_ count: UInt64) -> [FrameRange] {
      top -= count
      return [top..<top + count]
    }
    let small = take(4)[0].lowerBound
    return FrameSources(
      kernel: frames, module: plan.module.map { take($0.frameCount) } ?? [],
      p2m: take(plan.p2m.frameCount), p2mTables: take(plan.p2mTables.frameCount),
      startInfo: small, xenstore: small + 1, console: small + 2,
      pageTables: take(plan.pageTables.frameCount), bootStack: small + 3)
  }
}
