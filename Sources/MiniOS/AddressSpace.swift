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

  nonisolated(unsafe) private static var l4MachineFrame: UInt64 = 0
  nonisolated(unsafe) private static var p2m: UnsafeMutablePointer<UInt64>?
  nonisolated(unsafe) private static var frameCount: UInt64 = 0
  nonisolated(unsafe) private static var tableFrameCount = 0
  nonisolated(unsafe) private static var cachedRegion: UInt64 = .max
  nonisolated(unsafe) private static var cachedL1: UInt64 = 0

  /// Where Xen has its table from machine frame to frame (`MACH2PHYS_VIRT_START`); tests have it
  /// elsewhere.
  nonisolated(unsafe) static var machineTableAddress: UInt = 0xffff_8000_0000_0000

  /// Set while a new domain stands beside this one: its tables map frames as they are now, and a
  /// new table among them would be refused.
  nonisolated(unsafe) static var tablesAreFrozen = false

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

  /// No table is known yet: once in an image, once for each guest in a test.
  private static func forget() {
    tableFrameCount = 0
    cachedRegion = .max
    tablesAreFrozen = false
  }

  /// PV: notes the tables that map a p2m list outside of the boot mapping. libxenguest has them
  /// behind the list's frames, Xen's own builder, which makes the guest of its shim, before.
  private static func noteTables(of address: UInt64, byteCount: UInt64) {
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
  private static func walk(_ address: UInt64, _ visit: (Int, UInt64) -> Void) -> UInt64? {
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

  /// PV: the p2m list itself, for the hand-over.
  static var p2mList: UnsafeMutableBufferPointer<UInt64> {
    UnsafeMutableBufferPointer(start: p2m, count: Int(frameCount))
  }

  /// The machine frame of the L4 table in use.
  static var baseMachineFrame: UInt64 { l4MachineFrame }

  /// The frames of all page tables in use; in PVH those inside the image are not among them.
  static var tableFrames: UnsafeBufferPointer<UInt64> {
    UnsafeBufferPointer(start: minios_table_frames(), count: tableFrameCount)
  }

  private static func noteTable(_ frame: UInt64) {
    precondition(tableFrameCount < Int(MINIOS_TABLE_FRAME_MAX), "too many page tables")
    minios_table_frames()[tableFrameCount] = frame
    tableFrameCount += 1
  }

  private static func readEntry(table machineFrame: UInt64, index: Int) -> UInt64 {
    let scratch = minios_scratch_page()
    let entry = machineFrame << 12 | Entry.readOnly
    guard PageTables.setMapping(scratch, entry: entry) == 0,
      let table = UnsafePointer<UInt64>(bitPattern: UInt(scratch))
    else { preconditionFailure("a page table can be read") }
    return table[index]
  }

  private static func writeEntry(table machineFrame: UInt64, index: Int, _ value: UInt64) -> Int64 {
    let buffer = minios_update_buffer()
    buffer[0] = machineFrame << 12 | UInt64(index * 8)
    buffer[1] = value
    return PageTables.apply(buffer, count: 1)
  }

  /// A zeroed frame of the domain's that is not mapped, ready to be a table.
  private static func newTable() -> UInt64? {
    precondition(!tablesAreFrozen, "a page table is needed during the hand-over")
    guard let frame = Frames.free.take() else { return nil }
    let scratch = minios_scratch_page()
    let entry = machineFrame(of: frame) << 12 | Entry.memory
    guard PageTables.setMapping(scratch, entry: entry) == 0,
      let page = UnsafeMutableRawPointer(bitPattern: UInt(scratch))
    else {
      Frames.free.free(frame..<frame + 1)
      return nil
    }
    page.initializeMemory(as: UInt64.self, repeating: 0, count: 512)
    PageTables.setMapping(scratch, entry: 0)
    return frame
  }

  /// The machine frame of the L1 table for `address`, made with the tables above it if missing;
  /// nil when memory ran out.
  private static func l1Table(for address: UInt64) -> UInt64? {
    let region = address >> 21
    if region == cachedRegion { return cachedL1 }
    var table = l4MachineFrame
    for shift: UInt64 in [39, 30, 21] {
      let index = Int(address >> shift & 511)
      let entry = readEntry(table: table, index: index)
      if entry & Entry.present != 0 {
        table = (entry & Entry.frameMask) >> 12
        continue
      }
      guard let frame = newTable() else { return nil }
      let new = machineFrame(of: frame)
      guard writeEntry(table: table, index: index, new << 12 | Entry.table) == 0 else {
        Frames.free.free(frame..<frame + 1)
        return nil
      }
      noteTable(frame)
      table = new
    }
    // The scratch page must not keep a table visible: it may be pinned or freed later.
    PageTables.setMapping(minios_scratch_page(), entry: 0)
    cachedRegion = region
    cachedL1 = table
    return table
  }

  /// Makes sure that `address` has an L1 table.
  static func prepareTables(for address: UInt64) -> Bool { l1Table(for: address) != nil }

  /// Sets the entries of `count` pages from `address` on to what `entry` gives for each index.
  /// False when memory for tables ran out or Xen refused; what was set stays set.
  static func set(
    _ address: UInt64, count: Int, entry: (Int) -> UInt64
  ) -> Bool {
    let buffer = minios_update_buffer()
    var done = 0
    while done < count {
      let position = address + UInt64(done) * 4096
      guard let table = l1Table(for: position) else { return false }
      let first = Int(position >> 12 & 511)
      let batch = min(count - done, 512 - first)
      for step in 0..<batch {
        buffer[2 * step] = table << 12 | UInt64((first + step) * 8)
        buffer[2 * step + 1] = entry(done + step)
      }
      guard PageTables.apply(buffer, count: batch) == 0 else { return false }
      done += batch
    }
    return true
  }

  /// Maps the frames that hold `byteCount` bytes from `address` on at their own addresses.
  static func mapIdentity(_ address: UInt64, byteCount: UInt64, _ bits: UInt64) {
    let first = address >> 12
    let count = Int((address + byteCount + 4095) >> 12 - first)
    guard count > 0 else { return }
    if !set(first << 12, count: count, entry: { (first + UInt64($0)) << 12 | bits }) {
      Panic.end("no memory for page tables")
    }
  }

  /// Removes the mappings of `count` pages from `address` on.
  static func unmap(_ address: UInt64, count: Int) {
    _ = set(address, count: count) { _ in 0 }
    PageTables.flush()
  }

  /// Maps `count` free frames from `address` on; false when memory ran out or Xen refused.
  static func populate(_ address: UInt64, count: Int) -> Bool {
    var done = 0
    while done < count, let run = Frames.free.takeRun(countMax: UInt64(count - done)) {
      let position = address + UInt64(done) * 4096
      var asked = 0
      let isMapped = set(position, count: run.count) { index in
        asked = index + 1
        return machineFrame(of: run.lowerBound + UInt64(index)) << 12 | Entry.memory
      }
      guard isMapped else {
        // The last table asked for may be half written: none of its frames stays mapped.
        let end = position >> 12 + UInt64(asked)
        let last = asked - min(asked, Int((end - 1) & 511) + 1)
        unmap(position + UInt64(last) * 4096, count: asked - last)
        Frames.free.free(run.lowerBound + UInt64(last)..<run.upperBound)
        done += last
        break
      }
      done += run.count
    }
    if done == count { return true }
    release(address, count: done)
    return false
  }

  /// Removes the mappings of `count` pages from `address` on and frees their frames.
  static func release(_ address: UInt64, count: Int) {
    let frames = minios_frame_buffer()
    var done = 0
    while done < count {
      let position = address + UInt64(done) * 4096
      guard let table = l1Table(for: position) else { return }
      let first = Int(position >> 12 & 511)
      let batch = min(count - done, 512 - first)
      readFrames(table: table, first: first, count: batch)
      _ = set(position, count: batch) { _ in 0 }
      PageTables.flush()
      for step in 0..<batch where frames[step] != .max {
        Frames.free.free(frames[step]..<frames[step] + 1)
      }
      done += batch
    }
  }

  /// Writes the frames that `count` entries of an L1 table map into the frame buffer; all ones
  /// for an entry that maps nothing.
  private static func readFrames(table: UInt64, first: Int, count: Int) {
    let frames = minios_frame_buffer()
    let scratch = minios_scratch_page()
    PageTables.setMapping(scratch, entry: table << 12 | Entry.readOnly)
    if let entries = UnsafePointer<UInt64>(bitPattern: UInt(scratch)) {
      for step in 0..<count {
        let entry = entries[first + step]
        let isPresent = entry & Entry.present != 0
        frames[step] = isPresent ? frame(ofMachine: (entry & Entry.frameMask) >> 12) : .max
      }
    }
    PageTables.setMapping(scratch, entry: 0)
  }

  /// The frames that `count` pages from `address` on are mapped to.
  static func frames(at address: UInt64, count: Int) -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(count)
    while result.count < count {
      let position = address + UInt64(result.count) * 4096
      guard let table = l1Table(for: position) else { return result }
      let first = Int(position >> 12 & 511)
      let batch = min(count - result.count, 512 - first)
      readFrames(table: table, first: first, count: batch)
      result.append(contentsOf: UnsafeBufferPointer(start: minios_frame_buffer(), count: batch))
    }
    return result
  }

  /// Flushes the translation cache.
  static func flush() { PageTables.flush() }

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
