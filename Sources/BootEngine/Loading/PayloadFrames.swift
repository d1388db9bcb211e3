// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import StubMachine

/// The window in which a kernel is unpacked, straight into its final frames.
///
/// Frames are taken when their bytes come. In a guest whose memory hardly holds both the kernel and
/// its decoder, pages that turn out to be all zeros are given back until the decoder has gone.
///
/// In a PV domain any frame will do: it gets its number later. In a PVH domain each page wants the
/// frame of its own address; a page whose frame the loader is in gets one outside of the kernel,
/// and is moved in the last step, which also makes the pages of zeros. A kernel whose own addresses
/// are no memory may be at others: `pages` and the ledger have these.
final class PayloadFrames<M: Machine>: KernelMemory {
  /// Pages mapped at a time.
  private static var stepPageCount: UInt64 { 512 }
  /// Frames that must be left over beside the kernel's before pages of zeros are kept: 8 MiB.
  private static var sparePageCount: UInt64 { 2048 }
  /// Shorter runs of zeros are kept: the allocator's table of ranges is finite.
  private static var recycledRunPageCountMin: UInt64 { 16 }

  let machine: M
  let target: PayloadTarget
  /// PVH: frames of the kernel's pages of zeros, in pieces.
  private(set) var kept: [FrameRange] = []
  /// The first page of the kernel, which the window starts with.
  private var basePage: UInt64 = 0
  private var pageCount: UInt64 = 0
  /// How far the kernel is from its own addresses, in pages, modulo 2^64.
  private(set) var shift: UInt64 = 0
  /// Which frame each page has.
  var ledger = KernelFrames()
  /// Where a file is unpacked in a row, if its decoder needs that.
  var linear = LinearWindow()
  /// Whether most pages got their bytes in the linear window.
  var isUnpackedInARow = false
  private var isTight = false
  /// The last region given out, which is filled when the next one is asked for.
  private var lastRegion: Range<UInt64> = 0..<0

  init(_ target: PayloadTarget, on machine: M) {
    self.target = target
    self.machine = machine
  }

  func prepare(physicalAddresses: Range<UInt64>) throws(MemoryError) {
    let first = physicalAddresses.lowerBound / Page.byteCount
    do throws(DomainBuilderError) {
      basePage = try target.place(physicalAddresses) / Page.byteCount
    } catch { throw .domain(error) }
    shift = basePage &- first
    pageCount = (physicalAddresses.upperBound + 4095) / Page.byteCount - first
    isTight = machine.freeFrameCount < pageCount + Self.sparePageCount
  }

  /// The kernel's pages.
  var pages: FrameRange { basePage..<basePage + pageCount }

  /// Frames in a row for the pages from `page` on: at least one, and up to `countMax`.
  func takeFrames(_ page: UInt64, countMax: UInt64) -> FrameRange? {
    guard target.isInPlace else { return machine.takeFrames(wanted: page, countMax: countMax) }
    let free = machine.freeFrameCount
    guard free > FrameList.reserve else { return nil }
    let count = machine.takeFrames(from: page, countMax: min(countMax, free - FrameList.reserve))
    if count > 0 { return page..<page + count }
    return machine.takeLowFrame(outside: pages).map { $0..<$0 + 1 }
  }

  /// Gives the frame of `page` back if it has one.
  private func giveBack(_ page: UInt64) {
    guard let frame = ledger.remove(page: page) else { return }
    machine.giveBack(frame..<frame + 1)
  }

  /// The address that the byte at `physicalAddress` of the kernel has here.
  private func moved(_ physicalAddress: UInt64) -> UInt64 {
    physicalAddress &+ shift &* Page.byteCount
  }

