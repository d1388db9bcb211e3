// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The page that tells a PV guest where everything is (xen/include/public/xen.h, `start_info`).
public struct StartInfo: Equatable, Sendable {
  /// The size of the page in bytes.
  public static let pageByteCount = 4096
  /// The size of the command line's field, with the terminator.
  static let commandLineFieldByteCount = 1024
  /// The longest command line, without the terminator.
  public static let commandLineByteCountMax = commandLineFieldByteCount - 1

  /// The module has an array of modules at its start.
  public static let flagMultibootModule: UInt32 = 1 << 2
  /// `moduleStart` is a frame number.
  public static let flagModuleStartPFN: UInt32 = 1 << 3

  /// The magic, 32 bytes with its zeros.
  public var magic: [UInt8]
  /// The number of pages of the domain.
  public var pageCount: UInt64
  /// The machine address of the shared info page.
  public var sharedInfo: UInt64
  /// `SIF_*`.
  public var flags: UInt32
  /// The machine frame of xenstore's ring.
  public var storeFrame: UInt64
  /// The event channel of xenstore.
  public var storePort: UInt32
  /// The machine frame of the console's ring.
  public var consoleFrame: UInt64
  /// The event channel of the console.
  public var consolePort: UInt32
  /// The virtual address of the root of the page tables.
  public var pageTableAddress: UInt64
  /// The number of page table frames in the first mapping.
  public var pageTableFrameCount: UInt64
  /// The virtual address of the p2m list.
  public var p2mAddress: UInt64
  /// The module's virtual address, or its frame; 0 for none.
  public var moduleStart: UInt64
  /// The size of the module in bytes.
  public var moduleByteCount: UInt64
  /// The command line.
  public var commandLine: ByteString
  /// The first frame of the p2m list, if the list is outside of the first mapping; else 0.
  public var firstP2MFrame: UInt64
  /// The number of frames of the list and of its tables, if it is outside; else 0.
  public var p2mFrameCount: UInt64

  /// Decodes a page; nil if it is too short or without Xen's magic.
  public init?(_ view: ByteView) {
    guard let magic = view.slice(at: 0, count: 32)?.bytes,
      ByteString(magic).hasPrefix("xen-"),
      let pageCount = view.u64(at: 32), let sharedInfo = view.u64(at: 40),
      let flags = view.u32(at: 48), let storeFrame = view.u64(at: 56),
      let storePort = view.u32(at: 64), let consoleFrame = view.u64(at: 72),
      let consolePort = view.u32(at: 80), let pageTableAddress = view.u64(at: 88),
      let pageTableFrameCount = view.u64(at: 96), let p2mAddress = view.u64(at: 104),
      let moduleStart = view.u64(at: 112), let moduleByteCount = view.u64(at: 120),
      let commandLine = view.terminatedString(at: 128, count: Self.commandLineFieldByteCount),
      let firstP2MFrame = view.u64(at: 1152), let p2mFrameCount = view.u64(at: 1160)
    else { return nil }
    self.magic = magic
    self.pageCount = pageCount
    self.sharedInfo = sharedInfo
    self.flags = flags
    self.storeFrame = storeFrame
    self.storePort = storePort
    self.consoleFrame = consoleFrame
    self.consolePort = consolePort
    self.pageTableAddress = pageTableAddress
    self.pageTableFrameCount = pageTableFrameCount
    self.p2mAddress = p2mAddress
    self.moduleStart = moduleStart
    self.moduleByteCount = moduleByteCount
    self.commandLine = commandLine
    self.firstP2MFrame = firstP2MFrame
    self.p2mFrameCount = p2mFrameCount
  }

  /// What the domain of `plan` is told, when the loader itself was told `own`. Magic, shared info,
  /// rings, ports and the flags that don't describe the module stay as they are.
  public init(
    _ plan: DomainPlan, own: StartInfo, commandLine: ByteString
  ) throws(DomainBuilderError) {
    guard commandLine.count <= Self.commandLineByteCountMax else {
      throw .commandLineTooLong(
        byteCount: commandLine.count, byteCountMax: Self.commandLineByteCountMax)
    }
    self = own
    self.commandLine = commandLine
    pageCount = plan.pageCount
    flags = own.flags & ~(Self.flagMultibootModule | Self.flagModuleStartPFN)
    pageTableAddress = plan.address(of: plan.pageTables.lowerBound)
    pageTableFrameCount = plan.pageTables.frameCount
    p2mAddress = plan.p2mAddress
    moduleStart = 0
    moduleByteCount = 0
    if let module = plan.module {
      moduleByteCount = plan.moduleByteCount
      if plan.hasModuleList { flags |= Self.flagMultibootModule }
      if plan.isModuleMapped {
        moduleStart = plan.address(of: module.lowerBound)
      } else {
        moduleStart = module.lowerBound
        flags |= Self.flagModuleStartPFN
      }
    }
    let isP2MOutside = !plan.p2mTables.isEmpty
    firstP2MFrame = isP2MOutside ? plan.p2m.lowerBound : 0
    p2mFrameCount = isP2MOutside ? plan.p2m.frameCount + plan.p2mTables.frameCount : 0
  }

  /// Fills `page`, 4096 bytes, all of it.
  public func write(to page: UnsafeMutableRawBufferPointer) {
    precondition(page.count == Self.pageByteCount, "start_info is one page")
    // SAFETY: every offset below is inside the page, and a multiple of the field's size.
    for offset in 0..<page.count { page[offset] = 0 }
    for (offset, byte) in magic.prefix(32).enumerated() { page[offset] = byte }
    func store<Value: BitwiseCopyable>(_ value: Value, _ offset: Int) {
      page.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }
    store(pageCount, 32)
    store(sharedInfo, 40)
    store(flags, 48)
    store(storeFrame, 56)
    store(storePort, 64)
    store(consoleFrame, 72)
    store(consolePort, 80)
    store(pageTableAddress, 88)
    store(pageTableFrameCount, 96)
    store(p2mAddress, 104)
    store(moduleStart, 112)
    store(moduleByteCount, 120)
    let line = commandLine.bytes.prefix(Self.commandLineByteCountMax)
    for (index, byte) in line.enumerated() { page[128 + index] = byte }
    store(firstP2MFrame, 1152)
    store(p2mFrameCount, 1160)
  }
}
