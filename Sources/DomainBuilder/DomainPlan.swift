// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import KernelImage

/// Where everything of a new 64-bit PV domain is: the layout that Xen's own domain builder makes
/// (tools/libs/guest/xg_dom_core.c, `xc_dom_build_image`), frame for frame.
public struct DomainPlan: Equatable, Sendable {
  /// The most pages that are reckoned with: 64 TiB.
  public static let pageCountMax: UInt64 = 1 << 34
  /// The highest pseudo-physical address that a kernel may want.
  static let physicalAddressMax: UInt64 = 1 << 46
  /// The mapped bytes behind the boot stack that kernels may count on.
  static let slackByteCount: UInt64 = 512 * 1024
  /// The end of the first mapping is a multiple of this.
  static let mappingAlignment: UInt64 = 4 << 20

  /// The number of pages of the domain.
  public let pageCount: UInt64
  /// The virtual address of frame 0.
  public let virtBase: UInt64
  /// The kernel, from its first page to the end of its bss.
  public let kernel: FrameRange
  /// The module; nil if there is none.
  public let module: FrameRange?
  /// The exact size of the module in bytes.
  public let moduleByteCount: UInt64
  /// Whether the module is in the first mapping.
  public let isModuleMapped: Bool
  /// Whether the module starts with a list of modules.
  public let hasModuleList: Bool
  /// The list of machine frame numbers, 8 bytes a frame.
  public let p2m: FrameRange
  /// The virtual address of the list.
  public let p2mAddress: UInt64
  /// The tables that map the list when it has an address of its own; else empty.
  public let p2mTables: FrameRange
  /// The start_info page.
  public let startInfo: UInt64
  /// The page of xenstore's ring.
  public let xenstore: UInt64
  /// The page of the console's ring.
  public let console: UInt64
  /// The tables of the first mapping, the root first.
  public let pageTables: FrameRange
  /// The page of the boot stack.
  public let bootStack: UInt64
  /// The frames of the first mapping, from 0 on.
  public let mapped: FrameRange
  /// Where the last segment ends: from here to `pageCount` nothing is of any meaning.
  public let end: UInt64
  /// The first mapping, and that of the p2m list if it has one of its own.
  public let mappings: [VirtualMapping]
  /// All tables: first those of `pageTables`, then those of `p2mTables`.
  public let tables: [TableRun]
  /// The virtual address where the kernel is entered: RIP.
  public let entry: UInt64

  /// The virtual address above the boot stack: RSP.
  public var stackPointer: UInt64 { address(of: bootStack + 1) }

  /// The virtual address of start_info: RSI.
  public var startInfoAddress: UInt64 { address(of: startInfo) }

  /// The virtual address of `frame`, which must be in the first mapping or at its end.
  public func address(of frame: UInt64) -> UInt64 {
    precondition(frame <= mapped.upperBound, "a frame without an address")
    return virtBase + frame * Page.byteCount
  }

  /// Plans the domain; throws if the kernel can't be mapped or the memory is too small.
  public init(_ request: DomainRequest) throws(DomainBuilderError) {
    self = try Self(unchecked: request)
    let needed = end + request.outsideFrameCount
    guard needed <= pageCount else {
      throw .memoryTooSmall(
        neededPageCount: try Self.minimumPageCount(request), pageCount: pageCount)
    }
  }

  /// The fewest pages of a domain that `request`'s kernel and module fit into, whatever its
  /// `pageCount`.
  public static func minimumPageCount(
    _ request: DomainRequest
  ) throws(DomainBuilderError) -> UInt64 {
    var attempt = request
    attempt.pageCount = 0
    // A page of the p2m list is for 512 pages, so each turn adds far less than the one before.
    for _ in 0..<16 {
      let needed = try Self(unchecked: attempt).end + request.outsideFrameCount
      if needed <= attempt.pageCount { break }
      attempt.pageCount = needed
    }
    return attempt.pageCount
  }

  /// What `minimumPageCount` will be, as far as a kernel's addresses tell before its notes are
  /// known: for a kernel that takes module and p2m list unmapped, as Linux does. For refusing a
  /// kernel before it is unpacked.
  public static func presumedPageCount(
    kernelAddresses: Range<UInt64>, moduleByteCount: UInt64, outsideFrameCount: UInt64 = 0
  ) throws(DomainBuilderError) -> UInt64 {
    try minimumPageCount(
      DomainRequest(
        pageCount: 0, kernel: presumedKernel(kernelAddresses), moduleByteCount: moduleByteCount,
        outsideFrameCount: outsideFrameCount))
  }

  /// Where the module will be, presumed in the same way; nil if there is none. For taking its
  /// frames before the kernel is unpacked: others would do, but each of them costs a change of
  /// Xen's table.
  public static func presumedModule(
    kernelAddresses: Range<UInt64>, pageCount: UInt64, moduleByteCount: UInt64
  ) throws(DomainBuilderError) -> FrameRange? {
    try Self(
      unchecked: DomainRequest(
        pageCount: pageCount, kernel: presumedKernel(kernelAddresses),
        moduleByteCount: moduleByteCount)
    ).module
  }

  private static func presumedKernel(_ addresses: Range<UInt64>) -> PVKernel {
    // Beyond any guest's memory addresses are virtual ones, and PADDR_OFFSET will tell so.
    let start = addresses.upperBound > physicalAddressMax ? 0 : addresses.lowerBound
    return PVKernel(presumedMemory: start..<start + (addresses.upperBound - addresses.lowerBound))
  }

