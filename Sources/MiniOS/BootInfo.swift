// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CMiniOS
import CXen
public import StubMachine

/// What Xen's domain builder told this domain about itself, read before anything else runs: in PV
/// `struct start_info` of xen.h, in PVH `struct hvm_start_info`. Reading it needs no heap.
public struct BootInfo {
  /// PV: frames of the domain, which is also the number of entries of the p2m list. PVH: frames of
  /// RAM that the domain really has, which are fewer than its memory map shows if `maxmem` is over
  /// `memory`.
  public let frameCount: UInt64
  /// PV: the machine address of the shared info page.
  public let sharedInfoMachineAddress: UInt64
  /// `SIF_*` flags.
  public let flags: UInt32
  /// The machine frame of the xenstore ring, and its event channel.
  public let store: (machineFrame: UInt64, port: UInt32)
  /// The machine frame of the console ring, and its event channel.
  public let console: (machineFrame: UInt64, port: UInt32)
  /// PV: the virtual address of the boot page tables, L4 first, and their number.
  public let pageTables: (address: UInt64, frameCount: UInt64)
  /// PV: the virtual address of the p2m list.
  public let p2mAddress: UInt64
  /// PV: where the p2m list and its page tables are, if outside the boot mapping; else zeros.
  public let p2mFrames: (first: UInt64, count: UInt64)
  /// The first frame and the size in bytes of the module (`ramdisk=`); zeros if there is none.
  public let module: (firstFrame: UInt64, byteCount: UInt64)
  /// The virtual address of the structure itself.
  public let address: UInt64
  /// The virtual address of the command line and its size without the terminator.
  let commandLinePlace: (address: UInt64, byteCount: Int)
  /// PVH: the memory map.
  let map: MemoryMap
  /// PVH: the physical address of ACPI's root pointer (RSDP); 0 if there is none.
  public let rsdpAddress: UInt64

  /// The command line (`extra=`), without the terminator. Needs the heap.
  public var commandLine: ByteString {
    let (address, byteCount) = commandLinePlace
    guard let start = UnsafeRawPointer(bitPattern: UInt(address)) else { return "" }
    // SAFETY: the terminator was found behind these bytes, and they stay mapped.
    return ByteString([UInt8](UnsafeRawBufferPointer(start: start, count: byteCount)))
  }

  /// PVH: the memory map as Xen gave it, entry for entry; empty in PV. Needs the heap.
  public var memoryMap: [MemoryMapEntry] {
    var result: [MemoryMapEntry] = []
    for index in 0..<map.count { result.append(map[index]) }
    return result
  }

  /// The frames of the image itself: code, data, stack, and in PVH the first page tables.
  public var imageFrames: Range<UInt64> { minios_text_start() >> 12..<minios_image_end() >> 12 }

  /// Bytes from `address` on before the first zero, at most `limit`.
  static func textByteCount(at address: UInt64, limit: Int) -> Int {
    guard let text = UnsafePointer<UInt8>(bitPattern: UInt(address)) else { return 0 }
    var count = 0
    while count < limit, text[count] != 0 { count += 1 }
    return count
  }
}

extension BootInfo {
  /// Offset of `cmd_line` in `struct start_info`.
  private static let commandLineOffset: UInt64 = 128
  /// `MAX_GUEST_CMDLINE`.
  private static let commandLineByteCountMax = 1024

  /// Copies the page that Xen gave at the PV entry.
  init(pv address: UInt64) {
    self.address = address
    guard let page = UnsafePointer<start_info>(bitPattern: UInt(address)) else {
      preconditionFailure("Xen gives a start info page")
    }
    // SAFETY: Xen maps the page at this address and nothing writes it after the start.
    let info = page.pointee
    frameCount = UInt64(info.nr_pages)
    sharedInfoMachineAddress = UInt64(info.shared_info)
    flags = info.flags
    store = (UInt64(info.store_mfn), info.store_evtchn)
    console = (UInt64(info.console.domU.mfn), info.console.domU.evtchn)
    pageTables = (UInt64(info.pt_base), UInt64(info.nr_pt_frames))
    p2mAddress = UInt64(info.mfn_list)
    p2mFrames = (UInt64(info.first_p2m_pfn), UInt64(info.nr_p2m_frames))
    let hasModuleFrame = info.flags & UInt32(SIF_MOD_START_PFN) != 0
    let moduleFrame = hasModuleFrame ? UInt64(info.mod_start) : UInt64(info.mod_start) >> 12
    module = info.mod_len == 0 ? (0, 0) : (moduleFrame, UInt64(info.mod_len))
    let line = address + Self.commandLineOffset
    commandLinePlace = (
      line, Self.textByteCount(at: line, limit: Self.commandLineByteCountMax)
    )
    map = MemoryMap(UnsafeBufferPointer(start: nil, count: 0))
    rsdpAddress = 0
  }
}
