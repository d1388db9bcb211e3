// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
public import StubMachine
public import XenFrontends

/// The machine under this domain, by hypercalls: what frontends need. `XenMachine+Memory.swift` has
/// its frames and mappings.
public final class XenMachine: PVMachine {
  /// What Xen told at the entry.
  public let entry: EntryFacts
  private var grantFrameCount = 0

  /// The one machine of this domain, which has started.
  public init(_ info: borrowing BootInfo) { entry = EntryFacts(info) }

  /// Above the page that is not mapped.
  public var stackBottom: UInt { UInt(minios_stack_guard()) + UInt(Page.byteCount) }

  /// System time in nanoseconds.
  public var now: UInt64 { Clock.now }

  /// `EVTCHNOP_send`; Xen refuses only a port that is closed.
  public func send(port: UInt32) {
    var argument = evtchn_send(port: port)
    _ = Hypercall.call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &argument)
  }

  /// Clears the pending bit of `port`.
  public func clearPending(port: UInt32) { SharedInfo.clearPending(port) }

  /// `SCHEDOP_poll` on `ports` until `deadline`.
  public func poll(ports: [UInt32], until deadline: UInt64) {
    // A timeout of 0 would mean "for ever".
    var ports = ports
    let count = UInt32(min(ports.count, 128))
    ports.withUnsafeMutableBufferPointer { ports in
      guard let list = ports.baseAddress else { return }
      _ = xen_poll(list, count, max(1, deadline))
    }
  }

  /// `EVTCHNOP_alloc_unbound`.
  public func allocateUnboundPort(remoteDomain: UInt16) throws(HypervisorError) -> UInt32 {
    var argument = evtchn_alloc_unbound()
    argument.dom = Hypercall.domainSelf
    argument.remote_dom = remoteDomain
    let result = Hypercall.call(
      __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &argument)
    try Hypercall.check(result, "an event channel to domain \(remoteDomain)")
    return argument.port
  }

  /// `EVTCHNOP_close`.
  public func close(port: UInt32) {
    var argument = evtchn_close(port: port)
    _ = Hypercall.call(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &argument)
  }

  /// `GNTTABOP_query_size`.
  public func grantTableSize() throws(HypervisorError) -> (frameCount: Int, frameCountMax: Int) {
    var argument = gnttab_query_size()
    argument.dom = Hypercall.domainSelf
    let result = Hypercall.grantTable(GNTTABOP_query_size, &argument)
    try Hypercall.check(result, "the size of the grant table")
    try Hypercall.check(Int64(argument.status), "the size of the grant table")
    return (Int(argument.nr_frames), Int(argument.max_nr_frames))
  }

  /// Maps the grant table: `GNTTABOP_setup_table` in PV, pages put into the memory map in PVH.
  public func mapGrantTable(frameCount: Int) throws(HypervisorError) -> UnsafeMutableRawPointer {
    guard let address = UnsafeMutableRawPointer(bitPattern: UInt(AddressSpace.grantTableStart))
    else { throw .outOfMemory(pageCount: frameCount) }
    guard frameCount > grantFrameCount else { return address }
    if StubDomain.mode == .pvh {
      try addGrantFrames(frameCount)
      return address
    }
    var machineFrames = [UInt](repeating: 0, count: frameCount)
    let result = machineFrames.withUnsafeMutableBufferPointer { list -> Int64 in
      guard let frames = list.baseAddress else { return 0 }
      return xen_setup_grant_table(UInt32(frameCount), frames)
    }
    try Hypercall.check(result, "a grant table of \(frameCount) frames")
    let isMapped = AddressSpace.set(AddressSpace.grantTableStart, count: frameCount) { index in
      UInt64(machineFrames[index]) << 12 | AddressSpace.Entry.memory
    }
    guard isMapped else { throw .outOfMemory(pageCount: frameCount) }
    grantFrameCount = frameCount
    return address
  }

  private func addGrantFrames(_ frameCount: Int) throws(HypervisorError) {
    while grantFrameCount < frameCount {
      let frame = XenPages.add(
        space: Int32(XENMAPSPACE_grant_table), index: UInt64(grantFrameCount))
      try Hypercall.check(frame, "a grant table of \(frameCount) frames")
      let isMapped = AddressSpace.set(
        AddressSpace.grantTableStart + UInt64(grantFrameCount) * 4096, count: 1
      ) { _ in UInt64(frame) << 12 | AddressSpace.Entry.memory }
      guard isMapped else { throw .outOfMemory(pageCount: frameCount) }
      grantFrameCount += 1
    }
  }

  /// The machine frame of `frame`.
  public func grantableFrame(_ frame: UInt64) -> UInt64 { AddressSpace.machineFrame(of: frame) }

  /// Zeroed pages at consecutive addresses.
  public func allocateSharedPages(count: Int) throws(HypervisorError) -> SharedPages {
    guard let memory = Heap.allocatePages(count) else { throw .outOfMemory(pageCount: count) }
    memory.initializeMemory(as: UInt64.self, repeating: 0, count: count * 512)
    let frames = AddressSpace.frames(at: UInt64(UInt(bitPattern: memory)), count: count)
    return SharedPages(address: memory, frames: frames)
  }

  /// Gives pages back.
  public func release(_ pages: SharedPages) {
    Heap.freePages(pages.address, count: pages.frames.count)
  }
}
