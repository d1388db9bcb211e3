// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen
public import StubMachine

/// The stub-domain kernel: call `start` first, then everything else here works.
public enum StubDomain {
  /// By which of the image's two entries the domain came in.
  public nonisolated(unsafe) private(set) static var mode = DomainMode.pv

  /// What the domain calls itself in reports.
  nonisolated(unsafe) static var name: StaticString = "stub domain"

  /// Brings the domain up: console for reports, memory, exceptions, time, page protection.
  /// No interrupt is ever enabled (decision 2). `name` is what reports of a panic begin with.
  public static func start(name: StaticString) -> BootInfo {
    self.name = name
    mode = minios_is_pvh() != 0 ? .pvh : .pv
    Frames.start()
    Heap.start()
    // Canary page first: prebuilt code reads %fs:0x28 from its first function on.
    setThreadBase(minios_thread_page())
    seedCanary()
    let info = mode == .pv ? startPV() : startPVH()
    SharedInfo.start(info)
    return info
  }

  /// The page that Xen shares with the domain (`struct shared_info` of xen.h); nil before `start`
  /// and after `stop`.
  public static var sharedInfoPage: UnsafeRawPointer? { SharedInfo.address }

  private static func startPV() -> BootInfo {
    let info = BootInfo(pv: minios_start_info())
    AddressSpace.startPV(info)
    EarlyConsole.start(info)
    Traps.start()
    BootMemory.freeUnused(info)
    BootMemory.protectImage()
    return info
  }

  private static func startPVH() -> BootInfo {
    Traps.start()
    HypercallStubs.start()
    let info = BootInfo(pvh: minios_start_info())
    BootMemory.freeUnusedPVH(info)
    BootMemory.mapPVH(info)
    EarlyConsole.start(info)
    XenPages.start(info.map)
    return info
  }

  /// The canary has a zero byte, so that no string copy can write it whole.
  private static func seedCanary() {
    let page = UnsafeMutablePointer<UInt64>(bitPattern: UInt(minios_thread_page()))
    page?[5] = Clock.timeStamp &* 0x9e37_79b9_7f4a_7c15 & ~0xff
  }

  /// Leaves nothing of this kernel in the virtual CPU and in Xen: no exception table, no callback,
  /// no timer, no segment base, no pending event, in PVH no page of Xen's in the memory map. The
  /// last step before the trampoline: the clock stands still and no frontend works any more.
  ///
  /// In PVH everything below 4 GiB is mapped at its own address afterwards, readable, writable and
  /// executable, by tables inside the image; the heap and all other windows stay as they were. No
  /// mapping can be changed any more, since tables were seen through the narrow ones.
  public static func stop() {
    SharedInfo.clearAllPending()
    _ = xen_hypercall(UInt64(__HYPERVISOR_set_timer_op), 0, 0, 0, 0)
    switch mode {
    case .pv: _ = xen_hypercall(UInt64(__HYPERVISOR_set_callbacks), 0, 0, 0, 0)
    case .pvh:
      SharedInfo.stop()
      XenPages.removeAll()
      PageTables.widen()
    }
    Traps.stop()
    setThreadBase(0)
  }

  private static func setThreadBase(_ address: UInt64) {
    switch mode {
    case .pv:
      _ = xen_hypercall(UInt64(__HYPERVISOR_set_segment_base), 0 /* SEGBASE_FS */, address, 0, 0)
    case .pvh: minios_write_msr(0xc000_0100 /* IA32_FS_BASE */, address)
    }
  }

  /// Leaves this kernel for code at `address`, after `stop`.
  public static func jump(to address: UInt64) -> Never { minios_jump(address) }

  /// Ends the domain as a guest that powers off.
  public static func powerOff() -> Never {
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_poweroff))
  }

  /// Ends the domain as a guest that crashed.
  public static func crash() -> Never {
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_crash))
  }

  /// Ends the domain as a guest that reboots.
  public static func reboot() -> Never {
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_reboot))
  }
}
