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

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .memoryTooSmall, .memoryTooLarge, .commandLineTooLong: .wrongRequest
    case .kernelOutOfReach, .mappingOutOfReach: .unsupported
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
    }
  }
}