  func region(
    physicalAddress ownAddress: UInt64, byteCount: Int
  ) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
    if isTight { recycleZeroPages() }
    let physicalAddress = moved(ownAddress)
    let page = physicalAddress / Page.byteCount
    let lastPage = (physicalAddress + UInt64(byteCount) - 1) / Page.byteCount
    let end = min(lastPage + 1, page + Self.stepPageCount)
    let count = min(UInt64(byteCount), end * Page.byteCount - physicalAddress)
    lastRegion = physicalAddress..<physicalAddress + count
    try showUnmapped(page..<end)
    try map(page..<end, filled: lastRegion)
    return UnsafeMutableRawBufferPointer(start: pointer(physicalAddress), count: Int(count))
  }

  /// Bytes that are in memory already; pages that were given back are zeros.
  func contents(
    physicalAddress ownAddress: UInt64, byteCount: Int
  ) throws(MemoryError) -> [UInt8]? {
    let physicalAddress = moved(ownAddress)
    let end = physicalAddress + UInt64(byteCount)
    try showUnmapped(physicalAddress / Page.byteCount..<(end + 4095) / Page.byteCount)
    var result: [UInt8] = []
    result.reserveCapacity(byteCount)
    while result.count < byteCount {
      let address = physicalAddress + UInt64(result.count)
      let count = min(byteCount - result.count, Int(Page.byteCount - address % Page.byteCount))
      if ledger.frame(ofPage: address / Page.byteCount) != nil, let bytes = pointer(address) {
        // SAFETY: a page of the ledger is mapped in the window until `unmap`.
        result.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
      } else {
        result.append(contentsOf: repeatElement(0, count: count))
      }
    }
    return result
  }

  /// Maps those of `pages` that have frames already but were never seen in this window: those of a
  /// kernel that was unpacked in a row.
  private func showUnmapped(_ pages: Range<UInt64>) throws(MemoryError) {
    guard isUnpackedInARow else { return }
    for page in pages {
      guard let frame = ledger.frame(ofPage: page) else { continue }
      try map(frame..<frame + 1, at: windowAddress(ofPage: page))
    }
  }

  private func pointer(_ physicalAddress: UInt64) -> UnsafeMutableRawPointer? {
    let address = machine.payloadStart + (physicalAddress - basePage * Page.byteCount)
    return UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  /// Takes and maps the pages that have no frame yet, zeroed unless all of their bytes are in
  /// `filled`: frames may have been used before.
  private func map(_ pages: Range<UInt64>, filled: Range<UInt64>) throws(MemoryError) {
    let missing = ledger.missingPages(
      in: pages.lowerBound * Page.byteCount..<pages.upperBound * Page.byteCount)
    for run in missing {
      var page = run.lowerBound
      while page < run.upperBound {
        guard let frames = takeFrames(page, countMax: run.upperBound - page) else {
          throw .outOfMemory(purpose: "the kernel")
        }
        ledger.set(page: page, frames: frames)
        try map(frames, at: windowAddress(ofPage: page))
        page += frames.frameCount
      }
      for page in run
      where
        !(filled.contains(page * Page.byteCount)
        && filled.upperBound >= page * Page.byteCount + Page.byteCount)
      {
        pointer(page * Page.byteCount)?.initializeMemory(
          as: UInt8.self, repeating: 0, count: Int(Page.byteCount))
      }
    }
  }

  /// Maps frames in a row from `address` on.
  func map(_ frames: FrameRange, at address: UInt64) throws(MemoryError) {
    guard machine.map(frames, at: address, .readWrite) else {
      throw .refused(operation: "to map the kernel's memory")
    }
  }

  /// Gives back the pages of the last region that are whole and all zeros.
  private func recycleZeroPages() {
    let first = (lastRegion.lowerBound + 4095) / Page.byteCount
    let end = lastRegion.upperBound / Page.byteCount
    lastRegion = 0..<0
    var page = first
    while page < end {
      let start = page
      while page < end, isZero(page) { page += 1 }
      if page - start >= Self.recycledRunPageCountMin { recycle(start..<page) }
      page += 1
    }
  }

  private func isZero(_ page: UInt64) -> Bool {
    ZeroPage.isZero(
      UnsafeRawBufferPointer(start: pointer(page * Page.byteCount), count: Int(Page.byteCount)))
  }

  private func recycle(_ pages: Range<UInt64>) {
    machine.unmap(windowAddress(ofPage: pages.lowerBound), count: pages.count)
    for page in pages { giveBack(page) }
  }

  /// Takes zeroed frames for the pages that no byte of the file has come to: bss, gaps, and pages
  /// of zeros. After the decoder has given its memory back.
  func complete(_ layout: LoadLayout) throws(MemoryError) {
    isTight = false
    for run in ledger.missingPages(in: layout.memory) { try map(run, filled: 0..<0) }
  }

  /// PVH: takes the frames of these pages that are free, so that nothing else comes there. The
  /// last step makes the zeros. Not before: the decoder's memory may be there for a while.
  func keepZeroPages() { kept = machine.takeFree(in: pages) }

  /// Takes the window away; the frames stay taken.
  func unmap() {
    machine.unmap(windowAddress(ofPage: basePage), count: Int(pageCount))
  }

  /// Gives everything back.
  func release() {
    releaseLinearWindow()
    unmap()
    for page in pages { giveBack(page) }
    for range in kept { machine.giveBack(range) }
    kept = []
    pageCount = 0
    isUnpackedInARow = false
    lastRegion = 0..<0
  }

  func windowAddress(ofPage page: UInt64) -> UInt64 {
    machine.payloadStart + (page - basePage) * Page.byteCount
  }
}
