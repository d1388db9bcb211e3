// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CFakeXen
import CMiniOS
import CXen
import Foundation
import StubMachine

@testable import MiniOS

/// Where the parts of a guest's memory are, in frames. The image lies at 1 MiB, as image.ld has it.
enum GuestLayout {
  static let text = 256
  static let textEnd = 258
  static let rodataEnd = 259
  static let scratch = 259
  static let sharedInfo = 260
  static let thread = 261
  static let stackGuard = 262
  static let stackTop = 265
  /// PVH: MINIOS_BOOT_TABLE_COUNT pages.
  static let bootTables = 265
  static let imageEnd = 277
  static let module = 280
  static let frameCount = 2048
}

/// What a guest may be given.
struct GuestOptions {
  /// Where the p2m list is: in the boot mapping, or in a slot of its own with small or large pages.
  enum List { case inside, outside, large }
  var list = List.inside
  var moduleByteCount = 0x2345
  /// `SIF_MOD_START_PFN`: the module is named by its frame.
  var namesModuleByFrame = true
  var commandLine = "root=/dev/xvda1 quiet"
}

extension FakeXen {
  /// Tells CMiniOS where the image is.
  func placeImage() {
    func address(_ frame: Int) -> UInt64 { UInt64(frame) << 12 }
    let host = minios_host()
    host.pointee = .init()
    host.pointee.is_pvh = mode == .pvh ? 1 : 0
    // As a processor after RESET has it; the last is MXCSR.
    host.pointee.saved_fpu = (0xffff_0040, 0xffff_0000, 0xffff_5555, 0, 0, 0, 0, 0x1f80)
    host.pointee.text_start = address(GuestLayout.text)
    host.pointee.text_end = address(GuestLayout.textEnd)
    host.pointee.rodata_end = address(GuestLayout.rodataEnd)
    host.pointee.image_end = address(GuestLayout.imageEnd)
    host.pointee.stack_guard = address(GuestLayout.stackGuard)
    host.pointee.stack_top = address(GuestLayout.stackTop)
    host.pointee.scratch_page = address(GuestLayout.scratch)
    host.pointee.shared_info_page = address(GuestLayout.sharedInfo)
    host.pointee.thread_page = address(GuestLayout.thread)
    host.pointee.boot_tables = address(GuestLayout.bootTables)
  }

  /// A PV domain as libxenguest builds one: everything mapped by small pages from 0 on, tables
  /// read-only, the start of its page tables told in `start_info`.
  static func pv(_ options: GuestOptions = .init()) -> FakeXen {
    let large = 1024..<1536
    let xen = FakeXen(
      mode: .pv, frameCount: GuestLayout.frameCount,
      isContiguous: options.list == .large ? large : 0..<0)
    xen.placeImage()
    let listCount = xen.frameCount * 8 / 4096
    var next = GuestLayout.module + (options.moduleByteCount + 4095) / 4096
    func take(_ count: Int) -> Int {
      defer { next += count }
      return next
    }
    let list = options.list == .inside ? take(listCount) : large.lowerBound
    let startInfo = take(1)
    let store = take(1)
    let console = take(1)
    let mapped = 1024
    let tables = take(3 + mapped / 512)
    for frame in 0..<xen.frameCount {
      xen.words(list)[frame] = xen.machine[frame] ?? 0
    }
    xen.buildTables(tables, mapped: mapped, list: list, listCount: listCount, options.list)
    var info = start_info()
    info.nr_pages = UInt(xen.frameCount)
    info.shared_info = UInt((xen.machine[xen.frameCount] ?? 0) << 12)
    info.flags = options.namesModuleByFrame ? UInt32(SIF_MOD_START_PFN) : 0
    info.store_mfn = UInt(xen.machine[store] ?? 0)
    info.store_evtchn = 1
    info.console.domU.mfn = UInt(xen.machine[console] ?? 0)
    info.console.domU.evtchn = 2
    info.pt_base = UInt(tables << 12)
    info.nr_pt_frames = UInt(3 + mapped / 512)
    info.mfn_list = options.list == .inside ? UInt(list << 12) : 0x80_0000_0000
    if options.list != .inside {
      info.first_p2m_pfn = UInt(list)
      info.nr_p2m_frames = UInt(options.list == .large ? 512 + 2 : listCount + 3)
    }
    if options.moduleByteCount > 0 {
      let start = GuestLayout.module
      info.mod_start = UInt(options.namesModuleByFrame ? start : start << 12)
      info.mod_len = UInt(options.moduleByteCount)
    }
    xen.page(startInfo).storeBytes(of: info, as: start_info.self)
    for (index, byte) in (Array(options.commandLine.utf8) + [0]).prefix(1024).enumerated() {
      xen.page(startInfo).storeBytes(of: byte, toByteOffset: 128 + index, as: UInt8.self)
    }
    minios_host().pointee.start_info = UInt64(startInfo) << 12
    return xen
  }

