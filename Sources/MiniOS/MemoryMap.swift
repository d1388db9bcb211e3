// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import StubMachine

/// A PVH domain's memory map. Reading it needs no heap; Xen may give it in any order.
struct MemoryMap {
  private let entries: UnsafeBufferPointer<hvm_memmap_table_entry>

  /// The map in `entries`, which must stay where they are.
  init(_ entries: UnsafeBufferPointer<hvm_memmap_table_entry>) { self.entries = entries }

  /// How many entries there are.
  var count: Int { entries.count }

  /// Entry `index`, below `count`.
  subscript(index: Int) -> MemoryMapEntry {
    let entry = entries[index]
    return MemoryMapEntry(address: entry.addr, byteCount: entry.size, type: entry.type)
  }

  /// The frames of entry `index`: if it is RAM those that lie in it whole, else all it touches.
  private func frames(_ index: Int) -> Range<UInt64> {
    let entry = self[index]
    let (sum, isOver) = entry.address.addingReportingOverflow(entry.byteCount)
    let end = isOver ? .max : sum
    guard entry.type == UInt32(XEN_HVM_MEMMAP_TYPE_RAM) else {
      return entry.address >> 12..<max(entry.address, end - (end > 0 ? 1 : 0)) >> 12 + 1
    }
    let first = entry.address >> 12 + (entry.address & 4095 == 0 ? 0 : 1)
    return first..<max(first, end >> 12)
  }

  /// The frames of RAM of entry `index`; none if it is of another type.
  func ram(_ index: Int) -> Range<UInt64> {
    self[index].type == UInt32(XEN_HVM_MEMMAP_TYPE_RAM) ? frames(index) : 0..<0
  }

  /// The number of frames of RAM.
  var ramFrameCount: UInt64 {
    var sum: UInt64 = 0
    for index in 0..<count { sum &+= UInt64(ram(index).count) }
    return sum
  }

  /// The lowest `frameCount` frames in a row that no entry has, from 1 MiB to where the local
  /// interrupt controllers are; nil if there are none.
  func hole(frameCount: UInt64) -> Range<UInt64>? {
    var first = Self.holeLimits.lowerBound
    // Each round that goes on steps over an entry, and none is stepped over twice.
    for _ in 0...count {
      let wanted = first..<first + frameCount
      guard wanted.upperBound <= Self.holeLimits.upperBound else { return nil }
      var isFree = true
      for index in 0..<count where frames(index).overlaps(wanted) {
        first = max(first, frames(index).upperBound)
        isFree = false
      }
      if isFree { return wanted }
      guard first < Self.holeLimits.upperBound else { return nil }
    }
    return nil
  }

  /// 1 MiB, and the I/O APIC's page (Intel's default, which Xen keeps).
  private static let holeLimits: Range<UInt64> = 0x100..<0xfec00
}
