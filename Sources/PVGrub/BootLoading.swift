// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import DomainBuilder
import FileSystem
import KernelImage
import MiniOS
import XenFrontends

extension Loader {
  /// Loads kernel and initrds into the frames of a new PV domain; nothing is lost on failure.
  func load(_ files: GuestBootFiles) throws(BootError) -> NewDomain {
    let layout = try files.moduleLayout(
      memoryByteCount: info.frameCount * 4096, hostByteCount: ramdisk?.byteCount ?? 0)
    let payload = PayloadFrames(
      .pv(pageCount: info.frameCount, moduleByteCount: layout.byteCount))
    let ahead = RamdisksAhead(
      files,
      .pv(
        pageCount: info.frameCount, layout, hostFrameCount: ramdisk?.frames.frameCount ?? 0),
      payload: payload, hypervisor: hypervisor)
    return try loadAhead(files, ahead) { ahead throws(BootError) in
      // Frames of the first attempt may be lost to a backend, and then stay in its payload.
      try self.load(files, layout, ahead == nil ? PayloadFrames(payload.target) : payload, ahead)
    }
  }

  /// Loads with ramdisks that are read `ahead`, or, if a read failed, once more without them: what
  /// can't be read is found by reading one file after the other.
  func loadAhead<Domain>(
    _ files: GuestBootFiles, _ ahead: RamdisksAhead,
    _ load: (RamdisksAhead?) throws(BootError) -> Domain
  ) throws(BootError) -> Domain {
    do throws(BootError) {
      return try load(ahead)
    } catch {
      guard ahead.hasFailed, files.kernel.disks.areConnected else { throw error }
    }
    say("pvgrub-swift: a read failed; once more, one file after the other")
    times.enter(.kernel, now: hypervisor.now)
    readByteCount = 0
    return try load(nil)
  }

  /// The same, with ramdisks that are read `ahead` of their turn, or without.
  private func load(
    _ files: GuestBootFiles, _ layout: ModuleLayout, _ payload: PayloadFrames,
    _ ahead: RamdisksAhead?
  ) throws(BootError) -> NewDomain {
    var domain: NewDomain?
    do throws(BootError) {
      let kernel = try loadKernel(files.kernel, into: payload, ahead)
      let new = try NewDomain(
        payload: payload, kernel: kernel, info: info, moduleLayout: layout,
        hostModuleFrames: ramdisk?.frames ?? 0..<0)
      domain = new
      try Fault.check(.plan)
      try new.takeModuleFrames(ahead?.modules.first ?? FrameList())
      ahead?.forgetModules()
      try Fault.check(.moduleFrames)
      try read(files, ahead) { index, byteCount in
        layout.frames(ofFile: index, byteCount: byteCount, in: new.module.frames)
      }
      try Fault.check(.module)
      try new.takeOwnFrames()
      try Fault.check(.tableFrames)
      return new
    } catch {
      ahead?.cancel()
      abandon {
        ahead?.release()
        if let domain { domain.release() } else { payload.release() }
      }
      throw error
    }
  }

  /// Gives the frames of a load that failed back, unless a backend may still write to them.
  func abandon(_ release: () -> Void) {
    if settleDisks() {
      release()
    } else {
      say("pvgrub-swift: a backend still holds pages; they are given up")
    }
  }

  /// Unpacks the kernel and makes sure that it can be started.
  private func loadKernel(
    _ file: GuestFile, into payload: PayloadFrames, _ ahead: RamdisksAhead?
  ) throws(BootError) -> PVKernel {
    let loaded = try unpack(file, into: payload, ahead)
    let kernel: PVKernel
    do throws(KernelImageError) {
      kernel = try loaded.pvKernel()
    } catch { throw BootError(error).at(file.name) }
    try Fault.check(.notes)
    do throws(MemoryError) {
      try payload.complete(loaded.layout)
    } catch { throw BootError(error).at(file.name) }
    try Fault.check(.zeros)
    if kernel.wantsSymbolTable {
      say("pvgrub-swift: \(file.name): its symbol table is not loaded (BSD_SYMTAB)")
    }
    return kernel
  }

  /// Whether no backend holds a frame of a read any more; closes disks whose backend died.
  private func settleDisks() -> Bool {
    var isSettled = true
    for disk in disks where !disk.settle() { isSettled = false }
    return isSettled
  }

  /// A stream of a file, to be ended whatever comes.
  func openStream(
    _ file: GuestFile, _ ahead: RamdisksAhead? = nil
  ) throws(BootError) -> FileStream {
    do throws(HypervisorError) {
      return try FileStream(file, loader: self, ahead: ahead)
    } catch { throw BootError(error).at(file.name) }
  }

  /// Unpacks a kernel. gzip that can't be unpacked as a whole is read again, as a stream.
  func unpack(
    _ file: GuestFile, into payload: PayloadFrames, _ ahead: RamdisksAhead? = nil
  ) throws(BootError) -> LoadedKernel {
    var gathersGzip = true
    while true {
      let stream = try openStream(file, ahead)
      defer { stream.end() }
      try Fault.check(.buffers)
      let free = FrameAllocator.freeCount
      let limit = free > FrameList.reserve ? (free - FrameList.reserve) * 4096 : 0
      var loader = KernelLoader(
        source: stream, memory: payload, decoderMemoryLimit: limit, gathersGzip: gathersGzip)
      do throws(KernelLoadError<BlockError, MemoryError>) {
        let loaded = try loader.load()
        kernelKind = loaded.kindName
        copiedByteCount = loaded.copiedByteCount
        readByteCount = file.byteCount
        return loaded
      } catch {
        if loader.hasGathered, case .decompression = error {
          payload.release()
          gathersGzip = false
          continue
        }
        if case .image(.elf32) = error { isKernel32Bit = true }
        throw BootError(error).at(file.name)
      }
    }
  }

  /// Reads what was not read `ahead` of the files, each into the frames that `frames` tells for its
  /// index and its size in bytes.
  func read(
    _ files: GuestBootFiles, _ ahead: RamdisksAhead?,
    into frames: (Int, UInt64) -> ArraySlice<UInt64>
  ) throws(BootError) {
    times.enter(.ramdisks, now: hypervisor.now)
    defer { times.enter(.handOver, now: hypervisor.now) }
    // Told while the kernel was read, or given up with it.
    if ahead?.hasFailed == true { throw BootError(BlockError.disconnected) }
    let begun = ahead?.readings ?? []
    for (index, file) in files.initrds.enumerated() {
      do throws(BlockError) {
        try read(
          index < begun.count
            ? begun[index] : FileReading(file, into: frames(index, file.byteCount)))
      } catch {
        ahead?.noteFailure()
        throw BootError(error).at(file.name)
      }
    }
  }

  /// Reads what is left of a file.
  private func read(_ begun: FileReading) throws(BlockError) {
    var reading = begun
    let (disks, byteCount) = (reading.file.disks, reading.file.byteCount)
    if !reading.isSubmitted { try reading.submit() }
    // Parts of the kernel and of other files may be among the bytes.
    try disks.finishReading(hypervisor) {
      self.loadingGoesOn(min(byteCount, disks.completedByteCount))
    }
    let direct = min(byteCount, disks.completedByteCount)
    try reading.finish { done in
      self.loadingGoesOn(min(byteCount, Checked.sum(direct, done) ?? .max))
    }
    readByteCount = Checked.sum(readByteCount, byteCount) ?? .max
  }
}
