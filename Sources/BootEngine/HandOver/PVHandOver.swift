// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import StubMachine

/// The rebuild of a PV domain in place: new page tables, new numbers for frames, a new start_info
/// (docs/ARCHITECTURE.md, "Who owns what at the hand-over").
final class PVHandOver<M: PVMachine>: HandOver {
  let attempt: Attempt<M>
  let payload: PayloadFrames<M>
  private let files: GuestBootFiles<M>
  /// Where the files of the module are in it.
  private let layout: ModuleLayout
  private var kernel: PVKernel?
  private(set) var module = FrameList()
  private(set) var tables = FrameList()
  private(set) var p2mTables = FrameList()
  private(set) var startInfoPage = FrameList()
  private(set) var bootStack = FrameList()
  /// Set by `plan`.
  private(set) var domain: DomainPlan?
  /// Set by `fill`: everything that is to be undone or done from then on.
  var rebuild: PVRebuild<M>?

  var machine: M { attempt.machine }
  var kernelUnpacksItself: Bool { false }
  var kernelFrameCount: UInt64 { payload.pages.frameCount }
  var commandLine: ByteString { files.commandLine }

  /// The list of several modules would have to be filled first, and a kernel that wants its module
  /// elsewhere finds none.
  var canReadAhead: Bool { !layout.hasList }

  /// Frames of the host's module, which become the end of this domain's; they stay the loader's if
  /// the boot fails.
  private var hostFrames: FrameRange { attempt.hostRamdisk?.frames ?? 0..<0 }

  init(_ files: GuestBootFiles<M>, _ attempt: Attempt<M>) throws(BootError) {
    self.files = files
    self.attempt = attempt
    let machine = attempt.machine
    let pageCount = machine.entry.frameCount
    let layout = try files.moduleLayout(
      memoryByteCount: pageCount * Page.byteCount,
      hostByteCount: attempt.hostRamdisk?.byteCount ?? 0)
    self.layout = layout
    let target = PayloadTarget(isInPlace: false, domainPageCount: pageCount) {
      addresses throws(DomainBuilderError) in
      let needed = try DomainPlan.presumedPageCount(
        kernelAddresses: addresses, moduleByteCount: layout.byteCount,
        outsideFrameCount: UInt64(machine.tableFrames.count))
      guard needed <= pageCount else {
        throw .memoryTooSmall(neededPageCount: needed, pageCount: pageCount)
      }
      return addresses.lowerBound
    }
    payload = PayloadFrames(target, on: machine)
  }

  func placesAhead() -> RamdiskPlaces? {
    guard hasRoomAhead(layout.byteCount) else { return nil }
    let kernel = payload.pages
    let place = try? DomainPlan.presumedModule(
      kernelAddresses: kernel.lowerBound * Page.byteCount..<kernel.upperBound * Page.byteCount,
      pageCount: machine.entry.frameCount, moduleByteCount: layout.byteCount)
    guard let place else { return nil }
    do throws(MemoryError) {
      try module.take(
        place.frameCount - hostFrames.frameCount, target: place.lowerBound, for: "an initrd",
        from: machine)
    } catch {
      module.release(to: machine)
      return nil
    }
    return places
  }

  /// Where each file of the module goes.
  private var places: RamdiskPlaces {
    var frames: [ArraySlice<FrameNumber>] = []
    for (index, file) in files.initrds.enumerated() {
      frames.append(
        layout.frames(ofFile: index, byteCount: file.byteCount, in: module.frames))
    }
    return RamdiskPlaces(frames: frames)
  }

  func plan(_ file: LoadedFile) throws(BootError) -> RamdiskPlaces {
    guard case .kernel(let loaded) = file else {
      preconditionFailure("a PV kernel is unpacked by the loader")
    }
    let kernel = try complete(loaded)
    self.kernel = kernel
    // The loader's own page tables need places beside the new domain until the last moment; a few
    // more may be made until then.
    var request = DomainRequest(
      pageCount: machine.entry.frameCount, kernel: kernel, moduleByteCount: layout.byteCount,
      outsideFrameCount: UInt64(machine.tableFrames.count) + 16)
    request.hasModuleList = layout.hasList
    let plan: DomainPlan
    do throws(DomainBuilderError) {
      plan = try DomainPlan(request)
    } catch { throw BootError(error) }
    domain = plan
    if let address = kernel.hypercallPage { try fillHypercallPage(address, kernel) }
    payload.unmap()
    try attempt.check(.plan)
    try takeModuleFrames(plan)
    return places
  }

