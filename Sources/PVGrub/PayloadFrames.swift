// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import MiniOS

/// The window in which a kernel is unpacked, straight into its final frames.
///
/// Frames are taken when their bytes come. In a guest whose memory hardly holds both the kernel and
/// its decoder, pages that turn out to be all zeros are given back until the decoder has gone.
///
/// In a PV domain any frame will do: it gets its number later. In a PVH domain each page wants the
/// frame of its own address; a page whose frame the loader is in gets one outside of the kernel,
/// and is moved in the last step, which also makes the pages of zeros.
final class PayloadFrames: KernelMemory {
  /// What the new domain is, for checks before its kernel is unpacked.
  enum Target {
    /// A PV domain.
    case pv(pageCount: UInt64, moduleByteCount: UInt64)
    /// A PVH domain; the kernel's addresses are put in.
    case pvh(HVMRequest)
  }

  /// Pages mapped at a time.
  private static let stepPageCount: UInt64 = 512
  /// Frames that must be left over beside the kernel's before pages of zeros are kept: 8 MiB.
  private static let sparePageCount: UInt64 = 2048

  /// Shorter runs of zeros are kept: the allocator's table of ranges is finite.
  private static let recycledRunPageCountMin: UInt64 = 16

  let target: Target
  /// PVH: frames of the kernel's pages of zeros, in pieces.
  private(set) var kept: [DomainBuilder.FrameRange] = []
  /// The first page of the kernel, which the window starts with.
  private var basePage: UInt64 = 0
  private var pageCount: UInt64 = 0
  /// Which frame each page has.
  var ledger = KernelFrames()
  /// Where a file is unpacked in a row, if its decoder needs that.
  var linear = LinearWindow()
  /// Whether most pages got their bytes in the linear window.
  var isUnpackedInARow = false
  private var isTight = false
  /// The last region given out, which is filled when the next one is asked for.
  private var lastRegion: Range<UInt64> = 0..<0

  init(_ target: Target) { self.target = target }

  func prepare(physicalAddresses: Range<UInt64>) throws(MemoryError) {
    do throws(DomainBuilderError) {
      try check(physicalAddresses)
    } catch { throw .domain(error) }
    basePage = physicalAddresses.lowerBound / 4096
    pageCount = (physicalAddresses.upperBound + 4095) / 4096 - basePage
    isTight = FrameAllocator.freeCount < pageCount + Self.sparePageCount
  }

  private func check(_ addresses: Range<UInt64>) throws(DomainBuilderError) {
    switch target {
    case .pv(let domainPageCount, let moduleByteCount):
      let needed = try DomainPlan.presumedPageCount(
        kernelAddresses: addresses, moduleByteCount: moduleByteCount,
        outsideFrameCount: UInt64(AddressSpace.tableFrames.count))
      guard needed <= domainPageCount else {
        throw .memoryTooSmall(neededPageCount: needed, pageCount: domainPageCount)
      }
    case .pvh(var request):
      request.kernel = addresses
      try HVMPlan.check(request)
    }
  }

  /// Whether each page wants the frame of its own number.
  var isInPlace: Bool {
    if case .pvh = target { return true }
    return false
  }

  /// The kernel's pages.
  var pages: DomainBuilder.FrameRange { basePage..<basePage + pageCount }

  /// Frames in a row for the pages from `page` on: at least one, and up to `countMax`.
  func takeFrames(_ page: UInt64, countMax: UInt64) -> DomainBuilder.FrameRange? {
    guard isInPlace else { return FrameList.take(from: page, countMax: countMax) }
    guard FrameAllocator.freeCount > FrameList.reserve else { return nil }
    let count = FrameAllocator.take(
      first: page, countMax: min(countMax, FrameAllocator.freeCount - FrameList.reserve))
    if count > 0 { return page..<page + count }
    return LowFrames.takeOne(outside: pages).map { $0..<$0 + 1 }
  }

  /// Gives the frame of `page` back if it has one.
  private func giveBack(_ page: UInt64) {
    guard let frame = ledger.remove(page: page) else { return }
    FrameAllocator.free(first: frame, count: 1)
  }

  func region(
    physicalAddress: UInt64, byteCount: Int
  ) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
    if isTight { recycleZeroPages() }
    let page = physicalAddress / 4096
    let lastPage = (physicalAddress + UInt64(byteCount) - 1) / 4096
    let end = min(lastPage + 1, page + Self.stepPageCount)
    let count = min(UInt64(byteCount), end * 4096 - physicalAddress)
    lastRegion = physicalAddress..<physicalAddress + count
    try showUnmapped(page..<end)
    try map(page..<end, filled: lastRegion)
    return UnsafeMutableRawBufferPointer(start: pointer(physicalAddress), count: Int(count))
  }

  /// Bytes that are in memory already; pages that were given back are zeros.
  func contents(physicalAddress: UInt64, byteCount: Int) throws(MemoryError) -> [UInt8]? {
    let end = physicalAddress + UInt64(byteCount)
    try showUnmapped(physicalAddress / 4096..<(end + 4095) / 4096)
    var result: [UInt8] = []
    result.reserveCapacity(byteCount)
    while result.count < byteCount {
      let address = physicalAddress + UInt64(result.count)
      let count = min(byteCount - result.count, Int(4096 - address % 4096))
      if ledger.frame(ofPage: address / 4096) != nil, let bytes = pointer(address) {
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
    let address = AddressSpace.payloadStart + (physicalAddress - basePage * 4096)
    return UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  /// Takes and maps the pages that have no frame yet, zeroed unless all of their bytes are in
  /// `filled`: frames may have been used before.
  private func map(_ pages: Range<UInt64>, filled: Range<UInt64>) throws(MemoryError) {
    let missing = ledger.missingPages(in: pages.lowerBound * 4096..<pages.upperBound * 4096)
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
      where !(filled.contains(page * 4096) && filled.upperBound >= page * 4096 + 4096) {
        pointer(page * 4096)?.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
      }
    }
  }

  /// Maps frames in a row from `address` on.
  func map(_ frames: DomainBuilder.FrameRange, at address: UInt64) throws(MemoryError) {
    let isDone = AddressSpace.set(address, count: frames.count) { index in
      AddressSpace.machineFrame(of: frames.lowerBound + UInt64(index)) << 12
        | AddressSpace.Entry.memory
    }
    guard isDone else { throw .refused(operation: "to map the kernel's memory") }
  }

  /// Gives back the pages of the last region that are whole and all zeros.
  private func recycleZeroPages() {
    let first = (lastRegion.lowerBound + 4095) / 4096
    let end = lastRegion.upperBound / 4096
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
    ZeroPage.isZero(UnsafeRawBufferPointer(start: pointer(page * 4096), count: 4096))
  }

  private func recycle(_ pages: Range<UInt64>) {
    AddressSpace.unmap(windowAddress(ofPage: pages.lowerBound), count: pages.count)
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
  func keepZeroPages() { kept = LowFrames.takeFree(in: pages) }

  /// Takes the window away; the frames stay taken.
  func unmap() {
    AddressSpace.unmap(windowAddress(ofPage: basePage), count: Int(pageCount))
  }

  /// Gives everything back.
  func release() {
    releaseLinearWindow()
    unmap()
    for page in pages { giveBack(page) }
    for range in kept { LowFrames.release(range) }
    kept = []
    pageCount = 0
    isUnpackedInARow = false
    lastRegion = 0..<0
  }

  func windowAddress(ofPage page: UInt64) -> UInt64 {
    AddressSpace.payloadStart + (page - basePage) * 4096
  }
}
