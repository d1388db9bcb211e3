// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen

/// The stub-domain kernel: call `start` first, then everything else here works.
public enum StubDomain {
  /// Brings the domain up: console for reports, memory, exceptions, time, page protection.
  /// No interrupt is ever enabled (decision 2).
  public static func start() -> BootInfo {
    // Canary page first: prebuilt code reads %fs:0x28 from its first function on.
    setThreadBase(minios_thread_page())
    seedCanary()
    let info = BootInfo()
    AddressSpace.start(info)
    EarlyConsole.start(info)
    Traps.start()
    BootMemory.freeUnused(info)
    BootMemory.protectImage()
    SharedInfo.start(info)
    return info
  }

  /// The canary has a zero byte, so that no string copy can write it whole.
  private static func seedCanary() {
    let page = UnsafeMutablePointer<UInt64>(bitPattern: UInt(minios_thread_page()))
    page?[5] = Clock.timeStamp &* 0x9e37_79b9_7f4a_7c15 & ~0xff
  }

  /// Leaves nothing of this kernel in the virtual CPU: no exception table, no callback, no timer,
  /// no segment base, no pending event. The last step before the trampoline.
  public static func stop() {
    SharedInfo.clearAllPending()
    _ = xen_hypercall(UInt64(__HYPERVISOR_set_timer_op), 0, 0, 0, 0)
    _ = xen_hypercall(UInt64(__HYPERVISOR_set_callbacks), 0, 0, 0, 0)
    Traps.stop()
    setThreadBase(0)
  }

  private static func setThreadBase(_ address: UInt64) {
    _ = xen_hypercall(UInt64(__HYPERVISOR_set_segment_base), 0 /* SEGBASE_FS */, address, 0, 0)
  }

  /// Ends the domain as a guest that powers off.
  public static func powerOff() -> Never {
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_poweroff))
  }

  /// Ends the domain as a guest that reboots.
  public static func reboot() -> Never {
    Hypercall.shutDown(reason: UInt32(SHUTDOWN_reboot))
  }
}