  /// Makes sure that the kernel can be started, and that it has all of its memory.
  private func complete(_ loaded: LoadedKernel) throws(BootError) -> PVKernel {
    let name = files.kernel.name
    let kernel: PVKernel
    do throws(KernelImageError) {
      kernel = try loaded.pvKernel()
    } catch { throw BootError(error).at(name) }
    try attempt.check(.notes)
    do throws(MemoryError) {
      try payload.complete(loaded.layout)
    } catch { throw BootError(error).at(name) }
    try attempt.check(.zeros)
    if kernel.wantsSymbolTable {
      attempt.say("pvgrub-swift: \(name): its symbol table is not loaded (BSD_SYMTAB)")
    }
    return kernel
  }

  private func fillHypercallPage(_ address: UInt64, _ kernel: PVKernel) throws(BootError) {
    let physical = address - kernel.virtBase + kernel.physicalOffset
    do throws(MemoryError) {
      let page = try payload.region(
        physicalAddress: physical, byteCount: HypercallPage.byteCount)
      HypercallPage.write(to: page)
    } catch { throw BootError(error) }
  }

  /// Takes the frames for the files of the module, if they were not taken ahead, and fills those of
  /// the list before them.
  private func takeModuleFrames(_ plan: DomainPlan) throws(BootError) {
    guard let range = plan.module else { return }
    if module.frames.isEmpty {
      do throws(MemoryError) {
        try module.take(
          range.frameCount - hostFrames.frameCount, target: range.lowerBound,
          for: "an initrd of \(plan.moduleByteCount) bytes", from: machine)
      } catch { throw BootError(error) }
    }
    let listFrames = module.frames[..<Int(Page.count(ofBytes: UInt64(layout.list.count)))]
    guard machine.fill(listFrames, with: layout.list) else {
      throw BootError(MemoryError.refused(operation: "to fill the modules"))
    }
  }

  func takeFrames() throws(BootError) {
    guard let plan = domain else { preconditionFailure("frames follow the plan") }
    let purpose: ByteString = "the guest's page tables"
    // The last to come, and small: a part of the heap's reserve may go here.
    let reserve = FrameList.reserve / 4
    do throws(MemoryError) {
      try tables.take(
        plan.pageTables.frameCount, target: plan.pageTables.lowerBound, reserve: reserve,
        for: purpose, from: machine)
      try p2mTables.take(
        plan.p2mTables.frameCount, target: plan.p2mTables.lowerBound, reserve: reserve,
        for: purpose, from: machine)
      try startInfoPage.take(
        1, target: plan.startInfo, reserve: reserve, for: purpose, from: machine)
      try bootStack.take(
        1, target: plan.bootStack, reserve: reserve, for: purpose, from: machine)
    } catch { throw BootError(error) }
  }

  /// Who goes where.
  func permutation() throws(DomainBuilderError) -> FramePermutation {
    guard let plan = domain, let kernel else { preconditionFailure("numbers follow the plan") }
    let sources = FrameSources(
      kernel: payload.ledger, module: module.runs + [hostFrames],
      p2m: FrameRange.runs(machine.p2mListFrames()[...]), p2mTables: p2mTables.runs,
      startInfo: startInfoPage.frames[0], xenstore: machine.entry.store.frame,
      console: machine.entry.console.frame, pageTables: tables.runs,
      bootStack: bootStack.frames[0])
    var loaderTables: [FrameRange] = []
    for frame in machine.tableFrames { loaderTables.append(frame..<frame + 1) }
    return try FramePermutation(plan, sources, kernel: kernel, outside: loaderTables)
  }

  func undo(keepsRamdisks: Bool) {
    rebuild?.undo()
    rebuild = nil
    payload.release()
    if !keepsRamdisks { module.release(to: machine) }
    module = FrameList()
    tables.release(to: machine)
    p2mTables.release(to: machine)
    startInfoPage.release(to: machine)
    bootStack.release(to: machine)
  }
}
