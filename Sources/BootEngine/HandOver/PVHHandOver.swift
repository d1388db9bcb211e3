// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import StubMachine

/// The rebuild of a PVH domain in place: everything goes to its address at once, but for what the
/// loader itself is in the way of, which the code that runs last moves (decisions 20 and 21).
final class PVHHandOver<M: Machine>: HandOver {
  /// How often a plan is made anew because the heap took one of its frames meanwhile.
  private static var planCountMax: Int { 8 }
  /// What the block of data and the list of moves may become, for ramdisks that are read ahead to
  /// stay out of their way.
  private static var dataByteCountAhead: UInt64 { 64 << 10 }
  private static var moveCountAhead: Int { 256 }

  let attempt: Attempt<M>
  let payload: PayloadFrames<M>
  let kernelUnpacksItself: Bool
  /// Whether the kernel has no entry for PVH, and can be started as a bzImage that unpacks itself.
  /// Set when `plan` throws.
  private(set) var shouldUnpackItself = false
  /// Where else the kernel may be than where it was put, by its note. Set when `plan` throws.
  private(set) var otherRelocation: PVHKernel.Relocation?
  private let relocation: PVHKernel.Relocation?
  let modules: HVMModules
  private let files: GuestBootFiles<M>
  private var request: HVMRequest

  private(set) var moduleFrames: [FrameList] = []
  private(set) var data = FrameList()
  private(set) var trampoline = FrameList()
  /// Set by `plan`.
  private(set) var domain: HVMPlan?
  private(set) var kernelEntry: HVMEntry?
  /// What the last step moves and zeroes, in this order: no source is among the targets before it.
  private(set) var moves: [FrameMove] = []

  var machine: M { attempt.machine }
  var canReadAhead: Bool { true }
  var kernelFrameCount: UInt64 { payload.pages.frameCount }
  var commandLine: ByteString { files.commandLine }

  /// - Parameter relocation: where the kernel may be if its own addresses are no memory.
  init(
    _ files: GuestBootFiles<M>, _ attempt: Attempt<M>, kernelUnpacksItself: Bool,
    relocation: PVHKernel.Relocation? = nil
  ) throws(BootError) {
    self.files = files
    self.relocation = relocation
    self.attempt = attempt
    self.kernelUnpacksItself = kernelUnpacksItself
    let facts = attempt.machine.entry
    let modules = try HVMModules(
      files, host: attempt.hostRamdisk, memoryByteCount: facts.frameCount * Page.byteCount)
    self.modules = modules
    let request = HVMRequest(
      memoryMap: facts.populatedRegions, free: [], kernel: 0..<0,
      moduleByteCounts: modules.byteCounts, dataByteCount: UInt64(files.commandLine.count))
    self.request = request
    let target = PayloadTarget(
      isInPlace: true, domainPageCount: HVMMemoryRegion.frameCount(request.memoryMap)
    ) { addresses throws(DomainBuilderError) in
      var known = request
      known.kernel = addresses
      return try HVMPlan.place(known, relocation)
    }
    payload = PayloadFrames(target, on: attempt.machine)
  }

  func placesAhead() -> RamdiskPlaces? {
    guard hasRoomAhead(modules.byteCounts.reduce(0) { $0 + $1 + Page.byteCount }) else {
      return nil
    }
    let kernel = payload.pages
    var known = request
    known.kernel = kernel.lowerBound * Page.byteCount..<kernel.upperBound * Page.byteCount
    known.free = machine.freeFrames
    known.dataByteCount += Self.dataByteCountAhead
    known.moveCount = Self.moveCountAhead
    guard let plan = try? HVMPlan(known), takeModules(plan) else { return nil }
    return places
  }

  /// Where each ramdisk goes.
  private var places: RamdiskPlaces {
    var frames: [ArraySlice<FrameNumber>] = []
    for (index, file) in files.initrds.enumerated() {
      frames.append(modules.frames(ofFile: index, byteCount: file.byteCount, in: moduleFrames))
    }
    return RamdiskPlaces(frames: frames)
  }

