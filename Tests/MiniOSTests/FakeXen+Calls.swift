// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CFakeXen
import CMiniOS
import CXen
import Foundation

/// The hypercalls that MiniOS makes. Anything else is answered with ENOSYS.
extension FakeXen {
  func answer(
    _ number: Int32, _ arg1: UInt64, _ arg2: UInt64, _ arg3: UInt64, _ arg4: UInt64
  ) -> Int64 {
    defer { settle() }
    callCount += 1
    if canBeRefused(number, arg1, arg2) {
      defer { refusableCallCount += 1 }
      if refusedCall == refusableCallCount {
        if number == __HYPERVISOR_mmu_update {
          // Xen stops at the entry that it refuses; those before stay written.
          _ = pointer(arg1, to: UInt64.self) { updateEntries($0, Int(arg2) / 2) }
        }
        return -refusedErrno
      }
    }
    switch number {
    case __HYPERVISOR_update_va_mapping: return updateMapping(arg1, arg2)
    case __HYPERVISOR_mmu_update:
      return pointer(arg1, to: UInt64.self) { updateEntries($0, Int(arg2)) }
    case __HYPERVISOR_mmuext_op: return pointer(arg1, to: mmuext_op.self) { extended($0.pointee) }
    case __HYPERVISOR_memory_op: return memory(Int32(arg1), arg2)
    case __HYPERVISOR_event_channel_op: return event(Int32(arg1), arg2)
    case __HYPERVISOR_grant_table_op: return grant(Int32(arg1), arg2)
    case __HYPERVISOR_sched_op: return schedule(Int32(arg1), arg2)
    case __HYPERVISOR_hvm_op: return parameter(Int32(arg1), arg2)
    case __HYPERVISOR_console_io:
      pointer(arg3, to: UInt8.self) { log += UnsafeBufferPointer(start: $0, count: Int(arg2)) }
      return 0
    case __HYPERVISOR_set_trap_table:
      setTraps(arg1)
      return 0
    case __HYPERVISOR_set_callbacks, __HYPERVISOR_set_timer_op, __HYPERVISOR_set_segment_base:
      otherCalls.append(number)
      return 0
    default: return -38
    }
  }

  @discardableResult
  private func pointer<Target, Result>(
    _ address: UInt64, to type: Target.Type, _ body: (UnsafeMutablePointer<Target>) -> Result
  ) -> Result {
    guard let pointer = UnsafeMutablePointer<Target>(bitPattern: UInt(address)) else {
      preconditionFailure("a hypercall with a null pointer")
    }
    return body(pointer)
  }

  /// Xen never refuses to flush, to write its log, to take a mapping away, or to show a page of the
  /// domain's own for reading.
  private func canBeRefused(_ number: Int32, _ arg1: UInt64, _ arg2: UInt64) -> Bool {
    switch number {
    case __HYPERVISOR_console_io, __HYPERVISOR_set_timer_op, __HYPERVISOR_sched_op: return false
    case __HYPERVISOR_update_va_mapping: return arg2 & 2 != 0
    case __HYPERVISOR_mmu_update:
      return pointer(arg1, to: UInt64.self) { list in
        (0..<Int(arg2)).contains { list[2 * $0 + 1] != 0 || list[2 * $0] & 3 != 0 }
      }
    case __HYPERVISOR_mmuext_op:
      return pointer(arg1, to: mmuext_op.self) { $0.pointee.cmd == UInt32(MMUEXT_PIN_L4_TABLE) }
    default: return true
    }
  }

  private func extended(_ operation: mmuext_op) -> Int64 {
    switch Int32(operation.cmd) {
    case MMUEXT_TLB_FLUSH_LOCAL:
      stale = [:]
      return 0
    case MMUEXT_PIN_L4_TABLE:
      guard let table = storage(ofMachine: UInt64(operation.arg1.mfn)),
        promote(table, 4, at: .max)
      else { return -22 }
      pinned.append(UInt64(operation.arg1.mfn))
      return 0
    case MMUEXT_UNPIN_TABLE:
      guard let index = pinned.firstIndex(of: UInt64(operation.arg1.mfn)),
        let table = storage(ofMachine: pinned.remove(at: index))
      else { return -22 }
      demote(table)
      return 0
    default: return -38
    }
  }

