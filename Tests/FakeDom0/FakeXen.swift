// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen
import Foundation

import XenFrontends

/// A domain 0 service that is told by events when to look.
public protocol FakePeer: AnyObject {
  /// Does everything there is to do.
  func work()
}

/// Memory of the guest, where a test has some of its own.
package protocol FakeMemory: AnyObject {
  /// Where dom0 sees a frame of the guest; nil if there is none.
  func page(of frame: FrameNumber) -> UnsafeMutableRawPointer?
  /// Zeroed pages for a ring that the toolstack sets up.
  func makePages(count: Int) -> SharedPages
}

/// A hypervisor in lock-step: everything that dom0 does happens inside `poll`, and time only passes
/// there.
public final class FakeXen: Hypervisor {
  /// Machine frame numbers differ from ours, so that nobody can mix them up.
  package static let machineOffset: UInt64 = 0x4_0000

  /// Xen's system time in nanoseconds.
  public var now: UInt64 = 5_000_000_000
  package var complaints: [String] = []
  package var pollCount = 0
  package var sendCount = 0
  package var grantFrameCountMax = 32
  /// Pages that may still be allocated.
  package var pagesLeft = 100_000
  /// The guest's memory; nil for pages that are made when they are asked for.
  package weak var memory: (any FakeMemory)?
  /// Set to refuse event channels.
  package var refusesPorts = false
  package private(set) var allocatedPageCount = 0
  package private(set) var openPorts: [UInt32] = []

  private var pages: [UInt64: UnsafeMutableRawPointer] = [:]
  private var blocks: [UnsafeMutableRawPointer] = []
  private var nextFrame: UInt64 = 0x100
  private var nextPort: UInt32 = 3
  private var pending: Set<UInt32> = []
  private var peers: [UInt32: any FakePeer] = [:]
  private var notified: [any FakePeer] = []
  private var timers: [(time: UInt64, action: () -> Void)] = []
  private let grantTable: UnsafeMutableRawPointer
  package private(set) var grantFrameCount = 1
  private var mapCounts: [UInt32: Int] = [:]

  package init() {
    grantTable = UnsafeMutableRawPointer.allocate(byteCount: 64 * 4096, alignment: 4096)
    memset(grantTable, 0, 64 * 4096)
    // The toolstack grants the console and the xenstore page.
    for reference in 0..<2 {
      grantTable.storeBytes(of: 1, toByteOffset: reference * 8, as: UInt16.self)
    }
  }

  deinit {
    for block in blocks { block.deallocate() }
    grantTable.deallocate()
  }

  // MARK: Hypervisor

  /// Notifies the port's peer.
  public func send(port: UInt32) {
    sendCount += 1
    if let peer = peers[port] { notify(peer) }
  }

  /// Clears the pending bit.
  public func clearPending(port: UInt32) { pending.remove(port) }

  /// Lets dom0 work, then time pass, until a port is pending.
  public func poll(ports: [UInt32], until deadline: UInt64) {
    pollCount += 1
    precondition(pollCount < 1_000_000, "a test polls without end")
    if ports.contains(where: pending.contains) { return }
    run()
    if ports.contains(where: pending.contains) {
      now += 10_000
      return
    }
    if let index = timers.indices.min(by: { timers[$0].time < timers[$1].time }),
      timers[index].time <= deadline
    {
      let timer = timers.remove(at: index)
      now = max(now, timer.time)
      timer.action()
      run()
      return
    }
    now = max(now, deadline)
  }

  /// A new port, or an error if the test wants one.
  public func allocateUnboundPort(remoteDomain: UInt16) throws(HypervisorError) -> UInt32 {
    if refusesPorts { throw .refused(operation: "alloc_unbound", errno: 28) }
    nextPort += 1
    openPorts.append(nextPort)
    return nextPort
  }

  /// Closes a port; complains if it is not open.
  public func close(port: UInt32) {
    if !openPorts.contains(port) { complaints.append("port \(port) closed twice") }
    openPorts.removeAll { $0 == port }
    peers[port] = nil
    pending.remove(port)
  }

  /// The table's size, now and at most.
  public func grantTableSize() throws(HypervisorError) -> (frameCount: Int, frameCountMax: Int) {
    (grantFrameCount, grantFrameCountMax)
  }

  /// The table, which never moves.
  public func mapGrantTable(frameCount: Int) throws(HypervisorError) -> UnsafeMutableRawPointer {
    guard frameCount <= grantFrameCountMax else { throw .refused(operation: "setup", errno: 22) }
    grantFrameCount = max(grantFrameCount, frameCount)
    return grantTable
  }

  /// The machine frame number.
  public func grantableFrame(_ frame: UInt64) -> UInt64 { frame + Self.machineOffset }

  /// Zeroed pages, as long as the test has some left.
  public func allocateSharedPages(count: Int) throws(HypervisorError) -> SharedPages {
    guard count <= pagesLeft else { throw .outOfMemory(pageCount: count) }
    pagesLeft -= count
    allocatedPageCount += count
    return makePages(count: count)
  }

  /// Counts the pages as given back; complains if one is still granted.
  public func release(_ pages: SharedPages) {
    pagesLeft += pages.frames.count
    allocatedPageCount -= pages.frames.count
    let granted = grantedFrames
    for frame in pages.frames where granted.contains(frame) {
      complaints.append("frame \(frame) released while granted")
    }
  }

  // MARK: The other side