  func plan(_ file: LoadedFile) throws(BootError) -> RamdiskPlaces {
    let entry = try entry(of: file)
    kernelEntry = entry
    try attempt.check(.notes)
    if kernelUnpacksItself, modules.byteCounts.count > 1 {
      throw BootError(
        .unsupported, "Linux's boot protocol has no list of modules: use initrd, not module")
    }
    payload.unmap()
    payload.keepZeroPages()
    let moves = FrameMove.moves(zeroed: entry.zeroedMemory, frames: payload.ledger)
    try attempt.check(.zeros)
    request.kernel = entry.memory
    request.moveCount = moves.count + 1
    do throws(DomainBuilderError) {
      request.dataByteCount = try dataByteCount(entry)
      for list in moduleFrames { request.takenModules += list.runs }
      try takePlannedFrames()
    } catch { throw BootError(error) }
    // The host's ramdisk may be where the kernel goes, so it makes room first.
    if let domain, let move = modules.hostMove(attempt.hostRamdisk, domain) {
      self.moves.append(move)
    }
    self.moves += moves
    try attempt.check(.plan)
    return places
  }

  /// How the kernel is entered.
  private func entry(of file: LoadedFile) throws(BootError) -> HVMEntry {
    switch file {
    case .bzImage(let header): return .long(header)
    case .kernel(let loaded):
      let kernel: PVHKernel
      do throws(KernelImageError) { kernel = try loaded.pvhKernel() } catch {
        shouldUnpackItself = error == .onlyPV && loaded.canStartItself
        throw BootError(error).at(files.kernel.name)
      }
      guard payload.shift != 0 else { return .protected(kernel) }
      return .protected(try moved(kernel))
    }
  }

  /// The kernel where it was put, if it may be there: its note is known only now.
  private func moved(_ kernel: PVHKernel) throws(BootError) -> PVHKernel {
    let moved = kernel.moved(to: payload.pages.lowerBound * Page.byteCount)
    if let allowed = kernel.relocation {
      if allowed.allows(moved.memory) {
        attempt.say(
          "pvgrub-swift: the kernel is moved from \(hex: kernel.memory.lowerBound) to "
            + "\(hex: moved.memory.lowerBound)")
        return moved
      }
      if allowed != relocation { otherRelocation = allowed }
    }
    request.kernel = kernel.memory
    do throws(DomainBuilderError) { try HVMPlan.check(request) } catch {
      throw BootError(error).at(files.kernel.name)
    }
    throw BootError(DomainBuilderError.kernelOutsideMemory(physicalAddress: kernel.entry))
      .at(files.kernel.name)
  }

  /// Plans, and takes the frames of the plan. The heap may grow while lists of frames are made,
  /// into a frame of the plan: then it is made anew.
  private func takePlannedFrames() throws(DomainBuilderError) {
    let hasModules = !moduleFrames.isEmpty
    for _ in 0..<Self.planCountMax {
      request.free = machine.freeFrames
      let plan = try HVMPlan(request)
      try checkReserve(plan, hasModules: hasModules)
      if !hasModules, !takeModules(plan) { continue }
      if data.takeAll(plan.data, from: machine),
        trampoline.takeAll(plan.trampoline, from: machine)
      {
        domain = plan
        return
      }
      if !hasModules { releaseModules() }
      data.release(to: machine)
      trampoline.release(to: machine)
    }
    throw .noRoomForData(byteCount: request.dataByteCount)
  }

  /// Throws unless the heap keeps as much as it does in a PV domain at this point.
  private func checkReserve(
    _ plan: HVMPlan, hasModules: Bool
  ) throws(DomainBuilderError) {
    var needed = plan.data.frameCount + plan.trampoline.frameCount
    for index in plan.modules.indices where !hasModules {
      needed += plan.moduleFrames(index).frameCount
    }
    guard machine.freeFrameCount >= needed + FrameList.reserve / 4 else {
      throw .noRoomForData(byteCount: (needed + FrameList.reserve / 4) * Page.byteCount)
    }
  }

  /// Takes the frames of all modules of a plan, or none.
  private func takeModules(_ plan: HVMPlan) -> Bool {
    for index in plan.modules.indices {
      var list = FrameList()
      guard list.takeAll(plan.moduleFrames(index), from: machine) else {
        releaseModules()
        return false
      }
      moduleFrames.append(list)
    }
    return true
  }

  private func releaseModules() {
    for index in moduleFrames.indices { moduleFrames[index].release(to: machine) }
    moduleFrames = []
  }

  func takeFrames() {}

  func undo(keepsRamdisks: Bool) {
    payload.release()
    if !keepsRamdisks { releaseModules() }
    moduleFrames = []
    data.release(to: machine)
    trampoline.release(to: machine)
  }
}
