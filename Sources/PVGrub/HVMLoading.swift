// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import DomainBuilder
import KernelImage
import MiniOS
import XenFrontends

extension Loader {
  /// Loads kernel and initrds to their addresses in a new PVH domain; nothing is lost on failure.
  /// The kernel is unpacked and entered by its note, unless the host or the kernel wants otherwise.
  func loadHVM(_ files: GuestBootFiles) throws(BootError) -> HVMDomain {
    if options.kernelStart == .entry {
      if let domain = try loadHVM(files, asBzImage: false) { return domain }
      say("pvgrub-swift: the kernel has no PVH entry: it starts by Linux's boot protocol")
    }
    guard let domain = try loadHVM(files, asBzImage: true) else {
      throw BootError(KernelImageError.notAKernel).at(files.kernel.name)
    }
    return domain
  }

  /// Nil, and nothing lost, if the kernel is to be started as a bzImage.
  private func loadHVM(
    _ files: GuestBootFiles, asBzImage: Bool
  ) throws(BootError) -> HVMDomain? {
    let modules = try HVMModules(
      files, host: ramdisk, memoryByteCount: info.frameCount * 4096)
    let request = HVMRequest(
      memoryMap: info.populatedRegions, free: [], kernel: 0..<0,
      moduleByteCounts: modules.byteCounts,
      dataByteCount: UInt64(files.commandLine.count))
    let payload = PayloadFrames(.pvh(request))
    let ahead = RamdisksAhead(
      files, .pvh(request, modules), payload: payload, hypervisor: hypervisor)
    return try loadAhead(files, ahead) { ahead throws(BootError) in
      let payload = ahead == nil ? PayloadFrames(payload.target) : payload
      return try self.loadHVM(files, modules, request, payload, ahead, asBzImage: asBzImage)
    }
  }

  private func loadHVM(
    _ files: GuestBootFiles, _ modules: HVMModules, _ presumed: HVMRequest,
    _ payload: PayloadFrames, _ ahead: RamdisksAhead?, asBzImage: Bool
  ) throws(BootError) -> HVMDomain? {
    var request = presumed
    var domain: HVMDomain?
    func giveUp() {
      ahead?.cancel()
      abandon {
        ahead?.release()
        if let domain { domain.release() } else { payload.release() }
      }
    }
    do throws(BootError) {
      let entry =
        asBzImage
        ? try loadCode(files, payload, ahead) : try loadPayload(files, payload, ahead)
      guard let entry else {
        giveUp()
        return nil
      }
      try Fault.check(.notes)
      if asBzImage, modules.byteCounts.count > 1 {
        throw BootError(
          .unsupported, "Linux's boot protocol has no list of modules: use initrd, not module")
      }
      request.kernel = entry.memory
      request.dataByteCount = try dataByteCount(files, modules, entry)
      let new = try HVMDomain(
        payload: payload, request, entry: entry, modules: modules, ramdisk: ramdisk,
        taken: ahead?.modules ?? [])
      domain = new
      ahead?.forgetModules()
      try Fault.check(.moduleFrames)
      try read(files, ahead) { index, byteCount in
        modules.frames(ofFile: index, byteCount: byteCount, in: new.moduleFrames)
      }
      try Fault.check(.module)
      return new
    } catch {
      giveUp()
      throw error
    }
  }

  /// Unpacks the kernel; nil if it has no entry for PVH, and can be started as a bzImage.
  private func loadPayload(
    _ files: GuestBootFiles, _ payload: PayloadFrames, _ ahead: RamdisksAhead?
  ) throws(BootError) -> HVMDomain.Entry? {
    let loaded = try unpack(files.kernel, into: payload, ahead)
    do throws(KernelImageError) {
      return .protected(try loaded.pvhKernel())
    } catch {
      if error == .onlyPV, loaded.canStartItself { return nil }
      throw BootError(error).at(files.kernel.name)
    }
  }

  /// Loads a bzImage as it is.
  private func loadCode(
    _ files: GuestBootFiles, _ payload: PayloadFrames, _ ahead: RamdisksAhead?
  ) throws(BootError) -> HVMDomain.Entry? {
    let file = files.kernel
    let stream = try openStream(file, ahead)
    defer { stream.end() }
    try Fault.check(.buffers)
    var loader = BootProtocolLoader(source: stream, memory: payload)
    do throws(KernelLoadError<BlockError, MemoryError>) {
      let header = try loader.load()
      kernelKind = "bzImage that unpacks itself"
      readByteCount = file.byteCount
      return .long(header)
    } catch { throw BootError(error).at(file.name) }
  }

  /// The size of what tells the kernel everything.
  private func dataByteCount(
    _ files: GuestBootFiles, _ modules: HVMModules, _ entry: HVMDomain.Entry
  ) throws(BootError) -> UInt64 {
    do throws(DomainBuilderError) {
      switch entry {
      case .protected:
        return try HVMStartInfo.byteCount(
          regionCount: info.regions.count, moduleLines: modules.commandLines,
          commandLine: files.commandLine)
      case .long(let header):
        return try BootParameters.byteCount(
          header, regionCount: info.regions.count,
          commandLineByteCount: files.commandLine.count)
      }
    } catch { throw BootError(error) }
  }
}
