// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import StubMachine

/// The modules of a PVH domain: all initial ramdisks as one, or each module of a list by itself.
/// What the host gave by `ramdisk=` is the end of the one, or the last of the list; its frames are
/// copied by the last step, which takes the place of a copy now and asks for no memory.
struct HVMModules {
  /// The size of each module in bytes.
  let byteCounts: [UInt64]
  /// The command line of each module.
  let commandLines: [ByteString]
  /// Where each file starts: the module, and its byte.
  private let places: [(module: Int, byteOffset: UInt64)]
  /// Where the host's ramdisk goes.
  private let hostPlace: (module: Int, byteOffset: UInt64)?

  /// The modules of `files`.
  init<M: Machine>(
    _ files: GuestBootFiles<M>, host: HostRamdisk?, memoryByteCount: UInt64
  ) throws(BootError) {
    // Refuses what can't fit, in either form.
    let layout = try files.moduleLayout(
      memoryByteCount: memoryByteCount, hostByteCount: host?.byteCount ?? 0)
    var places: [(module: Int, byteOffset: UInt64)] = []
    if let lines = files.moduleCommandLines {
      var byteCounts: [UInt64] = []
      for file in files.initrds {
        places.append((byteCounts.count, 0))
        byteCounts.append(file.byteCount)
      }
      hostPlace = host == nil ? nil : (byteCounts.count, 0)
      if let host { byteCounts.append(host.byteCount) }
      self.byteCounts = byteCounts
      commandLines = host == nil ? lines : lines + [""]
    } else {
      for start in layout.starts { places.append((0, start)) }
      hostPlace = host == nil ? nil : places.popLast()
      byteCounts = layout.byteCount > 0 ? [layout.byteCount] : []
      commandLines = layout.byteCount > 0 ? [""] : []
    }
    self.places = places
  }

  /// Those of the modules' `frames` that the file `index` of `byteCount` bytes is read into.
  func frames(
    ofFile index: Int, byteCount: UInt64, in frames: [FrameList]
  ) -> ArraySlice<FrameNumber> {
    let place = places[index]
    let first = Int(place.byteOffset / Page.byteCount)
    return frames[place.module].frames[first..<first + Int(Page.count(ofBytes: byteCount))]
  }

  /// What brings the host's ramdisk to its place in `plan`.
  func hostMove(_ host: HostRamdisk?, _ plan: HVMPlan) -> FrameMove? {
    guard let host, let hostPlace else { return nil }
    let start =
      plan.moduleFrames(hostPlace.module).lowerBound + hostPlace.byteOffset / Page.byteCount
    return FrameMove(
      targets: start..<start + UInt64(host.frames.count), source: host.frames.lowerBound)
  }
}
