// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen
import FakeDom0
import Foundation
import StubMachine
import TestSupport
import XenFrontends

/// A machine of ordinary memory, with the fake dom0 behind it. It has frames, page tables that cost
/// frames, and a heap window; it counts what it gives, and fails when told to.
///
/// In a PV domain frames have machine numbers (`FakeXen.machineOffset` further), and `pin` goes by
/// Xen's rules.
package final class FakeMachine: PVMachine {
  /// Frames that the running image is in: 1.1 MiB from 1 MiB on.
  package static let imageFrames: FrameRange = 0x100..<0x220
  /// What the FPU holds at the entry: no state that a processor ever starts with.
  package static let fpuState: [UInt8] = (0..<32).map { 0xa0 + $0 }
  private static let windowByteCount: UInt64 = 4 << 30
  private static let heapByteCount: UInt64 = 1 << 30
  private static let tableCountMax = 4096

  package let xen = FakeXen()
  package private(set) var store: FakeStore
  package private(set) var console: FakeConsole
  package let entry: EntryFacts
  let memory: GuestMemory
  /// Allocations that found something: frames, pages of the heap, page tables.
  package private(set) var allocationCount = 0
  /// The allocation that finds nothing, counted from 1; 0 for none.
  package var failingAllocation = 0
  /// Calls that Xen may refuse: to map, to show or zero a frame, to freeze the tables, to pin.
  package private(set) var callCount = 0
  /// The call that is refused, counted from 1; 0 for none.
  package var refusedCall = 0
  /// Whether `stop` was called.
  package private(set) var isStopped = false
  /// What the code did that no domain may do.
  package var complaints: [String] = []

  var frames: FrameAllocator
  private let table: UnsafeMutablePointer<UInt64>
  private let tables: UnsafeMutablePointer<FrameNumber>
  private var tableCount = 0
  private var tableRegions: Set<UInt64> = []
  private var areTablesFrozen = false
  private var heapFrameCount = 0
  private var heapEnd: UInt64
  private var heapPieces: [UInt64: FrameList] = [:]
  /// By number, the machine frame.
  package private(set) var p2m: [UInt64]
  /// By address, what is mapped in the windows.
  private var mappings: [UInt64: (frame: FrameNumber, isWritable: Bool)] = [:]
  /// How often each frame is mapped in the windows.
  private var mappingCounts: [FrameNumber: Int] = [:]
  package private(set) var pinned: Set<UInt64> = []

  private struct FrameList {
    var frames: [FrameNumber]
  }

  /// A domain of `frameCount` frames with a command line, and a module if one is given. In PVH, the
  /// frames of `hole` are no memory: a device, say.
  package init(
    _ mode: DomainMode, frameCount: UInt64 = 16384, commandLine: ByteString = "",
    module: [UInt8] = [], hole: FrameRange? = nil
  ) {
    let hole = hole ?? frameCount..<frameCount
    let memory = GuestMemory(frameCount: frameCount, windowByteCount: Self.windowByteCount)
    self.memory = memory
    heapEnd = memory.window.upperBound - Self.heapByteCount
    table = .allocate(capacity: 2 * 2048)
    tables = .allocate(capacity: Self.tableCountMax)
    frames = FrameAllocator(table: table, rangeCountMax: 2048)
    p2m = (0..<frameCount).map { $0 + FakeXen.machineOffset }
    // The toolstack's pages lie behind the image: start_info, rings, tables, the p2m list, module.
    let first = Self.imageFrames.upperBound
    let rings = RingPages(memory, first + 1)
    xen.memory = rings
    store = FakeStore(xen)
    console = FakeConsole(xen)
    let tableStart = first + 3
    let listStart = tableStart + 4
    let moduleStart = listStart + Page.count(ofBytes: frameCount * 8)
    let moduleEnd = moduleStart + Page.count(ofBytes: UInt64(module.count))
    entry = EntryFacts(
      mode: mode, frameCount: frameCount - hole.frameCount, flags: 0, commandLine: commandLine,
      console: EntryRing(page: console.page, frame: first + 2, port: console.port),
      store: EntryRing(page: store.page, frame: first + 1, port: store.port),
      module: (moduleStart..<moduleEnd, UInt64(module.count)),
      moduleAddress: nil,
      startInfo: mode == .pv ? Self.startInfo(frameCount, first, commandLine) : [],
      memoryMap: mode == .pv
        ? []
        : Self.memoryMap(frameCount, hole: hole), rsdpAddress: mode == .pv ? 0 : 0xfc00_0000,
      imageFrames: Self.imageFrames,
      fpuState: Self.fpuState)
    for frame in tableStart..<tableStart + 4 { noteTable(frame) }
    frames.free(1..<Self.imageFrames.lowerBound)
    frames.free(moduleEnd..<hole.lowerBound)
    if hole.upperBound < frameCount { frames.free(hole.upperBound..<frameCount) }
    module.withUnsafeBytes { bytes in
      for (index, byte) in bytes.enumerated() {
        memory.page(moduleStart + UInt64(index) / Page.byteCount)
          .storeBytes(of: byte, toByteOffset: index % Int(Page.byteCount), as: UInt8.self)
      }
    }
    writeP2MList(listStart)
    rings.machine = self
    xen.memory = self
    self.rings = rings
  }

  private var rings: RingPages?

  deinit {
    table.deallocate()
    tables.deallocate()
  }

  private func noteTable(_ frame: FrameNumber) {
    precondition(tableCount < Self.tableCountMax, "too many page tables")
    tables[tableCount] = frame
    tableCount += 1
  }

  private static func memoryMap(_ frameCount: UInt64, hole: FrameRange) -> [MemoryMapEntry] {
    var pieces = [0..<hole.lowerBound]
    if hole.upperBound < frameCount { pieces.append(hole.upperBound..<frameCount) }
    return pieces.map {
      MemoryMapEntry(
        address: $0.lowerBound * Page.byteCount, byteCount: $0.frameCount * Page.byteCount,
        type: 1)
    } + [MemoryMapEntry(address: 0xfc00_0000, byteCount: 0xb000, type: 3)]
  }

  /// A page of `struct start_info` as Xen's builder makes it.
  private static func startInfo(
    _ frameCount: UInt64, _ first: FrameNumber, _ commandLine: ByteString
  ) -> [UInt8] {
    var info = start_info()
    info.nr_pages = UInt(frameCount)
    info.shared_info = 0x7000
    info.store_mfn = UInt(first + 1 + FakeXen.machineOffset)
    info.store_evtchn = 1
    info.console.domU.mfn = UInt(first + 2 + FakeXen.machineOffset)
    info.console.domU.evtchn = 2
    info.pt_base = UInt((first + 3) << Page.shift)
    info.nr_pt_frames = 4
    info.mfn_list = UInt((first + 7) << Page.shift)
    var page = [UInt8](repeating: 0, count: Int(Page.byteCount))
    withUnsafeBytes(of: info) { page.replaceSubrange(0..<$0.count, with: $0) }
    page.replaceSubrange(0..<14, with: Array("xen-3.0-x86_64".utf8))
    return page
  }

  private func writeP2MList(_ start: FrameNumber) {
    for (index, machineFrame) in p2m.enumerated() {
      memory.page(start + UInt64(index / 512))
        .storeBytes(of: machineFrame, toByteOffset: index % 512 * 8, as: UInt64.self)
    }
    p2mListStart = start
  }

  private var p2mListStart: FrameNumber = 0

  /// The sum that must stay the same as long as nothing is lost: frames that are free, in the heap,
  /// and in page tables.
  package var accountedFrameCount: UInt64 {
    frames.freeCount + UInt64(heapFrameCount) + UInt64(tableCount)
  }

  /// Bytes of a frame.
  package func bytes(of frame: FrameNumber) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: memory.page(frame), count: Int(Page.byteCount)))
  }

  /// Bytes of all frames, in order.
  package func allBytes() -> [UInt8] {
    Array(
      UnsafeRawBufferPointer(
        start: memory.page(0), count: Int(memory.frameCount * Page.byteCount)))
  }

  /// The machine frame that a frame had when the domain started.
  package static func machineFrame(_ frame: FrameNumber) -> UInt64 {
    frame + FakeXen.machineOffset
  }

  // MARK: Allocation

  private func isFailing() -> Bool {
    allocationCount += 1
    return allocationCount == failingAllocation
  }

  private func isRefused() -> Bool {
    callCount += 1
    return callCount == refusedCall
  }

  package var freeFrameCount: UInt64 { frames.freeCount }
  package var freeFrameExtremes: (most: UInt64, fewest: UInt64) {
    (frames.freeCountMax, frames.freeCountMin)
  }
  package var freeRangeCount: Int { frames.rangeCount }
  package func freeRange(_ index: Int) -> FrameRange { frames.range(index) }

  package func takeFrames(from first: FrameNumber, countMax: UInt64) -> UInt64 {
    let count = frames.take(from: first, countMax: countMax)
    guard count > 0, isFailing() else { return count }
    frames.free(first..<first + count)
    return 0
  }

  package func takeFrameRun(countMax: UInt64) -> FrameRange? {
    isFailing() ? nil : frames.takeRun(countMax: countMax)
  }

  package func giveBack(_ range: FrameRange) {
    for frame in range where mappingCounts[frame] != nil {
      complaints.append("frame \(frame) is given back, and still mapped")
    }
    frames.free(range)
  }

  package var heldFrames: HeldFrames { HeldFrames(heap: heapFrameCount, tables: tableCount) }

  package func allocateSharedPages(count: Int) throws(HypervisorError) -> SharedPages {
    guard !isFailing(), UInt64(count) <= frames.freeCount else {
      throw .outOfMemory(pageCount: count)
    }
    var list: [FrameNumber] = []
    while list.count < count {
      guard let run = frames.takeRun(countMax: UInt64(count - list.count)) else { break }
      list += run
    }
    let address = heapEnd
    heapEnd += UInt64(count + 1) * Page.byteCount
    precondition(heapEnd <= memory.window.upperBound, "the fake machine's heap is used up")
    for (index, frame) in list.enumerated() {
      memory.map(
        frame, count: 1, at: address + UInt64(index) * Page.byteCount, isWritable: true)
    }
    heapFrameCount += count
    heapPieces[address] = FrameList(frames: list)
    guard let start = UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
      throw .outOfMemory(pageCount: count)
    }
    memset(start, 0, count * Int(Page.byteCount))
    return SharedPages(address: start, frames: list)
  }

  package func release(_ pages: SharedPages) {
    let address = UInt64(UInt(bitPattern: pages.address))
    guard let piece = heapPieces.removeValue(forKey: address) else {
      return complaints.append("pages released twice")
    }
    let granted = xen.grantedFrames
    for frame in piece.frames where granted.contains(frame) {
      complaints.append("frame \(frame) released while granted")
    }
    memory.unmap(address, count: piece.frames.count)
    heapFrameCount -= piece.frames.count
    for frame in piece.frames { frames.free(frame..<frame + 1) }
  }
}

