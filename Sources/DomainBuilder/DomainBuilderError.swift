// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why the domain can't be rebuilt.
public enum DomainBuilderError: BootFailure {
  /// The guest has fewer pages than kernel, module and tables need.
  case memoryTooSmall(neededPageCount: UInt64, pageCount: UInt64)
  /// The guest has more pages than the planner reckons with.
  case memoryTooLarge(pageCount: UInt64)
  /// The kernel wants to be at a pseudo-physical address beyond any guest.
  case kernelOutOfReach(physicalAddress: UInt64)
  /// The first mapping would leave the addresses that a PV guest owns.
  case mappingOutOfReach(virtualAddress: UInt64, byteCount: UInt64)
  /// The command line does not fit into the start_info page. Both in bytes, without terminator.
  case commandLineTooLong(byteCount: Int, byteCountMax: Int)
  /// A range of frames that are to be moved leaves its area.
  case placementOutside(frame: UInt64, limit: UInt64)
  /// A frame that is to be at two places, or a place for two frames.
  case placementsOverlap(frame: UInt64)
  /// Fewer frames were given than their place is for.
  case placementTooShort(frameCount: UInt64, neededFrameCount: UInt64)
  /// No frames are left outside of the new domain's first mapping.
  case noFramesOutside(neededFrameCount: UInt64, frameCount: UInt64)
  /// The kernel wants to be at addresses of a PVH guest that are not memory.
  case kernelOutsideMemory(physicalAddress: UInt64)
  /// No piece of a PVH guest's free memory is large enough for a module.
  case noRoomForModule(byteCount: UInt64, largestByteCount: UInt64)
  /// No piece of a PVH guest's free memory takes what tells the kernel where everything is.
  case noRoomForData(byteCount: UInt64)
  /// A memory map with more entries than the limit.
  case memoryMapTooLong(entryCount: Int, entryCountMax: Int)
  /// More modules than the limit.
  case tooManyModules(count: Int, countMax: Int)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .memoryTooSmall, .memoryTooLarge, .commandLineTooLong, .noRoomForModule, .noRoomForData,
      .tooManyModules:
      .wrongRequest
    case .kernelOutOfReach, .mappingOutOfReach, .kernelOutsideMemory, .memoryMapTooLong:
      .unsupported
    case .placementOutside, .placementsOverlap, .placementTooShort, .noFramesOutside: .device
    }
  }

  /// One line that says what an administrator can do, or where the check failed.
  public var message: ByteString {
    switch self {
    case .memoryTooSmall(let needed, let pageCount):
      "this kernel needs at least \((needed + 255) / 256) MiB of memory to start "
        + "(\(needed * 4) KiB), the guest has \(pageCount / 256) MiB (\(pageCount * 4) KiB)"
    case .memoryTooLarge(let pageCount): "a guest of \(pageCount) pages is too large"
    case .kernelOutOfReach(let address):
      "the kernel wants to be at the physical address \(hex: address), beyond any guest"
    case .mappingOutOfReach(let address, let count):
      "\(count >> 20) MiB can't be mapped at the virtual address \(hex: address)"
    case .commandLineTooLong(let count, let limit):
      "the command line has \(count) bytes, at most \(limit) are possible"
    case .placementOutside(let frame, let limit):
      "frame \(hex: frame) is to be moved, which is beyond \(hex: limit)"
    case .placementsOverlap(let frame): "frame \(hex: frame) is to be moved twice"
    case .placementTooShort(let count, let needed): "\(count) frames were given for \(needed)"
    case .noFramesOutside(let needed, let count):
      "\(needed) frames are needed outside of the first mapping, there are \(count)"
    case .kernelOutsideMemory(let address):
      "the kernel wants to be at the address \(hex: address), which is no memory of this guest"
    case .noRoomForModule(let count, let largest):
      "the guest's memory is too small for an initrd of \(count >> 10) KiB: the largest free "
        + "piece has \(largest >> 10) KiB"
    case .noRoomForData(let count):
      "the guest's memory is too small: no free piece for \(count) bytes of start information"
    case .memoryMapTooLong(let count, let limit):
      "Xen's memory map has \(count) entries, at most \(limit) are possible"
    case .tooManyModules(let count, let limit):
      "\(count) modules, at most \(limit) are possible"
    }
  }
}
