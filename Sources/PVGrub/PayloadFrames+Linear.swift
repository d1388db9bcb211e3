// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import MiniOS

/// The window in which an unpacked file lies in a row.
struct LinearWindow {
  /// What is where; nil before the window is used.
  fileprivate(set) var plan: LinearPlan?
  /// The pages that have a frame, from the start of the window.
  fileprivate(set) var pageCount: UInt64 = 0
  /// Frames of pages that are no page of the kernel.
  fileprivate(set) var scratch: [UInt64] = []
  /// The most of these at one time.
  fileprivate(set) var scratchCountMax = 0
}

/// A file whose decoder looks back at what came out is unpacked in a window of its own. Pages of
/// the file that are pages of the kernel have the kernel's frames there, so they need no copy.
extension PayloadFrames {
  func linearWindow(
    _ plan: LinearPlan, byteCount: UInt64
  ) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
    let end = (byteCount + 4095) / 4096
    if end > linear.pageCount {
      try checkRoom(pageCount: end - linear.pageCount)
      linear.plan = plan
      try growLinearWindow(plan, to: end)
    }
    let start = UnsafeMutableRawPointer(bitPattern: UInt(AddressSpace.linearStart))
    return UnsafeMutableRawBufferPointer(start: start, count: Int(byteCount))
  }

  /// Throws if the guest has no room for so many more pages, and their page tables.
  private func checkRoom(pageCount: UInt64) throws(MemoryError) {
    let needed = pageCount + pageCount / 512 + 2 + FrameList.reserve
    let free = kept.reduce(FrameAllocator.freeCount) { $0 + $1.frameCount }
    guard needed > free else { return }
    let domainPageCount: UInt64
    switch target {
    case .pv(let pageCount, _): domainPageCount = pageCount
    case .pvh(let request): domainPageCount = HVMMemoryRegion.frameCount(request.memoryMap)
    }
    throw .domain(
      .memoryTooSmall(
        neededPageCount: domainPageCount + (needed - free), pageCount: domainPageCount))
  }

  private func growLinearWindow(_ plan: LinearPlan, to end: UInt64) throws(MemoryError) {
    let first = linear.pageCount
    linear.scratch.reserveCapacity(linear.scratch.count + 64)
    var frames: [UInt64] = []
    frames.reserveCapacity(Int(end - first))
    for page in first..<end {
      guard let frame = takeLinearFrame(plan.physicalPage(ofFilePage: page)) else {
        throw .outOfMemory(purpose: "the unpacked kernel")
      }
      frames.append(frame)
    }
    linear.pageCount = end
    linear.scratchCountMax = linear.scratch.count
    let isDone = AddressSpace.set(
      AddressSpace.linearStart + first * 4096, count: frames.count
    ) { index in AddressSpace.machineFrame(of: frames[index]) << 12 | AddressSpace.Entry.memory }
    guard isDone else { throw .refused(operation: "to map the unpacked kernel") }
  }

  /// A frame for a page of the window, which is `page` of the kernel if not nil.
  private func takeLinearFrame(_ page: UInt64?) -> UInt64? {
    if let page {
      guard let frame = takeFrame(page) else { return nil }
      ledger.set(page: page, frames: frame..<frame + 1)
      return frame
    }
    guard FrameAllocator.freeCount > FrameList.reserve else { return nil }
    let frame = isInPlace ? LowFrames.takeOne(outside: pages) : FrameAllocator.allocate()
    if let frame { linear.scratch.append(frame) }
    return frame
  }

  func endLinearWindow() throws(MemoryError) {
    guard let plan = linear.plan else { return }
    releaseLinearWindow()
    for run in plan.runs {
      let isDone = AddressSpace.set(
        windowAddress(ofPage: run.physicalPage), count: run.filePages.count
      ) { index in
        let frame = ledger.frame(ofPage: run.physicalPage + UInt64(index)) ?? 0
        return AddressSpace.machineFrame(of: frame) << 12 | AddressSpace.Entry.memory
      }
      guard isDone else { throw .refused(operation: "to map the kernel's memory") }
    }
  }

  /// Takes the window away and gives the frames back that are not the kernel's.
  func releaseLinearWindow() {
    guard linear.plan != nil else { return }
    AddressSpace.unmap(AddressSpace.linearStart, count: Int(linear.pageCount))
    for frame in linear.scratch { FrameAllocator.free(first: frame, count: 1) }
    linear.plan = nil
    linear.pageCount = 0
    linear.scratch = []
  }
}
