// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import TestSupport
import Testing

/// Rebuilds a small domain whose parts were put into frames at random, and looks at the outcome as
/// Xen and the new kernel do.
struct RebuildTests {
  private let pageCount: UInt64 = 64 * 256

  private struct Rebuilt {
    var plan: DomainPlan
    var sources: FrameSources
    var outside: [FrameRange]
    var before: [UInt64]
    var after: [UInt64]
  }

  private func rebuild(seed: UInt64, kernel: PVKernel) throws -> Rebuilt {
    var random = FramePermutationTests.Random(state: seed)
    let plan = try DomainPlan(
      DomainRequest(
        pageCount: pageCount, kernel: kernel, moduleByteCount: 300_000, outsideFrameCount: 20))
    var free = Array(0..<pageCount).shuffled(using: &random)
    func take(_ count: UInt64) -> [FrameRange] {
      let taken = free.suffix(Int(count)).map { $0..<$0 + 1 }
      free.removeLast(Int(count))
      return taken
    }
    var frames = KernelFrames()
    for (page, frame) in zip(plan.kernel, take(plan.kernel.frameCount)) {
      frames.set(page: page, frames: frame)
    }
    let single = take(4)
    let sources = FrameSources(
      kernel: frames, module: take(plan.module?.frameCount ?? 0), p2m: take(plan.p2m.frameCount),
      p2mTables: take(plan.p2mTables.frameCount), startInfo: single[0].lowerBound,
      xenstore: single[1].lowerBound, console: single[2].lowerBound,
      pageTables: take(plan.pageTables.frameCount), bootStack: single[3].lowerBound)
    let outside = take(20)
    let permutation = try FramePermutation(plan, sources, kernel: kernel, outside: outside)
    let before = (0..<pageCount).map { 0x10_0000 + ($0 ^ 0x2a) }
    var after = before
    after.withUnsafeMutableBufferPointer { permutation.apply(to: $0) }
    return Rebuilt(plan: plan, sources: sources, outside: outside, before: before, after: after)
  }

  private func kernels() throws -> [PVKernel] {
    [
      try Kernels.small(),
      try Kernels.make(
        virtBase: Kernels.linuxBase, memory: 4 << 20..<6 << 20, initP2M: 0x80_0000_0000,
        modulePFN: 1),
    ]
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func everyPartIsWhereThePlanSays(seed: UInt64) throws {
    for kernel in try kernels() {
      let rebuilt = try rebuild(seed: seed, kernel: kernel)
      let plan = rebuilt.plan
      func expect(_ targets: FrameRange, _ sources: [FrameRange]) {
        let wanted = sources.flatMap { $0 }.map { rebuilt.before[Int($0)] }
        #expect(targets.map { rebuilt.after[Int($0)] } == wanted)
      }
      let module = try #require(plan.module)
      expect(module, rebuilt.sources.module)
      expect(plan.p2m, rebuilt.sources.p2m)
      expect(plan.p2mTables, rebuilt.sources.p2mTables)
      expect(plan.pageTables, rebuilt.sources.pageTables)
      for (target, source) in [
        (plan.startInfo, rebuilt.sources.startInfo), (plan.xenstore, rebuilt.sources.xenstore),
        (plan.console, rebuilt.sources.console), (plan.bootStack, rebuilt.sources.bootStack),
      ] { expect(target..<target + 1, [source..<source + 1]) }
      for page in plan.kernel {
        let source = try #require(rebuilt.sources.kernel.frame(ofPage: page))
        expect(page..<page + 1, [source..<source + 1])
      }
      #expect(rebuilt.after.sorted() == rebuilt.before.sorted())
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func noNewTableMapsATableThatTheLoaderRunsOn(seed: UInt64) throws {
    for kernel in try kernels() {
      let rebuilt = try rebuild(seed: seed, kernel: kernel)
      let old = Set(rebuilt.outside.flatMap { $0 }.map { rebuilt.before[Int($0)] })
      let writer = PageTableWriter(rebuilt.plan)
      var entries = [UInt64](repeating: 0, count: 512)
      for index in 0..<writer.tableCount {
        entries.withUnsafeMutableBufferPointer {
          writer.write(table: index, into: $0) { rebuilt.after[Int($0)] }
        }
        for entry in entries where entry != 0 { #expect(!old.contains(entry >> 12)) }
      }
    }
  }

  @Test func aKernelWithoutAllItsFramesIsRefused() throws {
    let kernel = try Kernels.small()
    let plan = try DomainPlan(
      DomainRequest(pageCount: pageCount, kernel: kernel, moduleByteCount: 0))
    var frames = KernelFrames()
    frames.set(page: 0, frames: 4000..<4255)
    let sources = FrameSources(
      kernel: frames, module: [], p2m: [5000..<5032], p2mTables: [], startInfo: 1, xenstore: 2,
      console: 3, pageTables: [6000..<6010], bootStack: 4)
    #expect(throws: DomainBuilderError.placementTooShort(frameCount: 255, neededFrameCount: 256)) {
      try FramePermutation(plan, sources, kernel: kernel, outside: [])
    }
  }
}
