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
    var domain: NewDomain?
    do throws(BootError) {
      let kernel = try loadKernel(files.kernel, into: payload)
      let new = try NewDomain(
        payload: payload, kernel: kernel, info: info, moduleLayout: layout,
        hostModuleFrames: ramdisk?.frames ?? 0..<0)
      domain = new
      try Fault.check(.plan)
      try new.takeModuleFrames()
      try Fault.check(.moduleFrames)
      try read(files.initrds) { index, byteCount in
        layout.frames(ofFile: index, byteCount: byteCount, in: new.module.frames)
      }
      try Fault.check(.module)
      try new.takeOwnFrames()
      try Fault.check(.tableFrames)
      return new
    } catch {
      abandon { if let domain { domain.release() } else { payload.release() } }
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
    _ file: GuestFile, into payload: PayloadFrames
  ) throws(BootError) -> PVKernel {
    let loaded = try unpack(file, into: payload)
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
  func openStream(_ file: GuestFile) throws(BootError) -> FileStream {
    do throws(HypervisorError) {
      return try FileStream(file, loader: self)
    } catch { throw BootError(error).at(file.name) }
  }

  func unpack(
    _ file: GuestFile, into payload: PayloadFrames
  ) throws(BootError) -> LoadedKernel {
    let stream = try openStream(file)
    defer { stream.end() }
    try Fault.check(.buffers)
    let free = FrameAllocator.freeCount
    let limit = free > FrameList.reserve ? (free - FrameList.reserve) * 4096 : 0
    var loader = KernelLoader(source: stream, memory: payload, decoderMemoryLimit: limit)
    do throws(KernelLoadError<BlockError, MemoryError>) {
      let loaded = try loader.load()
      kernelKind = loaded.kindName
      copiedByteCount = loaded.copiedByteCount
      readByteCount = file.byteCount
      return loaded
    } catch {
      if case .image(.elf32) = error { isKernel32Bit = true }
      throw BootError(error).at(file.name)
    }
  }

  /// Reads each file into the frames that `frames` tells for its index and its size in bytes.
  func read(
    _ initrds: [GuestFile], into frames: (Int, UInt64) -> ArraySlice<UInt64>
  ) throws(BootError) {
    times.enter(.ramdisks, now: hypervisor.now)
    defer { times.enter(.handOver, now: hypervisor.now) }
    for (index, file) in initrds.enumerated() {
      let frames = frames(index, file.byteCount)
      do throws(BlockError) {
        let plan = try ReadPlan(
          file.extents, on: file.volume,
          target: ReadPlan.Target(frames: BlockIO.FrameRange.runs(frames)))
        let disks = file.disks
        try disks.submit(plan)
        try disks.finishReading(hypervisor) { self.loadingGoesOn(disks.completedByteCount) }
        let direct = disks.completedByteCount
        var reader = ExtentReader(file.volume)
        try disks.finish(plan, reader: &reader) { byteCount in
          self.loadingGoesOn(Checked.sum(direct, byteCount) ?? .max)
        }
        readByteCount = Checked.sum(readByteCount, file.byteCount) ?? .max
      } catch { throw BootError(error).at(file.name) }
    }
  }
}
