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
    let layout = try files.moduleLayout(memoryByteCount: info.frameCount * 4096)
    var request = hvmRequest(files, moduleByteCount: layout.byteCount)
    let payload = PayloadFrames(.pvh(request))
    var domain: HVMDomain?
    do throws(BootError) {
      let entry = asBzImage ? try loadCode(files, payload) : try loadPayload(files, payload)
      guard let entry else {
        payload.release()
        return nil
      }
      request.kernel = entry.memory
      request.dataByteCount = try dataByteCount(files, entry)
      let new = try HVMDomain(payload: payload, request, entry: entry)
      domain = new
      if let module = new.modules.first {
        try read(files.initrds) { index, byteCount in
          layout.frames(ofFile: index, byteCount: byteCount, in: module.frames)
        }
      }
      return new
    } catch {
      abandon { if let domain { domain.release() } else { payload.release() } }
      throw error
    }
  }

  /// Unpacks the kernel; nil if it has no entry for PVH, and can be started as a bzImage.
  private func loadPayload(
    _ files: GuestBootFiles, _ payload: PayloadFrames
  ) throws(BootError) -> HVMDomain.Entry? {
    let loaded = try unpack(files.kernel, into: payload)
    do throws(KernelImageError) {
      return .protected(try loaded.pvhKernel())
    } catch {
      if error == .onlyPV, loaded.canStartItself { return nil }
      throw BootError(error).at(files.kernel.name)
    }
  }

  /// Loads a bzImage as it is.
  private func loadCode(
    _ files: GuestBootFiles, _ payload: PayloadFrames
  ) throws(BootError) -> HVMDomain.Entry? {
    let file = files.kernel
    let stream: FileStream
    do throws(HypervisorError) {
      stream = try FileStream(file, hypervisor: hypervisor)
    } catch { throw BootError(error).at(file.name) }
    defer { stream.end() }
    var loader = BootProtocolLoader(source: stream, memory: payload)
    do throws(KernelLoadError<BlockError, MemoryError>) {
      return .long(try loader.load())
    } catch { throw BootError(error).at(file.name) }
  }

  /// What the planner of a PVH domain is asked for, as far as it is known without the kernel.
  private func hvmRequest(_ files: GuestBootFiles, moduleByteCount: UInt64) -> HVMRequest {
    HVMRequest(
      memoryMap: info.regions, free: [], kernel: 0..<0,
      moduleByteCounts: moduleByteCount > 0 ? [moduleByteCount] : [],
      dataByteCount: UInt64(files.commandLine.count))
  }

  /// The size of what tells the kernel everything.
  private func dataByteCount(
    _ files: GuestBootFiles, _ entry: HVMDomain.Entry
  ) throws(BootError) -> UInt64 {
    do throws(DomainBuilderError) {
      switch entry {
      case .protected:
        return try HVMStartInfo.byteCount(
          regionCount: info.regions.count, moduleCount: 1,
          commandLineByteCount: files.commandLine.count)
      case .long(let header):
        return try BootParameters.byteCount(
          header, regionCount: info.regions.count,
          commandLineByteCount: files.commandLine.count)
      }
    } catch { throw BootError(error) }
  }
}
