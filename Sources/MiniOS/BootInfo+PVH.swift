// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen

extension BootInfo {
  /// Bytes of a PVH command line at most: Xen gives what the toolstack gave, of any length.
  private static let lineByteCountMax = 1 << 16
  /// Modules that are looked at: a toolstack gives one or two.
  static let moduleCountMax: UInt32 = 64

  /// Reads what the PVH entry was given, on the entry's page tables, which map all below 4 GiB.
  init(pvh address: UInt64) {
    self.address = address
    guard let info = UnsafePointer<hvm_start_info>(bitPattern: UInt(address))?.pointee,
      info.magic == UInt32(XEN_HVM_START_MAGIC_VALUE)
    else { Panic.end("the PVH entry got no hvm_start_info") }
    flags = info.flags
    rsdpAddress = info.rsdp_paddr
    map = Self.memoryMap(info)
    frameCount = Self.populatedFrameCount(map)
    store = (
      Self.parameter(HVM_PARAM_STORE_PFN),
      UInt32(truncatingIfNeeded: Self.parameter(HVM_PARAM_STORE_EVTCHN))
    )
    console = (
      Self.parameter(HVM_PARAM_CONSOLE_PFN),
      UInt32(truncatingIfNeeded: Self.parameter(HVM_PARAM_CONSOLE_EVTCHN))
    )
    let line = info.cmdline_paddr
    commandLinePlace = (line, Self.textByteCount(at: line, limit: Self.lineByteCountMax))
    let first = info.nr_modules > 0 ? Self.moduleEntry(info, 0) : hvm_modlist_entry()
    module = first.size == 0 ? (0, 0) : (first.paddr >> 12, first.size)
    sharedInfoMachineAddress = 0
    pageTables = (0, 0)
    p2mAddress = 0
    p2mFrames = (0, 0)
  }

  private static func moduleEntry(_ info: hvm_start_info, _ index: UInt32) -> hvm_modlist_entry {
    let list = UnsafePointer<hvm_modlist_entry>(bitPattern: UInt(info.modlist_paddr))
    return list?[Int(index)] ?? hvm_modlist_entry()
  }

  /// `HVMOP_get_param`; 0 if Xen refuses.
  private static func parameter(_ index: Int32) -> UInt64 {
    var argument = xen_hvm_param()
    argument.domid = Hypercall.domainSelf
    argument.index = UInt32(index)
    let result = Hypercall.call(__HYPERVISOR_hvm_op, HVMOP_get_param, &argument)
    return result == 0 ? argument.value : 0
  }

  /// The map of `info`, or Xen's answer to XENMEM_memory_map where `info` is of version 0, copied:
  /// it must outlive what it was read from.
  private static func memoryMap(_ info: hvm_start_info) -> MemoryMap {
    let table = minios_memory_map()
    var count = min(Int(info.memmap_entries), Int(MINIOS_MEMORY_MAP_MAX))
    let hasMap = info.version >= 1 && info.memmap_entries > 0
    if hasMap,
      let given = UnsafePointer<hvm_memmap_table_entry>(bitPattern: UInt(info.memmap_paddr))
    {
      for index in 0..<count { table[index] = given[index] }
    } else {
      count = readMemoryMap(into: table)
    }
    return MemoryMap(UnsafeBufferPointer(start: table, count: count))
  }

  /// XENMEM_memory_map: entries of 20 bytes, address, size and type, as a PC's firmware has them.
  private static func readMemoryMap(
    into table: UnsafeMutablePointer<hvm_memmap_table_entry>
  ) -> Int {
    var count = UInt32(MINIOS_MEMORY_MAP_MAX)
    let buffer = UnsafeMutableRawPointer(minios_frame_buffer())
    guard xen_memory_map(buffer, &count) == 0, count <= UInt32(MINIOS_MEMORY_MAP_MAX) else {
      Panic.end("Xen gives no memory map")
    }
    for index in 0..<Int(count) {
      // SAFETY: the buffer has 4096 bytes, room for MINIOS_MEMORY_MAP_MAX entries.
      let entry = buffer + index * 20
      table[index] = hvm_memmap_table_entry(
        addr: entry.loadUnaligned(as: UInt64.self),
        size: entry.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
        type: entry.loadUnaligned(fromByteOffset: 16, as: UInt32.self), reserved: 0)
    }
    return Int(count)
  }

  /// The frames of RAM that are there. With populate-on-demand the map shows `maxmem`, and Xen ends
  /// a domain that touches more than `memory`.
  private static func populatedFrameCount(_ map: MemoryMap) -> UInt64 {
    var domain = xen_memory_domain()
    domain.domid = Hypercall.domainSelf
    let count = Hypercall.call(__HYPERVISOR_memory_op, XENMEM_current_reservation, &domain)
    guard count > otherFrameCount, count < map.ramFrameCount else { return map.ramFrameCount }
    return UInt64(count - otherFrameCount)
  }

  /// Frames that may be in Xen's count and are not RAM: rings and other special pages, ACPI tables.
  private static let otherFrameCount: Int64 = 64

  /// Calls `body` with the address and size in bytes of each piece of memory that belongs to what
  /// Xen told: the structures, which are read, and the modules, which may be handed on. Only
  /// while the entry's page tables are in use.
  func forEachBootArea(_ body: (_ address: UInt64, _ byteCount: UInt64, _ isModule: Bool) -> Void) {
    guard let info = UnsafePointer<hvm_start_info>(bitPattern: UInt(address))?.pointee else {
      return
    }
    let moduleCount = min(info.nr_modules, Self.moduleCountMax)
    body(address, UInt64(MemoryLayout<hvm_start_info>.size), false)
    // No text is address 0, and page 0 stays unmapped.
    if commandLinePlace.address != 0 {
      body(commandLinePlace.address, UInt64(commandLinePlace.byteCount + 1), false)
    }
    body(info.modlist_paddr, UInt64(moduleCount) * 32, false)
    if info.version >= 1 { body(info.memmap_paddr, UInt64(info.memmap_entries) * 24, false) }
    for index in 0..<moduleCount {
      let module = Self.moduleEntry(info, index)
      body(module.paddr, module.size, true)
      let line = module.cmdline_paddr
      let byteCount = Self.textByteCount(at: line, limit: Self.lineByteCountMax)
      if line != 0 { body(line, UInt64(byteCount + 1), false) }
    }
  }
}