// MARK: Mappings
extension FakeMachine {
  package var window: Range<UInt64> {
    memory.window.lowerBound..<memory.window.upperBound - Self.heapByteCount
  }

  /// Makes the table for a page, which costs a frame; false if there is none.
  private func prepareTable(_ address: UInt64) -> Bool {
    let region = address >> 21
    if tableRegions.contains(region) { return true }
    precondition(!areTablesFrozen, "a page table is needed during the hand-over")
    guard !isFailing(), let frame = frames.take() else { return false }
    noteTable(frame)
    tableRegions.insert(region)
    return true
  }

  private func set(
    _ address: UInt64, count: Int, _ access: PageAccess, frame: (Int) -> FrameNumber
  ) -> Bool {
    if isRefused() {
      // A part of it is mapped then.
      _ = set(address, count: count / 2, access, frame: frame)
      return false
    }
    var done = 0
    while done < count {
      let position = address + UInt64(done) * Page.byteCount
      guard prepareTable(position) else { return false }
      // A run of frames in a row that share a table.
      let first = frame(done)
      var length = 1
      while done + length < count, frame(done + length) == first + UInt64(length),
        (position + UInt64(length) * Page.byteCount) >> 21 == position >> 21
      { length += 1 }
      let isWritable = access != .readOnly
      memory.map(first, count: UInt64(length), at: position, isWritable: isWritable)
      for index in 0..<length {
        note(position + UInt64(index) * Page.byteCount, (first + UInt64(index), isWritable))
      }
      done += length
    }
    return true
  }