  /// Pages that count nowhere. Their frame numbers go down, so that nobody relies on their order.
  package func makePages(count: Int) -> SharedPages {
    if let memory { return memory.makePages(count: count) }
    let address = UnsafeMutableRawPointer.allocate(byteCount: count * 4096, alignment: 4096)
    memset(address, 0, count * 4096)
    blocks.append(address)
    nextFrame += UInt64(count)
    var frames: [UInt64] = []
    for index in 0..<count {
      let frame = nextFrame - UInt64(index)
      pages[frame] = address + index * 4096
      frames.append(frame)
    }
    nextFrame += 1
    return SharedPages(address: address, frames: frames)
  }

  /// Pages with consecutive frame numbers, as destinations of plans.
  package func makeTarget(count: Int) -> UInt64 {
    let address = UnsafeMutableRawPointer.allocate(byteCount: count * 4096, alignment: 4096)
    memset(address, 0xee, count * 4096)
    blocks.append(address)
    let start = nextFrame + 1
    for index in 0..<count { pages[start + UInt64(index)] = address + index * 4096 }
    nextFrame += UInt64(count) + 1
    return start
  }

  /// Makes memory of the caller's known to dom0 by its frame numbers, one per page: for tests that
  /// have a guest memory of their own.
  package func adopt(_ address: UnsafeMutableRawPointer, frames: [UInt64]) {
    for (index, frame) in frames.enumerated() { pages[frame] = address + index * 4096 }
  }

  /// What is in consecutive frames.
  package func bytes(frame: UInt64, count: Int) -> [UInt8] {
    guard let page = pages[frame] else { return [] }
    return Array(UnsafeRawBufferPointer(start: page, count: count))
  }

  /// Makes `peer` the one that events on the port notify.
  public func bind(_ port: UInt32, _ peer: any FakePeer) { peers[port] = peer }

  /// Forgets all peers, which hold it as it holds them: for who makes a million of them.
  package func forgetPeers() {
    peers = [:]
    notified = []
    timers = []
  }

  package func isOpen(_ port: UInt32) -> Bool { openPorts.contains(port) }

  /// Makes the port pending for the guest.
  public func raise(_ port: UInt32) { pending.insert(port) }

  package func notify(_ peer: any FakePeer) {
    if !notified.contains(where: { $0 === peer }) { notified.append(peer) }
  }

  /// Runs `action` after this many nanoseconds.
  public func after(_ delay: UInt64, _ action: @escaping () -> Void) {
    timers.append((now + delay, action))
  }

  /// Lets dom0 work until it has nothing to do. A peer that notifies itself goes on in the next
  /// call.
  package func run() {
    for _ in 0..<16 {
      let batch = notified
      notified = []
      if batch.isEmpty { return }
      for peer in batch { peer.work() }
    }
  }

  private func entry(_ reference: UInt32) -> SharedMemory? {
    guard Int(reference) < grantFrameCount * 512 else { return nil }
    return SharedMemory(grantTable + Int(reference) * 8, byteCount: 8)
  }

  /// Maps a granted frame as domain 0 would, or complains.
  public func map(_ reference: UInt32, writable: Bool) -> UnsafeMutableRawPointer? {
    guard let entry = entry(reference), entry.u16(at: 0) & 1 == 1, entry.u16(at: 2) == 0 else {
      complaints.append("grant \(reference) is not for domain 0")
      return nil
    }
    let flags = entry.u16(at: 0)
    if writable && flags & 4 != 0 {
      complaints.append("grant \(reference) is read-only")
      return nil
    }
    let machineFrame = UInt64(entry.u32(at: 4))
    guard machineFrame >= Self.machineOffset, let page = page(of: machineFrame - Self.machineOffset)
    else {
      complaints.append("grant \(reference) names no frame of ours")
      return nil
    }
    mapCounts[reference, default: 0] += 1
    entry.store(u16: flags | 8 | (writable ? 16 : 0), at: 0)
    return page
  }

  private func page(of frame: FrameNumber) -> UnsafeMutableRawPointer? {
    memory?.page(of: frame) ?? pages[frame]
  }

  /// The page with a machine frame number, as a privileged domain may map it without a grant.
  package func foreignPage(_ machineFrame: UInt64) -> UnsafeMutableRawPointer? {
    guard machineFrame >= Self.machineOffset else { return nil }
    return page(of: machineFrame - Self.machineOffset)
  }

  /// Lets go of a granted frame.
  public func unmap(_ reference: UInt32) {
    guard let entry = entry(reference), let count = mapCounts[reference] else { return }
    mapCounts[reference] = count > 1 ? count - 1 : nil
    if count == 1 { entry.store(u16: entry.u16(at: 0) & ~24, at: 0) }
  }

  package var mappedCount: Int { mapCounts.count }

  /// Fills an entry, as a former kernel may have left it.
  package func occupy(_ reference: UInt32) { entry(reference)?.store(u16: 1, at: 0) }

  /// The frames that the guest grants to somebody.
  package var grantedFrames: Set<UInt64> {
    var result: Set<UInt64> = []
    for reference in 8..<UInt32(grantFrameCount * 512) {
      guard let entry = entry(reference), entry.u16(at: 0) != 0 else { continue }
      result.insert(UInt64(entry.u32(at: 4)) &- Self.machineOffset)
    }
    return result
  }

  /// Entries in use beyond the toolstack's.
  package var usedGrantCount: Int {
    (8..<UInt32(grantFrameCount * 512)).count { (entry($0)?.u16(at: 0) ?? 0) != 0 }
  }
}
