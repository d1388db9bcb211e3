// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import StubMachine

/// What Xen's PV builder mapped at the start: who needs it, who may write it.
enum BootMemory {
  /// A part of memory that is in use: image, ring, table, list or module.
  private struct Used {
    var first: UInt64
    var end: UInt64
  }

  /// The end of the boot mapping as a frame number. It starts at 0, ends at a multiple of 4 MiB
  /// and is made of small pages, so that the number of its tables tells its size; 0 if it can't be.
  static func mappedEnd(tableCount: UInt64) -> UInt64 {
    var l2Count: UInt64 = 1
    while l2Count < 512, tableCount > 2 + l2Count {
      let l1Count = tableCount - 2 - l2Count
      if (l1Count + 511) / 512 == l2Count { return l1Count * 512 }
      l2Count += 1
    }
    return 0
  }

  /// Frees every frame that nobody uses; those in the boot mapping are unmapped first, page 0 and
  /// Xen's boot stack among them.
  static func freeUnused(_ info: borrowing BootInfo) {
    let tables = info.pageTables.address >> 12
    let listFrameCount = (info.frameCount * 8 + 4095) / 4096
    let list =
      info.p2mFrames.count > 0
      ? Used(first: info.p2mFrames.first, end: info.p2mFrames.first + info.p2mFrames.count)
      : Used(first: info.p2mAddress >> 12, end: info.p2mAddress >> 12 + listFrameCount)
    let store = AddressSpace.frame(ofMachine: info.store.machineFrame)
    let console = AddressSpace.frame(ofMachine: info.console.machineFrame)
    let moduleEnd = info.module.firstFrame + (info.module.byteCount + 4095) / 4096
    var used: InlineArray<7, Used> = [
      Used(first: minios_text_start() >> 12, end: minios_image_end() >> 12),
      Used(first: info.address >> 12, end: info.address >> 12 + 1),
      Used(first: store, end: store + 1),
      Used(first: console, end: console + 1),
      Used(first: tables, end: tables + info.pageTables.frameCount),
      list,
      Used(first: info.module.firstFrame, end: moduleEnd),
    ]
    sort(&used)
    let mappedEnd = mappedEnd(tableCount: info.pageTables.frameCount)
    var position: UInt64 = 0
    for index in 0..<used.count {
      free(from: position, to: min(used[index].first, info.frameCount), mappedEnd: mappedEnd)
      position = max(position, used[index].end)
    }
    free(from: position, to: info.frameCount, mappedEnd: mappedEnd)
  }

  private static func sort(_ used: inout InlineArray<7, Used>) {
    for index in 1..<used.count {
      var position = index
      while position > 0, used[position].first < used[position - 1].first {
        used.swapAt(position, position - 1)
        position -= 1
      }
    }
  }

  private static func free(from first: UInt64, to end: UInt64, mappedEnd: UInt64) {
    guard first < end else { return }
    let unmapEnd = min(end, mappedEnd)
    if first < unmapEnd { AddressSpace.unmap(first << 12, count: Int(unmapEnd - first)) }
    Frames.free.free(first..<end)
  }

  /// Text can't be written, data can't be executed, and the page under the stack is not there
  /// (decision 11).
  static func protectImage() {
    protect(minios_text_start(), to: minios_text_end(), AddressSpace.Entry.code)
    protect(minios_text_end(), to: minios_rodata_end(), AddressSpace.Entry.readOnly)
    protect(minios_rodata_end(), to: minios_image_end(), AddressSpace.Entry.memory)
    AddressSpace.unmap(minios_stack_guard(), count: 1)
  }

  private static func protect(_ start: UInt64, to end: UInt64, _ bits: UInt64) {
    _ = AddressSpace.set(start, count: Int((end - start) >> 12)) { index in
      AddressSpace.machineFrame(of: start >> 12 + UInt64(index)) << 12 | bits
    }
  }
}