  package func map(_ frames: FrameRange, at address: UInt64, _ access: PageAccess) -> Bool {
    set(address, count: frames.count, access) { frames.lowerBound + UInt64($0) }
  }

  package func map(
    repeating frame: FrameNumber, count: Int, at address: UInt64, _ access: PageAccess
  ) -> Bool { set(address, count: count, access) { _ in frame } }

  package func unmap(_ address: UInt64, count: Int) {
    memory.unmap(address, count: count)
    // Windows are large, and hardly anything in them is mapped.
    let end = address + UInt64(count) * Page.byteCount
    for key in mappings.keys where key >= address && key < end { note(key, nil) }
  }

  private func note(_ address: UInt64, _ mapping: (frame: FrameNumber, isWritable: Bool)?) {
    if let old = mappings[address] {
      let count = mappingCounts[old.frame, default: 1] - 1
      mappingCounts[old.frame] = count > 0 ? count : nil
    }
    if let mapping { mappingCounts[mapping.frame, default: 0] += 1 }
    mappings[address] = mapping
  }

  package func write(
    _ frame: FrameNumber, _ body: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Bool {
    guard !isRefused(), prepareTable(memory.window.upperBound) else { return false }
    body(UnsafeMutableRawBufferPointer(start: memory.page(frame), count: Int(Page.byteCount)))
    return true
  }

  package func zero(_ range: FrameRange) -> Bool {
    guard !isRefused(), prepareTable(memory.window.upperBound) else { return false }
    for frame in range { memset(memory.page(frame), 0, Int(Page.byteCount)) }
    return true
  }

  package func stop() { isStopped = true }
}

// MARK: The rebuild of a PV domain
extension FakeMachine {
  package func machineFrame(of frame: FrameNumber) -> UInt64 {
    entry.mode == .pv ? p2m[Int(frame)] : frame
  }

