// SPDX-License-Identifier: GPL-2.0-or-later
import DomainBuilder

/// The p2m list of a simulated domain: any bijection from frames to machine frames, without an
/// array of its own.
package struct SimulatedP2M {
  package let pageCount: UInt64
  package let offset: UInt64

  package init(pageCount: UInt64, offset: UInt64) {
    self.pageCount = pageCount
    self.offset = offset
  }

  /// Machine frames in an order that is nothing like that of the frames.
  package func machineFrame(_ frame: UInt64) -> UInt64 { offset + (frame ^ 0x55) }

  /// The frame of a machine frame; nil if it is not the domain's.
  package func frame(_ machineFrame: UInt64) -> UInt64? {
    guard machineFrame >= offset else { return nil }
    let frame = (machineFrame - offset) ^ 0x55
    return frame < pageCount | 0x7f ? frame : nil
  }
}

/// A reader of built page tables that goes by Xen's rules, not by the builder's code
/// (xen/arch/x86/mm.c: promote_l1_table to promote_l4_table).
package struct XenRules {
  package enum Violation: Error, Equatable {
    case foreignFrame(machineFrame: UInt64, level: Int, slot: Int)
    case levelMismatch(frame: UInt64)
    case badFlags(entry: UInt64, level: Int, slot: Int)
    case xenSlotUsed(Int)
    case writableTable(frame: UInt64)
    case notATable(frame: UInt64)
    case notPresentButSet(entry: UInt64)
  }

  /// A run of pages with consecutive addresses and consecutive frames.
  package struct Run: Equatable {
    package var address: UInt64
    package var firstFrame: UInt64
    package var pageCount: UInt64
    package var isWritable: Bool

    package init(address: UInt64, firstFrame: UInt64, pageCount: UInt64, isWritable: Bool) {
      self.address = address
      self.firstFrame = firstFrame
      self.pageCount = pageCount
      self.isWritable = isWritable
    }
  }

  private let table: (UInt64) -> [UInt64]?
  private let frame: (UInt64) -> UInt64?
  /// Of each table, by frame, its level.
  package private(set) var levels: [UInt64: Int] = [:]
  /// All that is mapped, in order of addresses.
  package private(set) var runs: [Run] = []

  /// Rules over memory: `table` gives the 512 entries of a frame, nil if it can't be a table, and
  /// `frame` the frame of a machine frame, nil if it is not the domain's.
  package init(
    table: @escaping (UInt64) -> [UInt64]?, frame: @escaping (UInt64) -> UInt64?
  ) {
    self.table = table
    self.frame = frame
  }

  /// Builds all tables of `plan` into a simulated memory.
  package init(building plan: DomainPlan, _ p2m: SimulatedP2M) {
    let writer = PageTableWriter(plan)
    var tables: [UInt64: [UInt64]] = [:]
    var entries = [UInt64](repeating: .max, count: 512)
    for index in 0..<writer.tableCount {
      entries.withUnsafeMutableBufferPointer {
        writer.write(table: index, into: $0, machineFrame: p2m.machineFrame)
      }
      tables[writer.frame(ofTable: index)] = entries
    }
    self.init(tables: tables, p2m)
  }

  package init(tables: [UInt64: [UInt64]], _ p2m: SimulatedP2M) {
    self.init(table: { tables[$0] }, frame: { p2m.frame($0) })
  }

  /// Whether the tables map a frame so that it can be written.
  package func isMappedWritable(_ frame: UInt64) -> Bool {
    runs.contains {
      $0.isWritable && frame >= $0.firstFrame && frame < $0.firstFrame + $0.pageCount
    }
  }

  /// Validates from the root down, as pinning does, and collects what is mapped.
  package mutating func validate(root: UInt64) throws {
    try promote(root, level: 4, address: 0)
    for run in runs where run.isWritable {
      for frame in levels.keys
      where frame >= run.firstFrame && frame < run.firstFrame + run.pageCount {
        throw Violation.writableTable(frame: frame)
      }
    }
  }

  private mutating func promote(_ frame: UInt64, level: Int, address: UInt64) throws {
    if let known = levels[frame] {
      guard known == level else { throw Violation.levelMismatch(frame: frame) }
      return
    }
    levels[frame] = level
    guard let entries = table(frame) else { throw Violation.notATable(frame: frame) }
    for (slot, entry) in entries.enumerated() where entry != 0 {
      guard entry & 1 != 0 else { throw Violation.notPresentButSet(entry: entry) }
      if level == 4, (256...271).contains(slot) { throw Violation.xenSlotUsed(slot) }
      // No global, no large page, no cache attributes, nothing above the address.
      let allowed: UInt64 = level == 1 ? 0x63 : 0x67
      guard entry & 0xfff & ~allowed == 0, entry >> 52 == 0 else {
        throw Violation.badFlags(entry: entry, level: level, slot: slot)
      }
      guard let target = self.frame(entry >> 12) else {
        throw Violation.foreignFrame(machineFrame: entry >> 12, level: level, slot: slot)
      }
      let child = address + UInt64(slot) << UInt64(12 + 9 * (level - 1))
      if level > 1 {
        try promote(target, level: level - 1, address: child)
      } else {
        addPage(child, target, isWritable: entry & 2 != 0)
      }
    }
  }

  private mutating func addPage(_ translated: UInt64, _ frame: UInt64, isWritable: Bool) {
    let address = translated >> 47 == 0 ? translated : translated | 0xffff_0000_0000_0000
    if let last = runs.last, last.isWritable == isWritable,
      last.address + last.pageCount * 4096 == address, last.firstFrame + last.pageCount == frame
    {
      runs[runs.count - 1].pageCount += 1
    } else {
      runs.append(
        Run(address: address, firstFrame: frame, pageCount: 1, isWritable: isWritable))
    }
  }
}
