// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CMiniOS
import CXen
public import StubMachine

// MARK: Frames
extension XenMachine {
  /// Frames that nobody uses now.
  public var freeFrameCount: UInt64 { Frames.free.freeCount }

  /// The most frames that were free at one time, and the fewest.
  public var freeFrameExtremes: (most: UInt64, fewest: UInt64) {
    (Frames.free.freeCountMax, Frames.free.freeCountMin)
  }

  /// How many ranges of free frames there are.
  public var freeRangeCount: Int { Frames.free.rangeCount }

  /// Free range number `index`.
  public func freeRange(_ index: Int) -> FrameRange { Frames.free.range(index) }

  /// Takes the frames from `first` on that are free.
  public func takeFrames(from first: FrameNumber, countMax: UInt64) -> UInt64 {
    Frames.free.take(from: first, countMax: countMax)
  }

  /// Takes free frames in a row, from the top of memory.
  public func takeFrameRun(countMax: UInt64) -> FrameRange? {
    Frames.free.takeRun(countMax: countMax)
  }

  /// Gives back frames that are mapped nowhere.
  public func giveBack(_ frames: FrameRange) { Frames.free.free(frames) }

  /// Frames of the heap and of page tables.
  public var heldFrames: HeldFrames {
    HeldFrames(heap: Heap.pageCount, tables: AddressSpace.tableFrames.count)
  }
}

// MARK: Mappings
extension XenMachine {
  /// Addresses that are not MiniOS's own.
  public var window: Range<UInt64> { AddressSpace.window }

  /// Maps frames in a row.
  public func map(_ frames: FrameRange, at address: UInt64, _ access: PageAccess) -> Bool {
    let bits = AddressSpace.Entry.bits(access)
    return AddressSpace.set(address, count: frames.count) { index in
      AddressSpace.machineFrame(of: frames.lowerBound + UInt64(index)) << Page.shift | bits
    }
  }

  /// Maps one frame many times.
  public func map(
    repeating frame: FrameNumber, count: Int, at address: UInt64, _ access: PageAccess
  ) -> Bool {
    let entry =
      AddressSpace.machineFrame(of: frame) << Page.shift | AddressSpace.Entry.bits(access)
    let isMapped = AddressSpace.set(address, count: count) { _ in entry }
    AddressSpace.flush()
    return isMapped
  }

  /// Takes mappings away.
  public func unmap(_ address: UInt64, count: Int) { AddressSpace.unmap(address, count: count) }

  /// Shows a frame for a moment.
  public func write(
    _ frame: FrameNumber, _ body: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Bool { FrameWindow.write(frame, body) }

  /// Fills frames with zeros.
  public func zero(_ frames: FrameRange) -> Bool {
    FrameWindow.zero(first: frames.lowerBound, count: frames.frameCount)
  }

  /// Leaves nothing in Xen.
  public func stop() { StubDomain.stop() }
}

// MARK: The rebuild of a PV domain
extension XenMachine {
  /// The machine frame of `frame`.
  public func machineFrame(of frame: FrameNumber) -> UInt64 { AddressSpace.machineFrame(of: frame) }

  /// The frame of a machine frame.
  public func frame(ofMachine machineFrame: UInt64) -> FrameNumber {
    AddressSpace.frame(ofMachine: machineFrame)
  }

  /// The frames of all page tables in use; in PVH those inside the image are not among them.
  public var tableFrames: UnsafeBufferPointer<FrameNumber> { AddressSpace.tableFrames }

  /// The frames of the p2m list.
  public func p2mListFrames() -> [FrameNumber] {
    let list = AddressSpace.p2mList
    let count = Int(Page.count(ofBytes: UInt64(list.count) * 8))
    return AddressSpace.listFrames(at: UInt64(UInt(bitPattern: list.baseAddress)), count: count)
  }

  /// The machine frame of the root table.
  public var rootMachineFrame: UInt64 { AddressSpace.baseMachineFrame }

  /// Makes all tables that may still be needed, and no other from then on.
  public func freezeTables(heapByteCount: UInt64, addresses: [UInt64]) -> Bool {
    guard Heap.prepareTables(byteCount: heapByteCount) else { return false }
    for address in addresses {
      guard AddressSpace.prepareTables(for: address) else { return false }
    }
    guard FrameWindow.prepare() else { return false }
    AddressSpace.tablesAreFrozen = true
    return true
  }

  /// Tables may be made again.
  public func thawTables() { AddressSpace.tablesAreFrozen = false }

  /// `MMUEXT_PIN_L4_TABLE`.
  public func pin(_ machineFrame: UInt64) -> Int {
    AddressSpace.flush()
    return AddressSpace.pin(machineFrame)
  }

  /// `MMUEXT_UNPIN_TABLE`.
  public func unpin(_ machineFrame: UInt64) { AddressSpace.unpin(machineFrame) }

  /// Writes the p2m list, and Xen's table by `MMU_MACHPHYS_UPDATE`.
  public func renumber(
    count: Int, _ change: (Int) -> (frame: FrameNumber, machineFrame: UInt64)
  ) -> Bool {
    let list = AddressSpace.p2mList
    for index in 0..<count {
      let (frame, machineFrame) = change(index)
      list[Int(frame)] = machineFrame
    }
    return AddressSpace.updateMachineTable(count: count) { index in
      let (frame, machineFrame) = change(index)
      return (machineFrame, frame)
    }
  }
}

extension EntryFacts {
  /// Everything that the boot information says, with the rings where the boot mapping has them: at
  /// the addresses of their frame numbers.
  init(_ info: borrowing BootInfo) {
    let isPV = StubDomain.mode == .pv
    let first = info.module.firstFrame
    let flags = info.flags
    let hasAddress = isPV && flags & UInt32(SIF_MOD_START_PFN) == 0
    self.init(
      mode: StubDomain.mode, frameCount: info.frameCount, flags: flags,
      commandLine: info.commandLine, console: Self.ring(info.console),
      store: Self.ring(info.store),
      module: (
        first..<first + Page.count(ofBytes: info.module.byteCount), info.module.byteCount
      ),
      moduleAddress: hasAddress ? first << Page.shift : nil,
      startInfo: isPV ? Self.page(at: info.address) : [], memoryMap: info.memoryMap,
      rsdpAddress: info.rsdpAddress, imageFrames: info.imageFrames,
      // SAFETY: the table has MINIOS_SAVED_FPU_COUNT words.
      fpuState: [UInt8](
        UnsafeRawBufferPointer(
          start: minios_saved_fpu(), count: Int(MINIOS_SAVED_FPU_COUNT) * 4)))
  }

  private static func ring(_ ring: (machineFrame: UInt64, port: UInt32)) -> EntryRing {
    let frame = AddressSpace.frame(ofMachine: ring.machineFrame)
    return EntryRing(
      page: UnsafeMutableRawPointer(bitPattern: UInt(frame << Page.shift)), frame: frame,
      port: ring.port)
  }

  private static func page(at address: UInt64) -> [UInt8] {
    // SAFETY: the page that Xen gave at the entry has 4096 bytes and stays mapped.
    [UInt8](
      UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: UInt(address)), count: Int(Page.byteCount)))
  }
}