  package func frame(ofMachine machineFrame: UInt64) -> FrameNumber {
    guard entry.mode == .pv else { return machineFrame }
    return p2m.firstIndex(of: machineFrame).map { FrameNumber($0) } ?? .max
  }

  package var tableFrames: UnsafeBufferPointer<FrameNumber> {
    UnsafeBufferPointer(start: tables, count: tableCount)
  }

  package func p2mListFrames() -> [FrameNumber] {
    Array(p2mListStart..<p2mListStart + Page.count(ofBytes: entry.frameCount * 8))
  }

  package var rootMachineFrame: UInt64 { machineFrame(of: tables[0]) }

  package func freezeTables(heapByteCount: UInt64, addresses: [UInt64]) -> Bool {
    if isRefused() { return false }
    for address in addresses + [memory.window.upperBound, heapEnd] {
      guard prepareTable(address) else { return false }
    }
    areTablesFrozen = true
    return true
  }

  package func thawTables() { areTablesFrozen = false }

  package func pin(_ machineFrame: UInt64) -> Int {
    if isRefused() { return 22 }
    var rules = XenRules(
      table: { [memory] frame in
        guard frame < memory.frameCount else { return nil }
        let page = memory.page(frame).bindMemory(to: UInt64.self, capacity: 512)
        return Array(UnsafeBufferPointer(start: page, count: 512))
      },
      frame: { [p2m] machine in
        let frame = machine &- FakeXen.machineOffset
        return frame < UInt64(p2m.count) ? frame : nil
      })
    do {
      try rules.validate(root: machineFrame - FakeXen.machineOffset)
      for (address, mapping) in mappings
      where mapping.isWritable && rules.levels[mapping.frame] != nil {
        complaints.append("table \(mapping.frame) is mapped writable at \(address)")
        return 22
      }
      for frame in tableFrames where rules.isMappedWritable(frame) {
        complaints.append("a table in use, \(frame), is mapped writable by the new tables")
        return 22
      }
    } catch {
      complaints.append("pin: \(error)")
      return 22
    }
    pinned.insert(machineFrame)
    return 0
  }

