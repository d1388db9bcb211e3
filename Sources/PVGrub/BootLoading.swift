// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import MiniOS
import XenFrontends

extension Loader {
  /// Loads kernel and initrds into the frames of a new PV domain; nothing is lost on failure.
  func load(_ files: GuestBootFiles) throws(BootError) -> NewDomain {
    let moduleByteCount = try files.moduleByteCount(memoryByteCount: info.frameCount * 4096)
    let payload = PayloadFrames(
      .pv(pageCount: info.frameCount, moduleByteCount: moduleByteCount))
    var domain: NewDomain?
    do throws(BootError) {
      let loaded = try unpack(files.kernel, into: payload)
      let kernel: PVKernel
      do throws(KernelImageError) {
        kernel = try loaded.pvKernel()
      } catch { throw BootError(error).at(files.kernel.name) }
      do throws(MemoryError) {
        try payload.complete(loaded.layout)
      } catch { throw BootError(error).at(files.kernel.name) }
      let new = try NewDomain(
        payload: payload, kernel: kernel, info: info, moduleByteCount: moduleByteCount)
      domain = new
      try new.takeModuleFrames()
      try read(files.initrds, into: new.module)
      try new.takeOwnFrames()
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

  /// Whether no backend holds a frame of a read any more; closes disks whose backend died.
  private func settleDisks() -> Bool {
    var isSettled = true
    for disk in disks where !disk.settle() { isSettled = false }
    return isSettled
  }

  func unpack(
    _ file: GuestFile, into payload: PayloadFrames
  ) throws(BootError) -> LoadedKernel {
    let stream: FileStream
    do throws(HypervisorError) {
      stream = try FileStream(file, hypervisor: hypervisor)
    } catch { throw BootError(error).at(file.name) }
    defer { stream.end() }
    let free = FrameAllocator.freeCount
    let limit = free > FrameList.reserve ? (free - FrameList.reserve) * 4096 : 0
    var loader = KernelLoader(source: stream, memory: payload, decoderMemoryLimit: limit)
    do throws(KernelLoadError<BlockError, MemoryError>) {
      return try loader.load()
    } catch { throw BootError(error).at(file.name) }
  }

  func read(_ initrds: [GuestFile], into module: FrameList) throws(BootError) {
    var firstFrame = 0
    for file in initrds {
      let count = Int((file.byteCount + 4095) / 4096)
      let frames = module.frames[firstFrame..<firstFrame + count]
      firstFrame += count
      do throws(BlockError) {
        let plan = try ReadPlan(
          file.extents, volumeByteOffset: file.volumeByteOffset, device: file.disk.geometry,
          target: ReadPlan.Target(frames: FileStream.ranges(frames)))
        try file.disk.execute(plan)
        try file.disk.finish(plan)
      } catch { throw BootError(error).at(file.name) }
    }
  }
}
