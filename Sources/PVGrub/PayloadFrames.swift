// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import MiniOS

/// The window in which a kernel is unpacked, straight into its final frames.
///
/// Frames are taken when their bytes come. In a guest whose memory hardly holds both the kernel and
/// its decoder, pages that turn out to be all zeros are given back until the decoder has gone.
final class PayloadFrames: KernelMemory {
  /// Pages mapped at a time.
  private static let stepPageCount: UInt64 = 512
  /// Frames that must be left over beside the kernel's before pages of zeros are kept: 8 MiB.
  private static let sparePageCount: UInt64 = 2048

  /// Shorter runs of zeros are kept: the allocator's table of ranges is finite.
  private static let recycledRunPageCountMin: UInt64 = 16

  private let domainPageCount: UInt64
  private let moduleByteCount: UInt64
  /// The first page of the kernel, which the window starts with.
  private var basePage: UInt64 = 0
  private var pageCount: UInt64 = 0
  /// Which frame each page has.
  private(set) var ledger = KernelFrames()
  private var isTight = false
  /// The last region given out, which is filled when the next one is asked for.
  private var lastRegion: Range<UInt64> = 0..<0

  init(domainPageCount: UInt64, moduleByteCount: UInt64) {
    self.domainPageCount = domainPageCount
    self.moduleByteCount = moduleByteCount
  }

  func prepare(physicalAddresses: Range<UInt64>) throws(MemoryError) {
    do throws(DomainBuilderError) {
      let needed = try DomainPlan.presumedPageCount(
        kernelAddresses: physicalAddresses, moduleByteCount: moduleByteCount,
        outsideFrameCount: UInt64(AddressSpace.tableFrames.count))
      guard needed <= domainPageCount else {
        throw .memoryTooSmall(neededPageCount: needed, pageCount: domainPageCount)
      }
    } catch { throw .domain(error) }
    basePage = physicalAddresses.lowerBound / 4096
    pageCount = (physicalAddresses.upperBound + 4095) / 4096 - basePage
    isTight = FrameAllocator.freeCount < pageCount + Self.sparePageCount
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
    try map(page..<end, filled: lastRegion)
    return UnsafeMutableRawBufferPointer(start: pointer(physicalAddress), count: Int(count))
  }

  /// Bytes that are in memory already; pages that were given back are zeros.
  func contents(physicalAddress: UInt64, byteCount: Int) throws(MemoryError) -> [UInt8]? {
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

  private func pointer(_ physicalAddress: UInt64) -> UnsafeMutableRawPointer? {
    let address = AddressSpace.payloadStart + (physicalAddress - basePage * 4096)
    return UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  /// Takes and maps the pages that have no frame yet, zeroed unless all of their bytes are in
  /// `filled`: frames may have been used before.
  private func map(_ pages: Range<UInt64>, filled: Range<UInt64>) throws(MemoryError) {
    let missing = ledger.missingPages(in: pages.lowerBound * 4096..<pages.upperBound * 4096)
    for run in missing {
      for page in run {
        guard let frame = FrameList.take(wanted: page) else {
          throw .outOfMemory(purpose: "the kernel")
        }
        ledger.set(page: page, frames: frame..<frame + 1)
      }
      let isDone = AddressSpace.set(
        windowAddress(ofPage: run.lowerBound), count: run.count
      ) { index in
        let frame = ledger.frame(ofPage: run.lowerBound + UInt64(index)) ?? 0
        return AddressSpace.machineFrame(of: frame) << 12 | AddressSpace.Entry.memory
      }
      guard isDone else { throw .refused(operation: "to map the kernel's memory") }
      for page in run
      where !(filled.contains(page * 4096) && filled.upperBound >= page * 4096 + 4096) {
        pointer(page * 4096)?.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
      }
    }
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
    for page in pages {
      if let frame = ledger.remove(page: page) { FrameAllocator.free(first: frame, count: 1) }
    }
  }

  /// Takes zeroed frames for the pages that no byte of the file has come to: bss, gaps, and pages
  /// of zeros. After the decoder has given its memory back.
  func complete(_ layout: LoadLayout) throws(MemoryError) {
    isTight = false
    for run in ledger.missingPages(in: layout.memory) { try map(run, filled: 0..<0) }
  }

  /// Takes the window away; the frames stay taken.
  func unmap() {
    AddressSpace.unmap(windowAddress(ofPage: basePage), count: Int(pageCount))
  }

  /// Gives everything back.
  func release() {
    unmap()
    for page in basePage..<basePage + pageCount {
      if let frame = ledger.remove(page: page) { FrameAllocator.free(first: frame, count: 1) }
    }
    pageCount = 0
  }

  private func windowAddress(ofPage page: UInt64) -> UInt64 {
    AddressSpace.payloadStart + (page - basePage) * 4096
  }
}
