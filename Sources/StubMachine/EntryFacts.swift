// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What kind of domain this is (decision 18).
public enum DomainMode: Equatable, Sendable {
  /// `type="pv"`: ring 3, page tables by hypercalls, frames have machine numbers.
  case pv
  /// `type="pvh"`: ring 0 of a virtual machine, page tables of our own, machine frame = frame.
  case pvh
}

/// A ring that the domain builder set up for console or xenstore.
public struct EntryRing {
  /// Where its page is mapped; nil if Xen gave none.
  public let page: UnsafeMutableRawPointer?
  /// The page's frame.
  public let frame: FrameNumber
  /// Its event channel.
  public let port: UInt32

  /// A ring page at `page`.
  public init(page: UnsafeMutableRawPointer?, frame: FrameNumber, port: UInt32) {
    self.page = page
    self.frame = frame
    self.port = port
  }
}

/// What Xen's domain builder told this domain about itself, in PV by `struct start_info` of xen.h,
/// in PVH by `struct hvm_start_info` (xen/arch-x86/hvm/start_info.h).
public struct EntryFacts {
  /// Which of the two.
  public var mode: DomainMode
  /// Frames that the domain really has.
  public var frameCount: UInt64
  /// `SIF_*` flags in PV, `flags` in PVH.
  public var flags: UInt32
  /// The command line (`extra=`).
  public var commandLine: ByteString
  /// The console's ring.
  public var console: EntryRing
  /// The ring of xenstore.
  public var store: EntryRing
  /// The module (`ramdisk=`): its frames, empty if there is none, and its size in bytes.
  public var module: (frames: FrameRange, byteCount: UInt64)
  /// Where the module is mapped, if it is: in PV without SIF_MOD_START_PFN.
  public var moduleAddress: UInt64?
  /// PV: the page of `start_info` as Xen gave it; else empty.
  public var startInfo: [UInt8]
  /// PVH: the memory map, entry for entry; empty in PV.
  public var memoryMap: [MemoryMapEntry]
  /// PVH: the physical address of ACPI's root pointer (RSDP); 0 if there is none.
  public var rsdpAddress: UInt64
  /// The frames of the running image.
  public var imageFrames: FrameRange
  /// The floating-point state at the entry, for the next kernel: the 28 bytes that `fldenv` takes,
  /// then MXCSR.
  public var fpuState: [UInt8]

  /// Facts of a domain.
  public init(
    mode: DomainMode, frameCount: UInt64, flags: UInt32, commandLine: ByteString,
    console: EntryRing, store: EntryRing, module: (frames: FrameRange, byteCount: UInt64),
    moduleAddress: UInt64?, startInfo: [UInt8], memoryMap: [MemoryMapEntry],
    rsdpAddress: UInt64, imageFrames: FrameRange, fpuState: [UInt8]
  ) {
    self.mode = mode
    self.frameCount = frameCount
    self.flags = flags
    self.commandLine = commandLine
    self.console = console
    self.store = store
    self.module = module
    self.moduleAddress = moduleAddress
    self.startInfo = startInfo
    self.memoryMap = memoryMap
    self.rsdpAddress = rsdpAddress
    self.imageFrames = imageFrames
    self.fpuState = fpuState
  }
}

/// One entry of a PVH domain's memory map, as Xen gave it (`struct hvm_memmap_table_entry`).
public struct MemoryMapEntry: Equatable, Sendable {
  /// The physical address of its first byte.
  public var address: UInt64
  /// Its size in bytes.
  public var byteCount: UInt64
  /// `XEN_HVM_MEMMAP_TYPE_*`: 1 is RAM, 2 reserved, 3 ACPI tables.
  public var type: UInt32

  /// An entry.
  public init(address: UInt64, byteCount: UInt64, type: UInt32) {
    (self.address, self.byteCount, self.type) = (address, byteCount, type)
  }
}
