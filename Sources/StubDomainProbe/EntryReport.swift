// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen

/// What a kernel finds at its PV entry, looked at before MiniOS changes anything: no heap, no trap
/// table, and the mapping that whoever built the domain made. Addresses are frame numbers times
/// 4096, since this image's `VIRT_BASE` is 0.
struct EntryReport {
  /// How many different combinations of entry flags are counted.
  static let flagKindCountMax = 8

  /// Properties of the first mapping's page tables.
  struct Tables {
    /// Flags that entries of the lowest level have, and how many have them.
    var kinds = InlineArray<8, UInt64>(repeating: 0)
    var kindCounts = InlineArray<8, UInt64>(repeating: 0)
    var kindCount = 0
    /// Flags that all entries of the upper levels have, and those that any has.
    var upperAll = UInt64.max
    var upperAny: UInt64 = 0
    var tableCount: UInt64 = 0
    /// Tables outside of the first mapping: those of a p2m list at an address of its own.
    var distantTableCount: UInt64 = 0
    /// Entries that map another frame than their address says.
    var wrongFrameCount: UInt64 = 0
    /// Entries that may not be written, and those of them that map a table.
    var readOnlyCount: UInt64 = 0
    var readOnlyTableCount: UInt64 = 0
    var firstAddress = UInt64.max
    var endAddress: UInt64 = 0
  }

  private(set) var tables = Tables()
  /// Frames whose machine frame has another number in Xen's table.
  private(set) var wrongNumberCount: UInt64 = 0
  /// Pages between the boot stack and the end of the mapping that are not zeros.
  private(set) var usedSlackPageCount: UInt64 = 0
  /// Ring indices: console in and out, xenstore requests and responses, producer and consumer.
  private(set) var ringIndices = InlineArray<8, UInt32>(repeating: 0)
  private(set) var consoleConnection: UInt32 = 0
  private(set) var storeConnection: UInt32 = 0
  private(set) var storeError: UInt32 = 0

  private static let frameMask: UInt64 = 0x000f_ffff_ffff_f000
  /// Where Xen has its table from machine frame to frame.
  private static let machineTable: UInt = 0xffff_8000_0000_0000

  /// Looks at everything.
  init() {
    guard let page = UnsafePointer<start_info>(bitPattern: UInt(minios_start_info())),
      minios_is_pvh() == 0
    else { return }
    // SAFETY: Xen's entry contract maps the page, the list, the tables and both rings.
    let info = page.pointee
    walk(info)
    compareNumbers(info)
    lookAtSlack(info)
    lookAtRings(info)
  }

  private static func frame(ofMachine frame: UInt64) -> UInt64 {
    UnsafePointer<UInt64>(bitPattern: machineTable)?[Int(frame)] ?? 0
  }

  private static func words(_ frame: UInt64) -> UnsafePointer<UInt64>? {
    UnsafePointer(bitPattern: UInt(frame << 12))
  }

  private mutating func walk(_ info: start_info) {
    let first = UInt64(info.pt_base) >> 12
    walk(first, level: 4, address: 0, tableFrames: first..<first + UInt64(info.nr_pt_frames))
  }

  /// Goes through the table in `frame`; the levels end the recursion.
  private mutating func walk(
    _ frame: UInt64, level: Int, address: UInt64, tableFrames: Range<UInt64>
  ) {
    guard tableFrames.contains(frame), let table = Self.words(frame) else {
      tables.distantTableCount += 1
      return
    }
    tables.tableCount += 1
    let shift = UInt64(12 + 9 * (level - 1))
    // Slots 256 to 271 of the root are Xen's.
    for index in 0..<512 where level < 4 || !(256..<272).contains(index) {
      let entry = table[index]
      guard entry & 1 != 0 else { continue }
      let below = Self.frame(ofMachine: (entry & Self.frameMask) >> 12)
      let at = address | UInt64(index) << shift
      if level == 1 {
        note(entry & ~Self.frameMask, frame: below, address: at, tableFrames: tableFrames)
      } else {
        tables.upperAll &= entry & ~Self.frameMask
        tables.upperAny |= entry & ~Self.frameMask
        walk(below, level: level - 1, address: at, tableFrames: tableFrames)
      }
    }
  }

  private mutating func note(
    _ flags: UInt64, frame: UInt64, address: UInt64, tableFrames: Range<UInt64>
  ) {
    tables.firstAddress = min(tables.firstAddress, address)
    tables.endAddress = max(tables.endAddress, address + 4096)
    if frame != address >> 12 { tables.wrongFrameCount += 1 }
    if flags & 2 == 0 {
      tables.readOnlyCount += 1
      if tableFrames.contains(frame) { tables.readOnlyTableCount += 1 }
    }
    for index in 0..<tables.kindCount where tables.kinds[index] == flags {
      tables.kindCounts[index] += 1
      return
    }
    guard tables.kindCount < Self.flagKindCountMax else { return }
    tables.kinds[tables.kindCount] = flags
    tables.kindCounts[tables.kindCount] = 1
    tables.kindCount += 1
  }

  private mutating func compareNumbers(_ info: start_info) {
    guard let list = UnsafePointer<UInt64>(bitPattern: UInt(info.mfn_list)) else { return }
    for frame in 0..<UInt64(info.nr_pages)
    where Self.frame(ofMachine: list[Int(frame)]) != frame { wrongNumberCount += 1 }
  }

  private mutating func lookAtSlack(_ info: start_info) {
    // The boot stack follows the tables.
    let start = (UInt64(info.pt_base) >> 12) + UInt64(info.nr_pt_frames) + 1
    for frame in start..<max(start, tables.endAddress >> 12) {
      guard let page = Self.words(frame) else { continue }
      for index in 0..<512 where page[index] != 0 {
        usedSlackPageCount += 1
        break
      }
    }
  }

  private mutating func lookAtRings(_ info: start_info) {
    func indices(_ machineFrame: UInt64, _ offset: UInt) -> UnsafePointer<UInt32>? {
      UnsafePointer(bitPattern: UInt(Self.frame(ofMachine: machineFrame) << 12) + offset)
    }
    if let console = indices(UInt64(info.console.domU.mfn), 3072) {
      // in_cons, in_prod, out_cons, out_prod, connection
      for index in 0..<4 { ringIndices[index] = console[index] }
      consoleConnection = console[4] & 0xff
    }
    if let store = indices(UInt64(info.store_mfn), 2048) {
      // req_cons, req_prod, rsp_cons, rsp_prod, features, connection, error
      for index in 0..<4 { ringIndices[4 + index] = store[index] }
      storeConnection = store[5]
      storeError = store[6]
    }
  }
}
