// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine

/// What only a PV domain has: tables that Xen owns, and lists of frame numbers.
extension AddressSpace {
  /// Takes over the page tables that Xen's PV builder made.
  static func startPV(_ info: borrowing BootInfo) {
    forget()
    p2m = UnsafeMutablePointer(bitPattern: UInt(info.p2mAddress))
    frameCount = info.frameCount
    l4MachineFrame = machineFrame(of: info.pageTables.address >> 12)
    for index in 0..<info.pageTables.frameCount {
      noteTable(info.pageTables.address >> 12 + index)
    }
    if info.p2mFrames.count > 0 { noteTables(of: info.p2mAddress, byteCount: frameCount * 8) }
  }

  /// PV: notes the tables that map a p2m list outside of the boot mapping. libxenguest has them
  /// behind the list's frames, Xen's own builder, which makes the guest of its shim, before.
  static func noteTables(of address: UInt64, byteCount: UInt64) {
    var known = InlineArray<3, UInt64>(repeating: .max)
    var position = address
    while position < address + byteCount {
      _ = walk(position) { level, table in
        if known[level] != table { noteTable(frame(ofMachine: table)) }
        known[level] = table
      }
      position += 1 << 21
    }
    PageTables.setMapping(minios_scratch_page(), entry: 0)
  }

  /// Shows the tables below the L4 that map `address`, from the L3 down; gives the machine frame of
  /// the large page that maps it instead of an L1, if one does.
  static func walk(_ address: UInt64, _ visit: (Int, UInt64) -> Void) -> UInt64? {
    var table = l4MachineFrame
    for level in 0..<3 {
      let entry = readEntry(table: table, index: Int(address >> (39 - 9 * UInt64(level)) & 511))
      guard entry & Entry.present != 0 else { return nil }
      table = (entry & Entry.frameMask) >> 12
      if entry & Entry.large != 0 { return table }
      visit(level, table)
    }
    return nil
  }

  /// PV: the frames of the p2m list, `count` pages from `address` on.
  static func listFrames(at address: UInt64, count: Int) -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(count)
    while result.count < count {
      let position = address + UInt64(result.count) * 4096
      let first = position >> 12 & 511
      let batch = min(count - result.count, Int(512 - first))
      guard let large = walk(position, { _, _ in }) else {
        result += frames(at: position, count: batch)
        continue
      }
      for index in 0..<UInt64(batch) { result.append(frame(ofMachine: large + first + index)) }
    }
    PageTables.setMapping(minios_scratch_page(), entry: 0)
    return result
  }

  /// PV: the p2m list itself, for the hand-over.
  static var p2mList: UnsafeMutableBufferPointer<UInt64> {
    UnsafeMutableBufferPointer(start: p2m, count: Int(frameCount))
  }

  /// PV: pins a root table: Xen checks it and all below it. The result is 0 or an errno.
  static func pin(_ machineFrame: UInt64) -> Int {
    Int(-Hypercall.extended(MMUEXT_PIN_L4_TABLE, argument: machineFrame))
  }

  /// PV: unpins a root table.
  static func unpin(_ machineFrame: UInt64) {
    Hypercall.extended(MMUEXT_UNPIN_TABLE, argument: machineFrame)
  }

  /// PV: tells Xen the numbers of machine frames: its table from machine frame to frame.
  static func updateMachineTable(
    count: Int, _ pair: (Int) -> (machineFrame: UInt64, frame: UInt64)
  ) -> Bool {
    let buffer = minios_update_buffer()
    var done = 0
    while done < count {
      let batch = min(count - done, Int(MINIOS_UPDATE_MAX))
      for step in 0..<batch {
        let (machineFrame, frame) = pair(done + step)
        buffer[2 * step] = machineFrame << 12 | 1 /* MMU_MACHPHYS_UPDATE */
        buffer[2 * step + 1] = frame
      }
      guard Hypercall.updatePageTables(buffer, count: batch) == 0 else { return false }
      done += batch
    }
    return true
  }
}