  private func memory(_ command: Int32, _ address: UInt64) -> Int64 {
    if command == refusedMemoryCommand { return -refusedErrno }
    switch command {
    case XENMEM_current_reservation: return reservation
    case XENMEM_memory_map:
      return pointer(address, to: xen_memory_map.self) { map in
        guard !firmwareMap.isEmpty else { return -38 }
        guard let buffer = UnsafeMutableRawPointer(map.pointee.buffer.p) else { return -14 }
        for (index, entry) in firmwareMap.enumerated() {
          buffer.storeBytes(of: entry.0, toByteOffset: index * 20, as: UInt64.self)
          buffer.storeBytes(of: entry.1, toByteOffset: index * 20 + 8, as: UInt64.self)
          buffer.storeBytes(of: entry.2, toByteOffset: index * 20 + 16, as: UInt32.self)
        }
        map.pointee.nr_entries = UInt32(firmwareMap.count)
        return 0
      }
    case XENMEM_add_to_physmap:
      return pointer(address, to: xen_add_to_physmap.self) { argument in
        let index = Int(argument.pointee.idx)
        let isGrant = argument.pointee.space == UInt32(XENMAPSPACE_grant_table)
        guard isGrant ? index < Self.grantFrameCountMax : index == 0 else { return -22 }
        if isGrant { grantFrameCount = max(grantFrameCount, index + 1) }
        setMachine(isGrant ? grantFrame(index) : frameCount, UInt64(argument.pointee.gpfn))
        return 0
      }
    case XENMEM_remove_from_physmap:
      return pointer(address, to: xen_remove_from_physmap.self) { argument in
        guard let storage = storage(ofMachine: UInt64(argument.pointee.gpfn)) else { return -2 }
        setMachine(storage, nil)
        return 0
      }
    default: return -38
    }
  }

  private func event(_ command: Int32, _ address: UInt64) -> Int64 {
    switch command {
    case EVTCHNOP_send:
      sentPorts.append(pointer(address, to: evtchn_send.self) { $0.pointee.port })
    case EVTCHNOP_close:
      closedPorts.append(pointer(address, to: evtchn_close.self) { $0.pointee.port })
    case EVTCHNOP_alloc_unbound:
      pointer(address, to: evtchn_alloc_unbound.self) { $0.pointee.port = nextPort }
      nextPort += 1
    default: return -38
    }
    return 0
  }

  private func grant(_ command: Int32, _ address: UInt64) -> Int64 {
    switch command {
    case GNTTABOP_query_size:
      pointer(address, to: gnttab_query_size.self) {
        $0.pointee.nr_frames = UInt32(grantFrameCount)
        $0.pointee.max_nr_frames = UInt32(Self.grantFrameCountMax)
      }
    case GNTTABOP_setup_table:
      pointer(address, to: gnttab_setup_table.self) { table in
        let count = Int(table.pointee.nr_frames)
        guard count <= Self.grantFrameCountMax, let list = table.pointee.frame_list.p else {
          table.pointee.status = -1
          return
        }
        grantFrameCount = max(grantFrameCount, count)
        for index in 0..<count { list[index] = UInt(machine[grantFrame(index)] ?? 0) }
      }
    default: return -38
    }
    return 0
  }

  private func schedule(_ command: Int32, _ address: UInt64) -> Int64 {
    switch command {
    case SCHEDOP_poll:
      return pointer(address, to: sched_poll.self) { poll in
        let list = UnsafeBufferPointer(
          start: poll.pointee.ports.p, count: Int(poll.pointee.nr_ports))
        polls.append((Array(list), poll.pointee.timeout))
        return 0
      }
    case SCHEDOP_shutdown:
      // Only in a process of its own: the guest ends, and so does the process.
      let reason = pointer(address, to: sched_shutdown.self) { $0.pointee.reason }
      FileHandle.standardError.write(Data(log))
      exit(Int32(reason) + 100)
    default: return -38
    }
  }

  private func parameter(_ command: Int32, _ address: UInt64) -> Int64 {
    guard command == HVMOP_get_param else { return -38 }
    return pointer(address, to: xen_hvm_param.self) {
      guard let value = parameters[$0.pointee.index] else { return -22 }
      $0.pointee.value = value
      return 0
    }
  }

  private func setTraps(_ address: UInt64) {
    trapVectors = []
    guard var next = UnsafePointer<trap_info>(bitPattern: UInt(address)) else { return }
    while next.pointee.address != 0 {
      trapVectors.append(next.pointee.vector)
      next += 1
    }
  }
}