  private func buildTables(
    _ tables: Int, mapped: Int, list: Int, listCount: Int, _ kind: GuestOptions.List
  ) {
    func entry(_ frame: Int, _ bits: UInt64) -> UInt64 { (machine[frame] ?? 0) << 12 | bits }
    let (l4, l3, l2) = (tables, tables + 1, tables + 2)
    let l1 = tables + 3
    words(l4)[0] = entry(l3, PageTableEntry.table)
    words(l3)[0] = entry(l2, PageTableEntry.table)
    for index in 0..<mapped / 512 { words(l2)[index] = entry(l1 + index, PageTableEntry.table) }
    let own = tables..<l1 + mapped / 512
    for frame in 0..<mapped {
      let bits = PageTableEntry.page & (own.contains(frame) ? ~PageTableEntry.writable : .max)
      words(l1 + frame / 512)[frame % 512] = entry(frame, bits)
    }
    if kind != .inside {
      let behind = list + (kind == .large ? 512 : listCount)
      words(l4)[1] = entry(behind, PageTableEntry.table)
      words(behind)[0] = entry(behind + 1, PageTableEntry.table)
      if kind == .large {
        words(behind + 1)[0] = entry(list, PageTableEntry.page | PageTableEntry.large)
      } else {
        words(behind + 1)[0] = entry(behind + 2, PageTableEntry.table)
        for index in 0..<listCount {
          words(behind + 2)[index] = entry(list + index, PageTableEntry.page)
        }
      }
    }
    root = l4
    precondition(promote(l4, 4, at: 0), "Xen's own tables break its rules")
    settle()
    pinned = [machine[l4] ?? 0]
  }

  /// The frames that the builder of `pv` has in use, beside those of the p2m list outside.
  static func usedCount(_ options: GuestOptions) -> Int {
    let list = GuestLayout.frameCount * 8 / 4096
    let listCount =
      switch options.list {
      case .inside: list
      case .outside: list + 3
      case .large: 512 + 2
      }
    return GuestLayout.imageEnd - GuestLayout.text + (options.moduleByteCount + 4095) / 4096
      + listCount + 3 + 5
  }

  // MARK: PVH

  /// Frames of what a PVH domain is told.
  enum PVHFrame {
    static let startInfo = 300
    static let commandLine = 301
    static let list = 302
    static let map = 303
    static let store = 0xfeffc
    static let console = 0xfeffd
  }

