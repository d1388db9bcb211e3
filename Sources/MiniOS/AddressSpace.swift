// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine

/// The domain's page tables. In PV Xen owns them, and entries hold machine frames (xen.h,
/// `mmu_update`); in PVH they are ours, and a machine frame is the frame. `PageTables` writes the
/// entries; tables are looked at through one scratch page.
///
/// In both modes a frame that nobody uses is mapped nowhere. What is mapped at its own address,
/// frame times 4096: the image, what Xen told at the entry, the rings of console and xenstore. In
/// PVH `StubDomain.stop` maps all below 4 GiB so, for the hand-over.
enum AddressSpace {
  /// What entries are made of (`PageTableEntry`).
  enum Entry {
    static let present = PageTableEntry.present
    static let large = PageTableEntry.large
    static let frameMask = PageTableEntry.frameMask
    /// Ordinary memory.
    static let memory = PageTableEntry.page | PageTableEntry.noExecute
    /// Memory that may only be read; constants.
    static let readOnly = memory & ~PageTableEntry.writable
    /// Code: it may not be written.
    static let code = PageTableEntry.page & ~PageTableEntry.writable
    /// The page of a hand-over: executable in both address spaces, the new kernel's first stack.
    static let all = PageTableEntry.page
    static let table = PageTableEntry.table

    /// The bits of an L1 entry for what may be done with its page.
    static func bits(_ access: PageAccess) -> UInt64 {
      switch access {
      case .readWrite: memory
      case .readOnly: readOnly
      case .all: all
      }
    }
  }

  /// The addresses of MiniOS: four GiB in one L4 slot, behind the slot for the p2m list.
  static let start: UInt64 = 0x100_0000_0000
  /// Where the heap is; 1 GiB.
  static let heapStart = start
  /// Where the grant table is mapped.
  static let grantTableStart = start + 0xf000_0000
  /// What is between them is for whoever runs on this kernel, less the pages of `FrameWindow`.
  static let window = start + 0x4000_0000..<start + 0xe000_0000

  nonisolated(unsafe) static var l4MachineFrame: UInt64 = 0
  nonisolated(unsafe) static var p2m: UnsafeMutablePointer<UInt64>?
  nonisolated(unsafe) static var frameCount: UInt64 = 0
  nonisolated(unsafe) static var tableFrameCount = 0
  nonisolated(unsafe) static var cachedRegion: UInt64 = .max
  nonisolated(unsafe) static var cachedL1: UInt64 = 0

  /// Where Xen has its table from machine frame to frame (`MACH2PHYS_VIRT_START`); tests have it
  /// elsewhere.
  nonisolated(unsafe) static var machineTableAddress: UInt = 0xffff_8000_0000_0000

  /// Set while a new domain stands beside this one: its tables map frames as they are now, and a
  /// new table among them would be refused.
  nonisolated(unsafe) static var tablesAreFrozen = false

  /// No table is known yet: once in an image, once for each guest in a test.
  static func forget() {
    tableFrameCount = 0
    cachedRegion = .max
    tablesAreFrozen = false
  }

  /// Takes over the page tables in the image, which map nothing but the image.
  static func startPVH() {
    forget()
    PageTables.narrow()
    l4MachineFrame = PageTables.bootL4Frame
  }

  /// The machine frame of the domain's frame `frame`: in PVH the same.
  static func machineFrame(of frame: UInt64) -> UInt64 {
    if StubDomain.mode == .pvh { return frame }
    guard frame < frameCount, let p2m else { preconditionFailure("frame outside the domain") }
    return p2m[Int(frame)]
  }

  /// The domain's frame with machine frame `machineFrame`, by Xen's table at the start of its
  /// range; in PVH the same.
  static func frame(ofMachine machineFrame: UInt64) -> UInt64 {
    if StubDomain.mode == .pvh { return machineFrame }
    guard let table = UnsafePointer<UInt64>(bitPattern: machineTableAddress) else {
      preconditionFailure("not a null address")
    }
    // SAFETY: Xen maps the machine-to-physical table here, readable, for every PV domain.
    return table[Int(machineFrame)]
  }

  /// The machine frame of the L4 table in use.
  static var baseMachineFrame: UInt64 { l4MachineFrame }

  /// The frames of all page tables in use; in PVH those inside the image are not among them.
  static var tableFrames: UnsafeBufferPointer<UInt64> {
    UnsafeBufferPointer(start: minios_table_frames(), count: tableFrameCount)
  }

  static func noteTable(_ frame: UInt64) {
    precondition(tableFrameCount < Int(MINIOS_TABLE_FRAME_MAX), "too many page tables")
    minios_table_frames()[tableFrameCount] = frame
    tableFrameCount += 1
  }

  static func readEntry(table machineFrame: UInt64, index: Int) -> UInt64 {
    let scratch = minios_scratch_page()
    let entry = machineFrame << 12 | Entry.readOnly
    guard PageTables.setMapping(scratch, entry: entry) == 0,
      let table = UnsafePointer<UInt64>(bitPattern: UInt(scratch))
    else { preconditionFailure("a page table can be read") }
    return table[index]
  }

  static func writeEntry(table machineFrame: UInt64, index: Int, _ value: UInt64) -> Int64 {
    let buffer = minios_update_buffer()
    buffer[0] = machineFrame << 12 | UInt64(index * 8)
    buffer[1] = value
    return PageTables.apply(buffer, count: 1)
  }
}