  /// Plans the domain without a look at whether it fits into its memory.
  private init(unchecked request: DomainRequest) throws(DomainBuilderError) {
    guard request.pageCount <= Self.pageCountMax, request.outsideFrameCount <= Self.pageCountMax
    else { throw .memoryTooLarge(pageCount: request.pageCount) }
    let memory = request.kernel.memory
    guard memory.upperBound <= Self.physicalAddressMax else {
      throw .kernelOutOfReach(physicalAddress: memory.upperBound)
    }
    guard request.moduleByteCount <= Self.physicalAddressMax else {
      throw .memoryTooSmall(
        neededPageCount: Page.count(ofBytes: request.moduleByteCount),
        pageCount: request.pageCount)
    }
    pageCount = request.pageCount
    virtBase = request.kernel.virtBase
    entry = request.kernel.entry
    moduleByteCount = request.moduleByteCount

    let modulePageCount = Page.count(ofBytes: request.moduleByteCount)
    let p2mPageCount = Page.count(ofBytes: request.pageCount * 8)
    let separateP2M = Self.usableP2MAddress(request.kernel, pageCount: p2mPageCount)
    hasModuleList = modulePageCount > 0 && request.hasModuleList
    isModuleMapped =
      modulePageCount > 0 && (!request.kernel.acceptsModulePFN || request.hasModuleList)

    // From virt_base up, frame by frame; the order is the builder's.
    kernel = memory.lowerBound / Page.byteCount..<Page.count(ofBytes: memory.upperBound)
    var next = kernel.upperBound
    func take(_ count: UInt64) -> FrameRange {
      next += count
      return next - count..<next
    }
    let mappedModule = isModuleMapped ? take(modulePageCount) : nil
    let mappedP2M = separateP2M == nil ? take(p2mPageCount) : nil
    startInfo = take(1).lowerBound
    xenstore = take(1).lowerBound
    console = take(1).lowerBound

    let first = try Self.firstMapping(virtBase: virtBase, usedPageCount: next)
    pageTables = take(first.tableCount)
    bootStack = take(1).lowerBound
    mapped = 0..<first.pageCount
    next = mapped.upperBound
    module = mappedModule ?? (modulePageCount > 0 ? take(modulePageCount) : nil)

    var mappings = [VirtualMapping(address: virtBase, frames: mapped)]
    var tables = TableRun.tables(
      address: virtBase, byteCount: first.pageCount * Page.byteCount,
      firstFrame: pageTables.lowerBound, existing: [])
    if let separateP2M {
      p2m = take(p2mPageCount)
      p2mAddress = separateP2M
      let runs = TableRun.tables(
        address: separateP2M, byteCount: p2mPageCount * Page.byteCount,
        firstFrame: next, existing: tables)
      p2mTables = take(runs.reduce(0) { $0 + $1.frames.frameCount })
      mappings.append(VirtualMapping(address: separateP2M, frames: p2m))
      tables += runs
    } else {
      p2m = mappedP2M ?? 0..<0
      p2mAddress = virtBase + p2m.lowerBound * Page.byteCount
      p2mTables = next..<next
    }
    end = next
    self.mappings = mappings
    self.tables = tables
  }

  /// The address that the kernel wants for the p2m list, if it can be there: page aligned, below
  /// `virt_base`, and at addresses of the guest.
  private static func usableP2MAddress(_ kernel: PVKernel, pageCount: UInt64) -> UInt64? {
    let byteCount = pageCount * Page.byteCount
    guard let address = kernel.initP2M, byteCount > 0, address % Page.byteCount == 0,
      Paging.isGuestOwned(address, byteCount: byteCount),
      let end = Checked.sum(address, byteCount), end <= kernel.virtBase
    else { return nil }
    return address
  }

  /// The size of the first mapping, and the number of its tables, when `usedPageCount` pages come
  /// before the tables: room for tables, stack and slack, up to a multiple of 4 MiB.
  private static func firstMapping(
    virtBase: UInt64, usedPageCount: UInt64
  ) throws(DomainBuilderError) -> (pageCount: UInt64, tableCount: UInt64) {
    let extra = 1 + slackByteCount / Page.byteCount
    let used = usedPageCount * Page.byteCount
    var pages = extra
    // Each turn that does not fit adds 4 MiB, for which one or two more tables will do.
    for _ in 0..<16 {
      let wanted = used + pages * Page.byteCount
      guard let wantedEnd = Checked.sum(virtBase, wanted),
        // As the builder has it, an end that is a multiple already moves on to the next.
        let end = Checked.sum(wantedEnd | (mappingAlignment - 1), 1),
        Paging.isGuestOwned(virtBase, byteCount: end - virtBase), virtBase % Page.byteCount == 0
      else { throw .mappingOutOfReach(virtualAddress: virtBase, byteCount: wanted) }
      let tableCount = TableRun.tables(
        address: virtBase, byteCount: end - virtBase, firstFrame: 0, existing: []
      ).reduce(0) { $0 + $1.frames.frameCount }
      pages = tableCount + extra
      if used + pages * Page.byteCount <= end - virtBase {
        return ((end - virtBase) / Page.byteCount, tableCount)
      }
    }
    throw .mappingOutOfReach(virtualAddress: virtBase, byteCount: used)
  }
}