  /// A PVH domain right behind boot32.S: all below 4 GiB at its own address, by large pages.
  static func pvh(
    version: UInt32 = 1, moduleByteCount: UInt64 = 0x2345, commandLine: String? = "ro quiet"
  ) -> FakeXen {
    let xen = FakeXen(mode: .pvh, frameCount: GuestLayout.frameCount)
    xen.placeImage()
    let boot = GuestLayout.bootTables
    func entry(_ frame: Int, _ bits: UInt64 = 3) -> UInt64 { UInt64(frame) << 12 | bits }
    xen.words(boot)[0] = entry(boot + 1)
    for index in 0..<4 { xen.words(boot + 1)[index] = entry(boot + 2 + index) }
    for index in 0..<2048 { xen.words(boot + 2)[index] = UInt64(index) << 21 | 0x83 }
    xen.root = boot
    xen.setMachine(xen.ring(0), UInt64(PVHFrame.store))
    xen.setMachine(xen.ring(1), UInt64(PVHFrame.console))
    let map: [(UInt64, UInt64, UInt32)] = [
      (0, UInt64(xen.frameCount) << 12, 1), (0xfeff_8000, 0x8000, 2),
    ]
    if version == 0 { xen.firmwareMap = map }
    var info = hvm_start_info()
    info.magic = UInt32(XEN_HVM_START_MAGIC_VALUE)
    info.version = version
    info.rsdp_paddr = 0xfc00_8000
    if let commandLine {
      info.cmdline_paddr = UInt64(PVHFrame.commandLine) << 12
      for (index, byte) in (Array(commandLine.utf8) + [0]).enumerated() {
        xen.page(PVHFrame.commandLine).storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      }
    }
    if moduleByteCount > 0 {
      info.nr_modules = 1
      info.modlist_paddr = UInt64(PVHFrame.list) << 12
      let module = hvm_modlist_entry(
        paddr: UInt64(GuestLayout.module) << 12, size: moduleByteCount, cmdline_paddr: 0,
        reserved: 0)
      xen.page(PVHFrame.list).storeBytes(of: module, as: hvm_modlist_entry.self)
    }
    if version >= 1 {
      info.memmap_paddr = UInt64(PVHFrame.map) << 12
      info.memmap_entries = UInt32(map.count)
      for (index, entry) in map.enumerated() {
        xen.page(PVHFrame.map).storeBytes(
          of: hvm_memmap_table_entry(
            addr: entry.0, size: entry.1, type: entry.2, reserved: 0),
          toByteOffset: index * 24, as: hvm_memmap_table_entry.self)
      }
    }
    xen.page(PVHFrame.startInfo).storeBytes(of: info, as: hvm_start_info.self)
    xen.parameters = [
      UInt32(HVM_PARAM_STORE_PFN): UInt64(PVHFrame.store), UInt32(HVM_PARAM_STORE_EVTCHN): 1,
      UInt32(HVM_PARAM_CONSOLE_PFN): UInt64(PVHFrame.console), UInt32(HVM_PARAM_CONSOLE_EVTCHN): 2,
    ]
    xen.connectProcessor()
    precondition(xen.promote(boot, 4, at: 0))
    xen.settle()
    xen.bootTableCopy = Array(
      UnsafeBufferPointer(start: xen.words(boot), count: 512 * Int(MINIOS_BOOT_TABLE_COUNT)))
    return xen
  }

  /// What ring 0 may do: Xen's CPUID leaves, its debug port, flushes.
  private func connectProcessor() {
    let host = minios_host()
    host.pointee.start_info = UInt64(PVHFrame.startInfo) << 12
    host.pointee.hypercall_page = fake_xen_hypercall_page()
    host.pointee.cpuid = { leaf in
      // Some other hypervisor's leaves come first.
      switch leaf {
      case 0x4000_0100:
        minios_cpuid(
          eax: 0x4000_0104, ebx: UInt32(XEN_CPUID_SIGNATURE_EBX),
          ecx: UInt32(XEN_CPUID_SIGNATURE_ECX), edx: UInt32(XEN_CPUID_SIGNATURE_EDX))
      case 0x4000_0102: minios_cpuid(eax: 1, ebx: 0x4000_0000, ecx: 0, edx: 0)
      default: minios_cpuid(eax: 0, ebx: 0, ecx: 0, edx: 0)
      }
    }
    host.pointee.write_msr = { FakeXen.current?.msrs[$0] = $1 }
    host.pointee.write_port = { if $0 == 0xe9 { FakeXen.current?.log.append($1) } }
    host.pointee.flush = { FakeXen.current?.flush($0) }
  }
}
