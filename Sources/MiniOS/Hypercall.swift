// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine
import XenFrontends

/// Hypercalls with Swift's types; numbers and structures are libxen-dev's.
enum Hypercall {
  /// `DOMID_SELF` of xen.h.
  static let domainSelf: UInt16 = 0x7ff0

  /// Throws unless `result` is a success.
  static func check(
    _ result: Int64, _ operation: @autoclosure () -> ByteString
  ) throws(HypervisorError) {
    if result < 0 { throw .refused(operation: operation(), errno: Int(-result)) }
  }

  /// `update_va_mapping`: sets the entry that maps `address`, whose L1 table exists.
  @discardableResult
  static func updateMapping(_ address: UInt64, entry: UInt64) -> Int64 {
    xen_hypercall(UInt64(__HYPERVISOR_update_va_mapping), address, entry, 2 /* UVMF_INVLPG */, 0)
  }

  /// `mmu_update` of `count` requests of 16 bytes at `requests`.
  static func updatePageTables(_ requests: UnsafeMutablePointer<UInt64>, count: Int) -> Int64 {
    xen_hypercall_list(
      UInt64(__HYPERVISOR_mmu_update), requests, UInt64(count), 0, UInt64(domainSelf))
  }

  /// `mmuext_op` of one operation.
  @discardableResult
  static func extended(_ command: Int32, argument: UInt64) -> Int64 {
    var operation = mmuext_op()
    operation.cmd = UInt32(command)
    operation.arg1.mfn = UInt(argument)
    return withUnsafeMutablePointer(to: &operation) {
      xen_hypercall_list(UInt64(__HYPERVISOR_mmuext_op), $0, 1, 0, UInt64(domainSelf))
    }
  }

  /// A hypercall with a command and a structure.
  static func call<Argument>(
    _ number: Int32, _ command: Int32, _ argument: inout Argument
  ) -> Int64 {
    withUnsafeMutablePointer(to: &argument) {
      xen_hypercall_structure(UInt64(number), UInt64(bitPattern: Int64(command)), $0, 0)
    }
  }

  /// `grant_table_op` of one operation.
  static func grantTable<Argument>(_ command: Int32, _ argument: inout Argument) -> Int64 {
    withUnsafeMutablePointer(to: &argument) {
      xen_hypercall_structure(
        UInt64(__HYPERVISOR_grant_table_op), UInt64(bitPattern: Int64(command)), $0, 1)
    }
  }

  /// `sched_op` shutdown: ends the domain and does not return.
  static func shutDown(reason: UInt32) -> Never {
    var argument = sched_shutdown(reason: reason)
    while true { _ = call(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &argument) }
  }

  /// Writes one byte to Xen's own log, which a debug or `guest_loglvl=all` Xen keeps.
  static func log(_ byte: UInt8) {
    if StubDomain.mode == .pvh {
      return minios_write_port(0xe9 /* XEN_HVM_DEBUGCONS_IOPORT */, byte)
    }
    var byte = byte
    _ = withUnsafeMutablePointer(to: &byte) {
      xen_console_write($0, 1)
    }
  }
}
