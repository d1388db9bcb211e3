// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Fills the page tables of a planned domain, one at a time.
public struct PageTableWriter {
  /// The number of entries of a table.
  public static let entryCount = 512

  private let plan: DomainPlan

  /// A writer of the tables of `plan`.
  public init(_ plan: DomainPlan) { self.plan = plan }

  /// The number of tables.
  public var tableCount: Int {
    Int(plan.pageTables.frameCount + plan.p2mTables.frameCount)
  }

  /// The frame of table number `index`; number 0 is the root.
  public func frame(ofTable index: Int) -> UInt64 {
    let (run, place) = location(ofTable: index)
    return run.frames.lowerBound + place
  }

  /// The level of table number `index`: 4 for the root down to 1.
  public func level(ofTable index: Int) -> Int { location(ofTable: index).run.level }

  /// Fills `entries`, 512 of them, with the contents of table number `index`. `machineFrame` gives
  /// the machine frame number of a pseudo-physical frame by the new p2m list; a frame that has none
  /// (all bits set) gets no entry.
  public func write(
    table index: Int, into entries: UnsafeMutableBufferPointer<UInt64>,
    machineFrame: (UInt64) -> UInt64
  ) {
    precondition(entries.count == Self.entryCount, "a table has 512 entries")
    let (run, place) = location(ofTable: index)
    let firstChild = (run.firstSpan + place) << 9
    for entry in 0..<Self.entryCount {
      let child = firstChild + UInt64(entry)
      let frame = run.level == 1 ? page(child) : table(level: run.level - 1, span: child)
      guard let frame else {
        entries[entry] = 0
        continue
      }
      let machine = machineFrame(frame)
      if machine == UInt64.max {
        entries[entry] = 0
        continue
      }
      entries[entry] = machine << 12 | flags(level: run.level, frame: frame)
    }
  }

  private func flags(level: Int, frame: UInt64) -> UInt64 {
    if level > 1 { return PageTableEntry.table }
    let isTable = plan.pageTables.contains(frame) || plan.p2mTables.contains(frame)
    return isTable ? PageTableEntry.page & ~PageTableEntry.writable : PageTableEntry.page
  }

  private func page(_ page: UInt64) -> UInt64? {
    for mapping in plan.mappings {
      if let frame = mapping.frame(ofPage: page) { return frame }
    }
    return nil
  }

  private func table(level: Int, span: UInt64) -> UInt64? {
    for run in plan.tables where run.level == level {
      if let frame = run.frame(ofSpan: span) { return frame }
    }
    return nil
  }

  private func location(ofTable index: Int) -> (run: TableRun, place: UInt64) {
    var rest = UInt64(index)
    for run in plan.tables {
      if rest < run.frames.frameCount { return (run, rest) }
      rest -= run.frames.frameCount
    }
    preconditionFailure("no such table")
  }
}
