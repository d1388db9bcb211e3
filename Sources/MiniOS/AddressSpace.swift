// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen

/// The loader's page tables. In PV Xen owns them, and entries hold machine frames (xen.h,
/// `mmu_update`); in PVH they are ours, and a machine frame is the frame. `PageTables` writes the
/// entries; tables are looked at through one scratch page.
///
/// In both modes a frame that nobody uses is mapped nowhere. What is mapped at its own address,
/// frame times 4096: the image, what Xen told at the entry, the rings of console and xenstore. In
/// PVH `StubDomain.stop` maps all below 4 GiB so, for the hand-over.
public enum AddressSpace {
  /// Page-table entry bits (Intel SDM volume 3, 4.5).
  public enum Entry {
    /// The page is there.
    public static let present: UInt64 = 1
    /// It maps a large page, in a table above the lowest.
    static let large: UInt64 = 0x80
    /// It may be written.
    public static let writable: UInt64 = 2
    /// It may not be executed.
    public static let noExecute: UInt64 = 1 << 63
    /// What an L1 entry of ordinary memory has: present, writable, accessed, not executable.
    public static let memory: UInt64 = 0x23 | noExecute
    /// Memory that may only be read; constants.
    public static let readOnly: UInt64 = 0x21 | noExecute
    /// Code: it may not be written.
    static let code: UInt64 = 0x21
    /// What an entry of an upper table has.
    static let table: UInt64 = 0x67
    /// The bits that hold the frame.
    static let frameMask: UInt64 = 0x000f_ffff_ffff_f000
  }

  /// The window that belongs to MiniOS: one L4 slot behind the one for the p2m list.
  public static let windowStart: UInt64 = 0x100_0000_0000
  /// Where the heap lies in the window; 1 GiB.
  static let heapStart = windowStart
  /// Where a payload is unpacked in a row, if its decoder needs that; 1 GiB.
  public static let linearStart = windowStart + 0x4000_0000
  /// Where a payload is unpacked, and lies then; 1 GiB.
  public static let payloadStart = windowStart + 0x8000_0000
  /// Where the trampoline page is seen.
  public static let handoverStart = windowStart + 0xc000_0000
  /// Where the grant table is mapped.
  static let grantTableStart = windowStart + 0xf000_0000

  nonisolated(unsafe) private static var l4MachineFrame: UInt64 = 0
  nonisolated(unsafe) private static var p2m: UnsafeMutablePointer<UInt64>?
  nonisolated(unsafe) private static var frameCount: UInt64 = 0
  nonisolated(unsafe) private static var tableFrameCount = 0
  nonisolated(unsafe) private static var cachedRegion: UInt64 = .max
  nonisolated(unsafe) private static var cachedL1: UInt64 = 0

  /// Set while a new domain stands beside this one: its tables map frames as they are now, and a
  /// new table among them would be refused.
  public nonisolated(unsafe) static var tablesAreFrozen = false

  /// Takes over the page tables that Xen's PV builder made.
  static func startPV(_ info: borrowing BootInfo) {
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
  public static func listFrames(at address: UInt64, count: Int) -> [UInt64] {
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
    PageTables.narrow()
    l4MachineFrame = PageTables.bootL4Frame
  }

  /// The machine frame of the domain's frame `frame`: in PVH the same.
  public static func machineFrame(of frame: UInt64) -> UInt64 {
    if StubDomain.mode == .pvh { return frame }
    guard frame < frameCount, let p2m else { preconditionFailure("frame outside the domain") }
    return p2m[Int(frame)]
  }

  /// The domain's frame with machine frame `machineFrame`, by Xen's table at the start of its
  /// range; in PVH the same.
  public static func frame(ofMachine machineFrame: UInt64) -> UInt64 {
    if StubDomain.mode == .pvh { return machineFrame }
    guard let table = UnsafePointer<UInt64>(bitPattern: 0xffff_8000_0000_0000 as UInt) else {
      preconditionFailure("not a null address")
    }
    // SAFETY: Xen maps the machine-to-physical table here, readable, for every PV domain.
    return table[Int(machineFrame)]
  }

  /// PV: the p2m list itself, for the hand-over.
  public static var p2mList: UnsafeMutableBufferPointer<UInt64> {
    UnsafeMutableBufferPointer(start: p2m, count: Int(frameCount))
  }

  /// The machine frame of the L4 table in use.
  public static var baseMachineFrame: UInt64 { l4MachineFrame }

  /// The frames of all page tables in use; in PVH those inside the image are not among them.
  public static var tableFrames: UnsafeBufferPointer<UInt64> {
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

  /// A zeroed frame that is not mapped, ready to be a table.
  private static func newTable() -> UInt64? {
    precondition(!tablesAreFrozen, "a page table is needed during the hand-over")
    guard let frame = FrameAllocator.allocate() else { return nil }
    let scratch = minios_scratch_page()
    let machine = machineFrame(of: frame)
    guard PageTables.setMapping(scratch, entry: machine << 12 | Entry.memory) == 0,
      let page = UnsafeMutableRawPointer(bitPattern: UInt(scratch))
    else {
      FrameAllocator.free(first: frame, count: 1)
      return nil
    }
    page.initializeMemory(as: UInt64.self, repeating: 0, count: 512)
    PageTables.setMapping(scratch, entry: 0)
    noteTable(frame)
    return machine
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
      guard let new = newTable() else { return nil }
      guard writeEntry(table: table, index: index, new << 12 | Entry.table) == 0 else {
        return nil
      }
      table = new
    }
    // The scratch page must not keep a table visible: it may be pinned or freed later.
    PageTables.setMapping(minios_scratch_page(), entry: 0)
    cachedRegion = region
    cachedL1 = table
    return table
  }

  /// Makes sure that `address` has an L1 table.
  public static func prepareTables(for address: UInt64) -> Bool { l1Table(for: address) != nil }

  /// Sets the entries of `count` pages from `address` on to what `entry` gives for each index.
  /// False when memory for tables ran out or Xen refused; what was set stays set.
  public static func set(
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
  public static func unmap(_ address: UInt64, count: Int) {
    _ = set(address, count: count) { _ in 0 }
    PageTables.flush()
  }

  /// Maps `count` free frames from `address` on; false when memory ran out.
  static func populate(_ address: UInt64, count: Int) -> Bool {
    var run = FrameAllocator.Range(first: 0, count: 0)
    var ranOut = false
    let isMapped = set(address, count: count) { index in
      if run.count == 0 {
        guard let next = FrameAllocator.allocateRun(countMax: UInt64(count - index)) else {
          ranOut = true
          return 0
        }
        run = next
      }
      run.first += 1
      run.count -= 1
      return machineFrame(of: run.first - 1) << 12 | Entry.memory
    }
    FrameAllocator.free(first: run.first, count: run.count)
    if isMapped, !ranOut { return true }
    release(address, count: count)
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
        FrameAllocator.free(first: frames[step], count: 1)
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
  public static func frames(at address: UInt64, count: Int) -> [UInt64] {
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
  public static func flush() { PageTables.flush() }

  /// PV: pins a root table: Xen checks it and all below it. The result is 0 or an errno.
  public static func pin(_ machineFrame: UInt64) -> Int {
    Int(-Hypercall.extended(MMUEXT_PIN_L4_TABLE, argument: machineFrame))
  }

  /// PV: unpins a root table.
  public static func unpin(_ machineFrame: UInt64) {
    Hypercall.extended(MMUEXT_UNPIN_TABLE, argument: machineFrame)
  }

  /// PV: tells Xen the numbers of machine frames: its table from machine frame to frame.
  public static func updateMachineTable(
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
