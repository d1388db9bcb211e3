// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CMiniOS
import CXen

/// What Xen's domain builder told this domain about itself (`struct start_info` of xen.h), read
/// before anything else runs. Reading it needs no heap.
public struct BootInfo {
  /// Frames of the domain, which is also the number of entries of the p2m list.
  public let frameCount: UInt64
  /// The machine address of the shared info page.
  public let sharedInfoMachineAddress: UInt64
  /// `SIF_*` flags.
  public let flags: UInt32
  /// The machine frame of the xenstore ring, and its event channel.
  public let store: (machineFrame: UInt64, port: UInt32)
  /// The machine frame of the console ring, and its event channel.
  public let console: (machineFrame: UInt64, port: UInt32)
  /// The virtual address of the boot page tables, L4 first, and their number.
  public let pageTables: (address: UInt64, frameCount: UInt64)
  /// The virtual address of the p2m list.
  public let p2mAddress: UInt64
  /// Where the p2m list and its page tables are, if outside the boot mapping; else zeros.
  public let p2mFrames: (first: UInt64, count: UInt64)
  /// The first frame and the size in bytes of the module (`ramdisk=`); zeros if there is none.
  public let module: (firstFrame: UInt64, byteCount: UInt64)
  /// The virtual address of the page itself.
  public let address: UInt64

  /// Copies the page that Xen gave at entry.
  init() {
    address = minios_start_info()
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
  }

  /// The command line (`extra=`), without the terminator. Needs the heap.
  public var commandLine: ByteString {
    guard let page = UnsafeRawPointer(bitPattern: UInt(address)) else { return "" }
    var line: [UInt8] = []
    for index in 0..<BootInfo.commandLineByteCountMax {
      let offset = BootInfo.commandLineOffset + index
      // SAFETY: the page is 4096 bytes and stays mapped.
      let byte = page.load(fromByteOffset: offset, as: UInt8.self)
      if byte == 0 { break }
      line.append(byte)
    }
    return ByteString(line)
  }

  /// Offset of `cmd_line` in `struct start_info`.
  private static let commandLineOffset = 128
  /// `MAX_GUEST_CMDLINE`.
  private static let commandLineByteCountMax = 1024
}
