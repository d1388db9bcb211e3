// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import StubMachine
import Testing

@testable import MiniOS

/// MiniOS on a fake Xen. It is static state: one test at a time.
@Suite(.serialized) struct MiniOSOnFakeXen {}

extension FakeXen {
  /// Runs `body` in a PV domain that has started.
  static func inPV(
    _ options: GuestOptions = .init(), _ body: (FakeXen, XenMachine) throws -> Void
  ) rethrows {
    let xen = pv(options)
    defer { xen.end() }
    try body(xen, XenMachine(StubDomain.start(name: "test")))
  }

  /// The same in PVH.
  static func inPVH(
    _ xen: FakeXen = .pvh(), _ body: (FakeXen, XenMachine) throws -> Void
  ) rethrows {
    defer { xen.end() }
    try body(xen, XenMachine(StubDomain.start(name: "test")))
  }

  /// The same in both kinds, one after the other.
  static func inBoth(_ body: (FakeXen, XenMachine) throws -> Void) rethrows {
    try inPV(.init(), body)
    try inPVH(.pvh(), body)
  }

  /// The frames that are free in MiniOS's eyes.
  var freeFrames: [UInt64] {
    (0..<Frames.free.rangeCount).flatMap { Array(Frames.free.range($0)) }
  }

  /// What is wrong: a free frame that is mapped somewhere or is a table, or is in the list twice.
  func problems() -> [String] {
    let free = freeFrames
    let stale = Set(stale.values)
    var result: [String] = []
    let isAscending = zip(free, free.dropFirst()).allSatisfy { $0 < $1 }
    if UInt64(free.count) != Frames.free.freeCount || !isAscending {
      result.append("the free frames don't add up")
    }
    for frame in free {
      guard frame < UInt64(frameCount),
        let storage = storage(ofMachine: AddressSpace.machineFrame(of: frame))
      else {
        result.append("frame \(frame) is not the domain's")
        continue
      }
      if level[storage] != 0 { result.append("free frame \(frame) is a table") }
      if mappedCount[storage] != 0 { result.append("free frame \(frame) is mapped") }
      if stale.contains(storage) { result.append("free frame \(frame) was not flushed") }
    }
    for frame in AddressSpace.tableFrames {
      let storage = storageOfMachine[AddressSpace.machineFrame(of: frame)]
      if storage.map({ level[$0] == 0 }) ?? true { result.append("table \(frame) is in no tree") }
    }
    return result
  }

  /// Free frames, and those that MiniOS says it holds.
  var accounted: UInt64 {
    Frames.free.freeCount + UInt64(Heap.pageCount + AddressSpace.tableFrames.count)
  }

  /// What may be done at an address.
  func access(_ address: UInt64) -> String {
    guard let entry = entry(at: address) else { return "none" }
    let canWrite = entry & PageTableEntry.writable != 0
    let canExecute = entry & PageTableEntry.noExecute == 0
    return "r" + (canWrite ? "w" : "") + (canExecute ? "x" : "")
  }
}

/// Numbers in an order that is the same in each run.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}
