// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
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
  /// Where the files of the module are in it.
  let moduleLayout: ModuleLayout
  /// The frames of the host's module, which become the end of this domain's; they stay the
  /// loader's if the boot fails.
  let hostModuleFrames: DomainBuilder.FrameRange
  private(set) var module = FrameList()
  private(set) var tables = FrameList()
  private(set) var p2mTables = FrameList()
  private(set) var startInfoPage = FrameList()
  private(set) var bootStack = FrameList()

  /// Plans the domain around a kernel that is unpacked already.
  init(
    payload: PayloadFrames, kernel: PVKernel, info: BootInfo, moduleLayout: ModuleLayout,
    hostModuleFrames: DomainBuilder.FrameRange
  ) throws(BootError) {
    self.payload = payload
    self.kernel = kernel
    self.moduleLayout = moduleLayout
    self.hostModuleFrames = hostModuleFrames
    // The loader's own page tables need places beside the new domain until the last moment; a few
    // more may be made until then.
    var request = DomainRequest(
      pageCount: info.frameCount, kernel: kernel, moduleByteCount: moduleLayout.byteCount,
      outsideFrameCount: UInt64(AddressSpace.tableFrames.count) + 16)
    request.hasModuleList = moduleLayout.hasList
    do throws(DomainBuilderError) {
      plan = try DomainPlan(request)
    } catch { throw BootError(error) }
    if let address = kernel.hypercallPage { try fillHypercallPage(address) }
    payload.unmap()
  }

  private func fillHypercallPage(_ address: UInt64) throws(BootError) {
    let physical = address - kernel.virtBase + kernel.physicalOffset
    do throws(MemoryError) {
      let page = try payload.region(physicalAddress: physical, byteCount: 4096)
      HypercallPage.write(to: page)
    } catch { throw BootError(error) }
  }

  /// Takes the frames for the files of the module, which may be `taken` already, and fills those
  /// of the list before them.
  func takeModuleFrames(_ taken: FrameList) throws(BootError) {
    module = taken
    guard let range = plan.module else { return }
    if module.frames.isEmpty {
      try takeModuleFrames(range)
    }
    try fillModuleList()
  }

  private func takeModuleFrames(_ range: DomainBuilder.FrameRange) throws(BootError) {
    do throws(MemoryError) {
      try module.take(
        range.frameCount - hostModuleFrames.frameCount, target: range.lowerBound,
        for: "an initrd of \(plan.moduleByteCount) bytes")
    } catch { throw BootError(error) }
  }

  private func fillModuleList() throws(BootError) {
    var done = 0
    while done < moduleLayout.list.count {
      let part = moduleLayout.list[done..<min(done + 4096, moduleLayout.list.count)]
      let isDone = FrameWindow.write(module.frames[done / 4096]) { page in
        page.initializeMemory(as: UInt8.self, repeating: 0)
        page.copyBytes(from: part)
      }
      guard isDone else { throw BootError(MemoryError.refused(operation: "to fill the modules")) }
      done += 4096
    }
  }

  /// Takes the frames for everything that the kernel does not bring with it.
  func takeOwnFrames() throws(BootError) {
    let purpose: ByteString = "the guest's page tables"
    // The last to come, and small: a part of the heap's reserve may go here.
    let reserve = FrameList.reserve / 4
    do throws(MemoryError) {
      try tables.take(
        plan.pageTables.frameCount, target: plan.pageTables.lowerBound, reserve: reserve,
        for: purpose)
      try p2mTables.take(
        plan.p2mTables.frameCount, target: plan.p2mTables.lowerBound, reserve: reserve,
        for: purpose)
      try startInfoPage.take(1, target: plan.startInfo, reserve: reserve, for: purpose)
      try bootStack.take(1, target: plan.bootStack, reserve: reserve, for: purpose)
    } catch { throw BootError(error) }
  }

  /// Who goes where.
  func permutation(_ info: BootInfo) throws(DomainBuilderError) -> FramePermutation {
    let sources = FrameSources(
      kernel: payload.ledger, module: module.runs + [hostModuleFrames],
      p2m: Self.p2mListFrames(info),
      p2mTables: p2mTables.runs, startInfo: startInfoPage.frames[0],
      xenstore: AddressSpace.frame(ofMachine: info.store.machineFrame),
      console: AddressSpace.frame(ofMachine: info.console.machineFrame),
      pageTables: tables.runs, bootStack: bootStack.frames[0])
    var loaderTables: [DomainBuilder.FrameRange] = []
    for frame in AddressSpace.tableFrames { loaderTables.append(frame..<frame + 1) }
    return try FramePermutation(plan, sources, kernel: kernel, outside: loaderTables)
  }

  /// The frames of the p2m list as it is: they become the new one's.
  private static func p2mListFrames(_ info: BootInfo) -> [DomainBuilder.FrameRange] {
    let count = Int((info.frameCount * 8 + 4095) / 4096)
    return FrameList(AddressSpace.listFrames(at: info.p2mAddress, count: count)[...]).runs
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
