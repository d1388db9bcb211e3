// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import StubMachine

/// The window in which an unpacked file lies in a row.
struct LinearWindow {
  /// What is where; nil before the window is used.
  fileprivate(set) var plan: LinearPlan?
  /// The pages that have a frame, from the start of the window.
  fileprivate(set) var pageCount: UInt64 = 0
  /// Pages that are no page of the kernel, by place in the file.
  fileprivate(set) var scratch: [Scratch] = []
  /// The frame of all pages of zeros among those.
  fileprivate(set) var zeroFrame: UInt64?
  /// The frame of all pages of the plan's gaps.
  fileprivate(set) var gapFrame: UInt64?

  struct Scratch {
    /// The page of the window.
    let page: UInt64
    /// Its frame.
    let frame: UInt64
  }
}

/// A file whose decoder looks back at what came out is unpacked in a window of its own. Pages of
/// the file that are pages of the kernel have the kernel's frames there, so they need no copy.
extension PayloadFrames {
  /// Whether the window has its full length, as that of a decoder that gathers its input has at
  /// once.
  var hasWholeWindow: Bool {
    guard let last = linear.plan?.runs.last else { return false }
    return last.filePages.upperBound <= linear.pageCount
  }

  func linearWindow(
    _ plan: LinearPlan, byteCount: UInt64, filledByteCount: UInt64
  ) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
    let end = (byteCount + 4095) / Page.byteCount
    if end > linear.pageCount {
      if linear.plan == nil {
        // What is not in the kernel is mostly zeros, and gives its frames back.
        try checkRoom(pageCount: plan.runs.reduce(0) { $0 + UInt64($1.filePages.count) })
      }
      linear.plan = plan
      isUnpackedInARow = true
      recycleLinearZeroPages(before: filledByteCount / Page.byteCount)
      try growLinearWindow(plan, to: end)
    }
    let start = UnsafeMutableRawPointer(bitPattern: UInt(machine.linearStart))
    return UnsafeMutableRawBufferPointer(start: start, count: Int(byteCount))
  }

  /// Lets the window's pages before `limit` that are none of the kernel's, and all zeros, share one
  /// frame, which can only be read.
  private func recycleLinearZeroPages(before limit: UInt64) {
    var kept: [LinearWindow.Scratch] = []
    var run: [LinearWindow.Scratch] = []
    for scratch in linear.scratch {
      let page = UnsafeRawPointer(bitPattern: UInt(linearAddress(scratch.page)))
      // SAFETY: a page of the window is mapped until it is released.
      guard scratch.page < limit,
        ZeroPage.isZero(UnsafeRawBufferPointer(start: page, count: Int(Page.byteCount)))
      else {
        kept.append(scratch)
        continue
      }
      if let last = run.last, last.page + 1 != scratch.page {
        kept += shareZeroFrame(run)
        run = []
      }
      run.append(scratch)
    }
    linear.scratch = kept + shareZeroFrame(run)
  }

  /// Maps the frame of zeros in place of those of `run`, pages in a row; gives what must stay.
  private func shareZeroFrame(_ run: [LinearWindow.Scratch]) -> [LinearWindow.Scratch] {
    guard let first = run.first else { return [] }
    let zeros = linear.zeroFrame ?? first.frame
    guard
      machine.map(repeating: zeros, count: run.count, at: linearAddress(first.page), .readOnly)
    else { return run }
    linear.zeroFrame = zeros
    for scratch in run where scratch.frame != zeros {
      machine.giveBack(scratch.frame..<scratch.frame + 1)
    }
    return []
  }

  private func linearAddress(_ page: UInt64) -> UInt64 {
    machine.linearStart + page * Page.byteCount
  }

  /// Throws if the guest has no room for so many more pages, and their page tables.
  private func checkRoom(pageCount: UInt64) throws(MemoryError) {
    let needed = pageCount + pageCount / 512 + 2 + FrameList.reserve
    let free = machine.freeFrameCount
    guard needed > free else { return }
    throw .domain(
      .memoryTooSmall(
        neededPageCount: target.domainPageCount + (needed - free),
        pageCount: target.domainPageCount))
  }

  private func growLinearWindow(_ plan: LinearPlan, to end: UInt64) throws(MemoryError) {
    linear.scratch.reserveCapacity(linear.scratch.count + 64)
    while linear.pageCount < end {
      let filePage = linear.pageCount
      let gapCount = min(plan.gapPageCount(fromFilePage: filePage), end - filePage)
      if gapCount > 0 {
        linear.pageCount += gapCount
        try mapGap(filePage, count: gapCount)
        continue
      }
      let frames = try takeLinearFrames(filePage, countMax: end - filePage, plan)
      // Noted before they are mapped: whatever happens then, they are given back.
      linear.pageCount += frames.frameCount
      try map(frames, at: linearAddress(filePage))
    }
  }

  private func mapGap(_ filePage: UInt64, count: UInt64) throws(MemoryError) {
    let taken = linear.gapFrame ?? takeScratchFrames(countMax: 1)?.lowerBound
    guard let frame = taken else { throw .outOfMemory(purpose: "the unpacked kernel") }
    linear.gapFrame = frame
    guard
      machine.map(
        repeating: frame, count: Int(count), at: linearAddress(filePage), .readWrite)
    else { throw .refused(operation: "to map the kernel's memory") }
  }

  /// Frames in a row for the pages of the window from `filePage` on: the kernel's where they are
  /// pages of the kernel.
  private func takeLinearFrames(
    _ filePage: UInt64, countMax: UInt64, _ plan: LinearPlan
  ) throws(MemoryError) -> FrameRange {
    if let (ownPage, count) = plan.physicalPages(fromFilePage: filePage) {
      let page = ownPage &+ shift
      if let frames = takeFrames(page, countMax: min(count, countMax)) {
        ledger.set(page: page, frames: frames)
        return frames
      }
    } else if machine.freeFrameCount > FrameList.reserve {
      let free = machine.freeFrameCount - FrameList.reserve
      let count = min(countMax, free, plan.scratchPageCount(fromFilePage: filePage))
      if let frames = takeScratchFrames(countMax: count) {
        for index in 0..<frames.frameCount {
          linear.scratch.append(
            LinearWindow.Scratch(page: filePage + index, frame: frames.lowerBound + index))
        }
        return frames
      }
    }
    throw .outOfMemory(purpose: "the unpacked kernel")
  }

  private func takeScratchFrames(countMax: UInt64) -> FrameRange? {
    if target.isInPlace { return machine.takeLowFrame(outside: pages).map { $0..<$0 + 1 } }
    return machine.takeFrameRun(countMax: countMax)
  }

  /// The kernel's pages have frames now, and are mapped nowhere: few of them are looked at again.
  func endLinearWindow() throws(MemoryError) { releaseLinearWindow() }

  /// Takes the window away and gives the frames back that are not the kernel's.
  func releaseLinearWindow() {
    guard linear.plan != nil else { return }
    machine.unmap(machine.linearStart, count: Int(linear.pageCount))
    for scratch in linear.scratch { machine.giveBack(scratch.frame..<scratch.frame + 1) }
    if let frame = linear.zeroFrame { machine.giveBack(frame..<frame + 1) }
    if let frame = linear.gapFrame { machine.giveBack(frame..<frame + 1) }
    linear = LinearWindow()
  }
}
