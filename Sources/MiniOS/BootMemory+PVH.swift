// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import StubMachine

extension BootMemory {
  /// Gives the allocator all RAM but what is in use. Touches none of it: a guest with
  /// populate-on-demand gets only the frames that are there, those with the lowest numbers.
  ///
  /// Not RAM by the memory map, and so nobody's: ACPI tables, the rings, what Xen reserves.
  static func freeUnusedPVH(_ info: borrowing BootInfo) {
    var left = info.frameCount
    for index in 0..<info.map.count {
      let ram = info.map.ram(index)
      let count = min(UInt64(ram.count), left)
      Frames.free.free(ram.lowerBound..<ram.lowerBound + count)
      left -= count
    }
    for frame in info.imageFrames { _ = Frames.free.take(from: frame, countMax: 1) }
    info.forEachBootArea { address, byteCount, _ in
      for frame in frames(address, byteCount) { _ = Frames.free.take(from: frame, countMax: 1) }
    }
  }

  private static func frames(_ address: UInt64, _ byteCount: UInt64) -> Range<UInt64> {
    let (sum, isOver) = address.addingReportingOverflow(byteCount)
    let end = isOver || sum > 1 << 52 ? address : sum
    return address >> 12..<max(address >> 12, (end + 4095) >> 12)
  }

  /// Leaves the entry's page tables and maps what is read besides the image, at the same
  /// addresses: what Xen told, read-only, and the rings of console and xenstore.
  static func mapPVH(_ info: borrowing BootInfo) {
    // A list, since it can't be read any more once the tables are narrow.
    var areas = InlineArray<8, (UInt64, UInt64)>(repeating: (0, 0))
    var count = 0
    info.forEachBootArea { address, byteCount, isModule in
      guard !isModule, count < areas.count else { return }
      areas[count] = (address, byteCount)
      count += 1
    }
    AddressSpace.startPVH()
    for index in 0..<count {
      AddressSpace.mapIdentity(
        areas[index].0, byteCount: areas[index].1, AddressSpace.Entry.readOnly)
    }
    for ring in [info.store.machineFrame, info.console.machineFrame] where ring > 0 {
      AddressSpace.mapIdentity(ring << 12, byteCount: 4096, AddressSpace.Entry.memory)
    }
  }
}
