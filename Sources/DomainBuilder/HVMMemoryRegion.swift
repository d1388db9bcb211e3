// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An entry of the memory map of a PVH domain (xen/include/public/arch-x86/hvm/start_info.h,
/// `hvm_memmap_table_entry`).
public struct HVMMemoryRegion: Equatable, Sendable {
  /// `XEN_HVM_MEMMAP_TYPE_RAM`.
  public static let typeRAM: UInt32 = 1
  /// The size of an entry in bytes.
  static let byteCount = 24

  /// The first physical address.
  public var address: UInt64
  /// The number of bytes.
  public var byteCount: UInt64
  /// The type, as the map says.
  public var type: UInt32

  /// An entry.
  public init(address: UInt64, byteCount: UInt64, type: UInt32 = Self.typeRAM) {
    self.address = address
    self.byteCount = byteCount
    self.type = type
  }

  /// The first address behind; the end of the address space if that does not fit.
  private var end: UInt64 {
    let (end, overflow) = address.addingReportingOverflow(byteCount)
    return overflow ? .max : end
  }

  /// The number of frames of RAM in a map.
  public static func frameCount(_ map: [HVMMemoryRegion]) -> UInt64 { frames(map).frameCount }

  /// The frames of which every byte is RAM: what only touches an entry of another type is not.
  static func frames(_ map: [HVMMemoryRegion]) -> FrameSet {
    var memory: [FrameRange] = []
    var other: [FrameRange] = []
    for region in map where region.byteCount > 0 {
      if region.type == typeRAM {
        let first = Page.count(ofBytes: region.address)
        memory.append(first..<max(first, region.end / Page.byteCount))
      } else {
        let first = region.address / Page.byteCount
        other.append(first..<max(first, Page.count(ofBytes: region.end)))
      }
    }
    return FrameSet(memory).subtracting(FrameSet(other))
  }
}
