// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import CMiniOS
import DomainBuilder
import KernelImage
import MiniOS
import XenFrontends

/// The frames of the domain that is being built, and the plan that they follow. Until `HandOver`
/// jumps, everything can be given back.
final class NewDomain {
  let payload: PayloadFrames
  let kernel: PVKernel
  let plan: DomainPlan
  private(set) var module = FrameList()
  private(set) var tables = FrameList()
  private(set) var p2mTables = FrameList()
  private(set) var startInfoPage = FrameList()
  private(set) var bootStack = FrameList()

  /// Plans the domain around a kernel that is unpacked already.
  init(
    payload: PayloadFrames, loaded: LoadedKernel, kernel: PVKernel, info: BootInfo,
    moduleByteCount: UInt64
  ) throws(BootError) {
    self.payload = payload
    self.kernel = kernel
    // The loader's own page tables need places beside the new domain until the last moment; a few
    // more may be made until then.
    let request = DomainRequest(
      pageCount: info.frameCount, kernel: kernel, moduleByteCount: moduleByteCount,
      outsideFrameCount: UInt64(AddressSpace.tableFrames.count) + 16)
    do throws(DomainBuilderError) {
      plan = try DomainPlan(request)
    } catch { throw BootError(error) }
    do throws(MemoryError) {
      try payload.zero(loaded.layout.zeroRanges)
    } catch { throw BootError(error) }
    if let address = kernel.hypercallPage { try fillHypercallPage(address, loaded) }
    payload.unmap()
  }

  private func fillHypercallPage(_ address: UInt64, _ loaded: LoadedKernel) throws(BootError) {
    let physical = address - kernel.virtBase + kernel.physicalOffset
    do throws(MemoryError) {
      let page = try payload.region(physicalAddress: physical, byteCount: 4096)
      HypercallPage.write(to: page)
    } catch { throw BootError(error) }
  }

  /// Takes the frames for the module.
  func takeModuleFrames() throws(BootError) {
    guard let range = plan.module else { return }
    do throws(MemoryError) {
      try module.take(
        range.frameCount, target: range.lowerBound, for: "an initrd of \(plan.moduleByteCount) bytes")
    } catch { throw BootError(error) }
  }

  /// Takes the frames for everything that the kernel does not bring with it.
  func takeOwnFrames() throws(BootError) {
    let purpose: ByteString = "the guest's page tables"
    do throws(MemoryError) {
      try tables.take(
        plan.pageTables.frameCount, target: plan.pageTables.lowerBound, for: purpose)
      try p2mTables.take(
        plan.p2mTables.frameCount, target: plan.p2mTables.lowerBound, for: purpose)
      try startInfoPage.take(1, target: plan.startInfo, for: purpose)
      try bootStack.take(1, target: plan.bootStack, for: purpose)
    } catch { throw BootError(error) }
  }

  /// Who goes where.
  func permutation(_ info: BootInfo) throws(DomainBuilderError) -> FramePermutation {
    var placements = try FramePlacement.filling(plan.kernel, with: payloadRuns)
    if let range = plan.module {
      placements += try FramePlacement.filling(range, with: module.runs)
    }
    placements += try FramePlacement.filling(plan.pageTables, with: tables.runs)
    placements += try FramePlacement.filling(plan.p2mTables, with: p2mTables.runs)
    placements += try FramePlacement.filling(plan.p2m, with: [Self.p2mListFrames(info)])
    placements += try FramePlacement.filling(
      plan.startInfo..<plan.startInfo + 1, with: startInfoPage.runs)
    placements += try FramePlacement.filling(
      plan.bootStack..<plan.bootStack + 1, with: bootStack.runs)
    let store = AddressSpace.frame(ofMachine: info.store.machineFrame)
    let console = AddressSpace.frame(ofMachine: info.console.machineFrame)
    placements.append(FramePlacement(target: plan.xenstore, source: store))
    placements.append(FramePlacement(target: plan.console, source: console))
    var loaderTables: [DomainBuilder.FrameRange] = []
    for frame in AddressSpace.tableFrames { loaderTables.append(frame..<frame + 1) }
    return try FramePermutation(
      placements, outside: loaderTables, outsideStart: plan.end, pageCount: info.frameCount)
  }

  private var payloadRuns: [DomainBuilder.FrameRange] {
    var runs: [DomainBuilder.FrameRange] = []
    for frame in payload.frames {
      if let last = runs.last, last.upperBound == frame {
        runs[runs.count - 1] = last.lowerBound..<frame + 1
      } else {
        runs.append(frame..<frame + 1)
      }
    }
    return runs
  }

  /// The frames of the p2m list as it is: they become the new one's.
  private static func p2mListFrames(_ info: BootInfo) -> DomainBuilder.FrameRange {
    let count = (info.frameCount * 8 + 4095) / 4096
    let first = info.p2mFrames.count > 0 ? info.p2mFrames.first : info.p2mAddress >> 12
    return first..<first + count
  }

  /// The page for the new kernel's `start_info`.
  func startInfo(
    _ info: BootInfo, commandLine: ByteString
  ) throws(DomainBuilderError) -> DomainBuilder.StartInfo {
    let address = UnsafeRawPointer(bitPattern: UInt(info.address))
    // SAFETY: the page that Xen gave at entry is 4096 bytes and stays mapped.
    let bytes = [UInt8](UnsafeRawBufferPointer(start: address, count: 4096))
    guard let old = DomainBuilder.StartInfo(ByteView(bytes)) else {
      preconditionFailure("Xen's start_info has its magic")
    }
    return try DomainBuilder.StartInfo(plan, own: old, commandLine: commandLine)
  }

  /// Gives every frame back.
  func release() {
    payload.release()
    module.release()
    tables.release()
    p2mTables.release()
    startInfoPage.release()
    bootStack.release()
  }
}
