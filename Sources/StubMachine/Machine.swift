// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import XenFrontends

/// The machine that a stub domain runs on: frames, mappings, clock, events, grants. The image has
/// one over hypercalls and page tables (`XenMachine`), tests have one over ordinary memory
/// (`FakeMachine`). Everything above this seam is the same code in both.
///
/// There is one processor and no interrupt: nothing here need be safe against being called twice at
/// the same time.
public protocol Machine: Hypervisor {
  /// What the domain builder told at the entry.
  var entry: EntryFacts { get }

  /// The lowest address of the stack that the caller runs on; 0 if nobody knows.
  var stackBottom: UInt { get }

  // MARK: Frames

  /// Frames that nobody uses now.
  var freeFrameCount: UInt64 { get }

  /// The most frames that were free at one time, and the fewest.
  var freeFrameExtremes: (most: UInt64, fewest: UInt64) { get }

  /// The free frames, in ascending order: how many ranges there are.
  var freeRangeCount: Int { get }

  /// Free range number `index`, less than `freeRangeCount`.
  func freeRange(_ index: Int) -> FrameRange

  /// Takes the frames from `first` on that are free, up to one in use or `countMax`; how many.
  func takeFrames(from first: FrameNumber, countMax: UInt64) -> UInt64

  /// Takes up to `countMax` free frames in a row, from the top of memory; nil if none is free.
  func takeFrameRun(countMax: UInt64) -> FrameRange?

  /// Gives back frames that were taken and are mapped nowhere.
  func giveBack(_ frames: FrameRange)

  /// Frames that the machine itself holds at present.
  var heldFrames: HeldFrames { get }

  // MARK: Mappings

  /// Addresses that are for whoever runs on this machine: page aligned, at least 3 GiB.
  var window: Range<UInt64> { get }

  /// Maps `frames` at consecutive addresses from `address` on. False if memory for page tables ran
  /// out, or Xen refused; part of it may be mapped then.
  func map(_ frames: FrameRange, at address: UInt64, _ access: PageAccess) -> Bool

  /// Maps one frame at `count` consecutive pages, over what may be mapped there. False as with
  /// `map`.
  func map(repeating frame: FrameNumber, count: Int, at address: UInt64, _ access: PageAccess)
    -> Bool

  /// Takes the mappings of `count` pages from `address` on away, those that exist.
  func unmap(_ address: UInt64, count: Int)

  /// Maps `frame` for a moment, and calls `body` with its bytes. False as with `map`.
  func write(_ frame: FrameNumber, _ body: (UnsafeMutableRawBufferPointer) -> Void) -> Bool

  /// Fills `frames` with zeros. False as with `map`.
  func zero(_ frames: FrameRange) -> Bool

  // MARK: The end

  /// Leaves nothing of the stub domain in Xen or in the processor: no callback, no timer, no
  /// pending event. After this the clock stands still and no frontend works.
  func stop()
}

/// A machine whose stack is its host's.
extension Machine {
  /// Not known.
  public var stackBottom: UInt { 0 }
}

/// What a machine holds for its own purposes, in frames.
public struct HeldFrames: Equatable, Sendable {
  /// Mapped for the heap.
  public var heap: Int
  /// Page tables.
  public var tables: Int

  /// Counts of frames.
  public init(heap: Int, tables: Int) {
    self.heap = heap
    self.tables = tables
  }
}

/// What may be done with a mapped page.
public enum PageAccess: Sendable {
  /// Read and written, not executed.
  case readWrite
  /// Only read.
  case readOnly
  /// Everything: only the page of a hand-over's last code.
  case all
}

/// A machine that is a PV domain, or may be one: its frames have machine numbers, and Xen owns its
/// page tables (xen.h, `mmu_update`).
public protocol PVMachine: Machine {
  /// The machine frame of the domain's frame `frame`; in PVH the same number.
  func machineFrame(of frame: FrameNumber) -> UInt64

  /// The domain's frame with a machine frame; in PVH the same number.
  func frame(ofMachine machineFrame: UInt64) -> FrameNumber

  /// The frames of all page tables in use.
  var tableFrames: UnsafeBufferPointer<FrameNumber> { get }

  /// The frames that hold the p2m list, in order.
  func p2mListFrames() -> [FrameNumber]

  /// The machine frame of the root table in use.
  var rootMachineFrame: UInt64 { get }

  /// Makes all page tables that may still be needed: for `heapByteCount` more bytes of heap, for
  /// the pages at `addresses`, and for `write`. From then on no table is made, until
  /// `thawTables`. False, and nothing frozen, if memory ran out.
  func freezeTables(heapByteCount: UInt64, addresses: [UInt64]) -> Bool

  /// Tables may be made again.
  func thawTables()

  /// Has Xen check the root table in `machineFrame` and everything below it; 0 or an errno.
  func pin(_ machineFrame: UInt64) -> Int

  /// Takes that back.
  func unpin(_ machineFrame: UInt64)

  /// Gives frames other numbers: writes the p2m list, and tells Xen. False if Xen refuses, which
  /// leaves the domain unusable. Only after `stop`.
  func renumber(
    count: Int, _ change: (Int) -> (frame: FrameNumber, machineFrame: UInt64)
  ) -> Bool
}