  package func unpin(_ machineFrame: UInt64) {
    if pinned.remove(machineFrame) == nil { complaints.append("unpinned what was not pinned") }
  }

  package func renumber(
    count: Int, _ change: (Int) -> (frame: FrameNumber, machineFrame: UInt64)
  ) -> Bool {
    if !isStopped { complaints.append("renumbered before the stop") }
    for index in 0..<count {
      let (frame, machineFrame) = change(index)
      p2m[Int(frame)] = machineFrame
    }
    // The list is the domain's own, at the frames it was in.
    for (index, machineFrame) in p2m.enumerated() {
      memory.page(p2mListStart + UInt64(index / 512))
        .storeBytes(of: machineFrame, toByteOffset: index % 512 * 8, as: UInt64.self)
    }
    return true
  }
}

// MARK: Events, time and grants
extension FakeMachine {
  package var now: UInt64 { xen.now }
  package func send(port: UInt32) { xen.send(port: port) }
  package func clearPending(port: UInt32) { xen.clearPending(port: port) }
  package func poll(ports: [UInt32], until deadline: UInt64) {
    xen.poll(ports: ports, until: deadline)
  }
  package func allocateUnboundPort(remoteDomain: UInt16) throws(HypervisorError) -> UInt32 {
    try xen.allocateUnboundPort(remoteDomain: remoteDomain)
  }
  package func close(port: UInt32) { xen.close(port: port) }
  package func grantTableSize() throws(HypervisorError) -> (frameCount: Int, frameCountMax: Int) {
    try xen.grantTableSize()
  }
  package func mapGrantTable(frameCount: Int) throws(HypervisorError) -> UnsafeMutableRawPointer {
    try xen.mapGrantTable(frameCount: frameCount)
  }
  package func grantableFrame(_ frame: FrameNumber) -> UInt64 { xen.grantableFrame(frame) }
}

extension FakeMachine: FakeMemory {
  package func page(of frame: FrameNumber) -> UnsafeMutableRawPointer? {
    frame < memory.frameCount ? memory.page(frame) : nil
  }

  package func makePages(count: Int) -> SharedPages {
    preconditionFailure("the toolstack's rings are made with the machine")
  }
}

/// The frames of console and xenstore, given out while the machine is made.
private final class RingPages: FakeMemory {
  weak var machine: FakeMachine?
  private let memory: GuestMemory
  private var next: FrameNumber

  init(_ memory: GuestMemory, _ first: FrameNumber) {
    self.memory = memory
    next = first
  }

  func page(of frame: FrameNumber) -> UnsafeMutableRawPointer? { memory.page(frame) }

  func makePages(count: Int) -> SharedPages {
    let first = next
    next += UInt64(count)
    return SharedPages(address: memory.page(first), frames: Array(first..<next))
  }
}
