// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import DomainBuilder
import MiniOS
import XenFrontends

/// Ramdisks that are read while the kernel is unpacked (decision 0053): as soon as the kernel's
/// addresses are known, and if the guest has room for both and the decoder, their frames are taken.
/// With each chunk of the kernel a part of them is asked for, behind it in the rings.
///
/// An error does not say whose read it was: then everything is loaded anew, one file after the
/// other.
final class RamdisksAhead {
  /// What is asked for at a time: 8 MiB. The decoder has three chunks of the kernel before it,
  /// which last longer than these take to come.
  private static let partByteCount: UInt64 = 8 << 20
  /// Frames that stay free for the decoder, page tables and the heap: 16 MiB.
  private static let spareFrameCount: UInt64 = 4096

  /// What a PVH domain's block of data and its list of moves may become, for its modules to stay
  /// out of their way.
  private static let dataByteCount: UInt64 = 64 << 10
  private static let moveCount = 256

  /// What the new domain is.
  enum Domain {
    /// A PV domain with one module; the end of it is the host's.
    case pv(pageCount: UInt64, ModuleLayout, hostFrameCount: UInt64)
    /// A PVH domain; the kernel's addresses are put in.
    case pvh(HVMRequest, HVMModules)
  }

  private let files: GuestBootFiles
  private let domain: Domain
  private let payload: PayloadFrames
  private let hypervisor: XenHypervisor
  /// The frames of the modules, until the domain has them; none if none were taken.
  private(set) var modules: [FrameList] = []
  /// The files, once they have frames.
  private(set) var readings: [FileReading] = []
  /// The file under way.
  private var index = 0
  private var tickets: [DiskTicket] = []
  private var isStopped: Bool
  /// Whether a read failed while ramdisks were under way.
  private(set) var hasFailed = false

  init(
    _ files: GuestBootFiles, _ domain: Domain, payload: PayloadFrames, hypervisor: XenHypervisor
  ) {
    self.files = files
    self.domain = domain
    self.payload = payload
    self.hypervisor = hypervisor
    isStopped = files.initrds.isEmpty
    // The list would have to be filled, and its kernels find their modules elsewhere.
    if case .pv(_, let layout, _) = domain, layout.hasList { isStopped = true }
  }

  /// Whether something was asked for.
  var isUnderWay: Bool { !tickets.isEmpty }

  /// Asks for the next part if the last one is there; for all that is left if all of the kernel
  /// `isRequested`. Not for a decoder that gathers the kernel first: it needs all of its memory at
  /// once, and the disk has done its work by then.
  func goOn(isRequested: Bool) {
    guard !isStopped, payload.pages.frameCount > 0 else { return }
    if readings.isEmpty, !payload.hasWholeWindow { takeFrames() }
    guard isRequested || tickets.isEmpty || files.kernel.disks.areComplete(tickets) else { return }
    repeat {
      while index < readings.count, readings[index].isSubmitted { index += 1 }
      guard index < readings.count, readings[index].file.disks.areSame(as: files.kernel.disks)
      else {
        isStopped = true
        return
      }
      do throws(BlockError) {
        tickets = try readings[index].submit(
          byteCountMax: isRequested ? .max : Self.partByteCount)
      } catch {
        // Whoever reads the rest will see the same, and say so.
        isStopped = true
      }
    } while isRequested && !isStopped
  }

  /// Takes the frames where the domain is going to want them, if there is room.
  private func takeFrames() {
    let kernel = payload.pages
    let missing = kernel.frameCount - min(kernel.frameCount, payload.ledger.pageCount)
    let addresses = kernel.lowerBound * 4096..<kernel.upperBound * 4096
    func hasRoom(_ byteCount: UInt64) -> Bool {
      FrameAllocator.freeCount >= missing + byteCount / 4096 + 1 + Self.spareFrameCount
    }
    switch domain {
    case .pv(let pageCount, let layout, let hostFrameCount):
      guard hasRoom(layout.byteCount) else { return }
      let place = try? DomainPlan.presumedModule(
        kernelAddresses: addresses, pageCount: pageCount, moduleByteCount: layout.byteCount)
      guard let place else { return }
      var module = FrameList()
      do throws(MemoryError) {
        try module.take(
          place.frameCount - hostFrameCount, target: place.lowerBound, for: "an initrd")
      } catch { return module.release() }
      modules = [module]
      begin { index, byteCount in
        layout.frames(ofFile: index, byteCount: byteCount, in: module.frames)
      }
    case .pvh(var request, let modules):
      guard hasRoom(modules.byteCounts.reduce(0) { $0 + $1 + 4096 }) else { return }
      request.kernel = addresses
      request.free = LowFrames.free
      request.dataByteCount += Self.dataByteCount
      request.moveCount = Self.moveCount
      guard let plan = try? HVMPlan(request) else { return }
      for index in plan.modules.indices {
        var list = FrameList()
        guard list.takeAll(plan.moduleFrames(index)), !list.frames.isEmpty else { return release() }
        self.modules.append(list)
      }
      begin { index, byteCount in
        modules.frames(ofFile: index, byteCount: byteCount, in: self.modules)
      }
    }
  }

  private func begin(_ frames: (Int, UInt64) -> ArraySlice<UInt64>) {
    for (index, file) in files.initrds.enumerated() {
      readings.append(FileReading(file, into: frames(index, file.byteCount)))
    }
  }

  /// A read failed: whose it was is not known.
  func noteFailure() { hasFailed = isUnderWay }

  /// The domain has the frames now.
  func forgetModules() { modules = [] }

  /// Waits until nothing is under way, for a load that failed.
  func cancel() {
    guard isUnderWay else { return }
    files.kernel.disks.cancel()
    _ = try? files.kernel.disks.finishReading(hypervisor)
  }

  /// Gives the frames back that no domain has.
  func release() {
    for index in modules.indices { modules[index].release() }
    modules = []
  }
}
