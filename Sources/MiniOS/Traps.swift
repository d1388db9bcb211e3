// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import CXen
import StubMachine

/// The exceptions, all of which end the domain with a report.
enum Traps {
  /// The vector of a page fault.
  static let pageFault: UInt64 = 14
  /// `FLAT_KERNEL_CS` of xen-x86_64.h.
  private static let codeSelector: UInt16 = 0xe033

  /// Tells Xen or the processor where the stubs are.
  static func start() {
    switch StubDomain.mode {
    case .pv: setTable()
    case .pvh: minios_start_exceptions()
    }
  }

  private static func setTable() {
    withUnsafeTemporaryAllocation(of: trap_info.self, capacity: 33) { table in
      for vector in 0..<32 {
        table.initializeElement(
          at: vector,
          to: trap_info(
            vector: UInt8(vector), flags: 0, cs: codeSelector,
            address: UInt(minios_trap_stub(UInt32(vector)))))
      }
      table.initializeElement(at: 32, to: trap_info(vector: 0, flags: 0, cs: 0, address: 0))
      _ = xen_hypercall_list(UInt64(__HYPERVISOR_set_trap_table), table.baseAddress, 0, 0, 0)
    }
  }

  /// PV: takes the stubs away, for the next kernel. A PVH kernel starts with a table of its own.
  static func stop() {
    guard StubDomain.mode == .pv else { return }
    _ = xen_hypercall(UInt64(__HYPERVISOR_set_trap_table), 0, 0, 0, 0)
  }

  /// The address of the last page fault.
  static var faultAddress: UInt64 {
    switch StubDomain.mode {
    case .pv: SharedInfo.faultAddress
    case .pvh: minios_fault_address()
    }
  }

  /// The mnemonic of Intel's manual, volume 3, table 6-1.
  static func name(_ vector: UInt64) -> StaticString {
    switch vector {
    case 0: "#DE divide error"
    case 3: "#BP breakpoint"
    case 6: "#UD invalid opcode (a failed precondition)"
    case 8: "#DF double fault"
    case 10: "#TS"
    case 11: "#NP"
    case 12: "#SS"
    case 13: "#GP general protection"
    case 14: "#PF page fault"
    case 16: "#MF"
    case 17: "#AC"
    case 19: "#XM"
    default: "of another vector"
    }
  }
}
