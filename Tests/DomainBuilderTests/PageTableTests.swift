// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import TestSupport
import Testing

/// Every plan's page tables go through the checker.
struct PageTableTests {
  private func check(_ request: DomainRequest) throws {
    let plan = try DomainPlan(request)
    let p2m = SimulatedP2M(pageCount: plan.pageCount, offset: 0x12_3000)
    var rules = XenRules(building: plan, p2m)
    try rules.validate(root: plan.pageTables.lowerBound)

    // Every table is used, at the level that the plan tells.
    for run in plan.tables {
      for frame in run.frames { #expect(rules.levels[frame] == run.level) }
    }
    #expect(rules.levels.count == PageTableWriter(plan).tableCount)

    // The first mapping: one run of frames from 0 on, read-only just where the tables are.
    let first = rules.runs.filter {
      $0.address >= plan.virtBase && $0.firstFrame < plan.mapped.upperBound
    }
    let before = plan.pageTables.lowerBound
    let after = plan.pageTables.upperBound
    #expect(
      first == [
        XenRules.Run(
          address: plan.virtBase, firstFrame: 0, pageCount: before, isWritable: true),
        XenRules.Run(
          address: plan.virtBase + before * 4096, firstFrame: before,
          pageCount: after - before, isWritable: false),
        XenRules.Run(
          address: plan.virtBase + after * 4096, firstFrame: after,
          pageCount: plan.mapped.upperBound - after, isWritable: true),
      ])
    let slack = (plan.mapped.upperBound - plan.bootStack - 1) * 4096
    #expect(slack >= 512 << 10)
    #expect((plan.virtBase + plan.mapped.upperBound * 4096) % (4 << 20) == 0)

    // The list: all of it, writable, and nothing else.
    let list = rules.runs.filter { $0.firstFrame >= plan.mapped.upperBound }
    if plan.mappings.count == 2 {
      #expect(
        list == [
          XenRules.Run(
            address: plan.p2mAddress, firstFrame: plan.p2m.lowerBound,
            pageCount: plan.p2m.frameCount, isWritable: true)
        ])
      #expect(plan.p2m.frameCount * 512 >= plan.pageCount)
    } else {
      #expect(list.isEmpty)
    }
    checkOrder(plan)
  }

  private func checkOrder(_ plan: DomainPlan) {
    var ranges: [FrameRange] = [plan.kernel]
    if plan.isModuleMapped, let module = plan.module { ranges.append(module) }
    if plan.mappings.count == 1 { ranges.append(plan.p2m) }
    ranges += [
      plan.startInfo..<plan.startInfo + 1, plan.xenstore..<plan.xenstore + 1,
      plan.console..<plan.console + 1, plan.pageTables, plan.bootStack..<plan.bootStack + 1,
    ]
    for (left, right) in zip(ranges, ranges.dropFirst()) {
      #expect(left.upperBound == right.lowerBound)
    }
    var outside = [plan.bootStack + 1..<plan.mapped.upperBound]
    if !plan.isModuleMapped, let module = plan.module { outside.append(module) }
    if plan.mappings.count == 2 { outside += [plan.p2m, plan.p2mTables] }
    for (left, right) in zip(outside, outside.dropFirst()) {
      #expect(left.upperBound == right.lowerBound)
    }
    #expect(outside.last?.upperBound == plan.end)
    #expect(plan.end <= plan.pageCount)
  }

  @Test(arguments: [96, 128, 256, 2048, 4096, 65536] as [UInt64])
  func linuxTablesPassXensRules(mebibytes: UInt64) throws {
    try check(
      DomainRequest(
        pageCount: mebibytes * 256, kernel: Kernels.linux(memoryByteCount: 48 << 20),
        moduleByteCount: 3_000_001))
  }

  @Test(arguments: [32, 64, 1024, 4095, 65536] as [UInt64])
  func tablesOfAMappedListPassXensRules(mebibytes: UInt64) throws {
    try check(
      DomainRequest(
        pageCount: mebibytes * 256, kernel: Kernels.small(), moduleByteCount: 4097))
  }

  @Test(arguments: [1, 511, 512, 513, 4096, 32768] as [UInt64])
  func tablesOfAnyNumberOfPagesPassXensRules(extraPageCount: UInt64) throws {
    let kernel = try Kernels.linux(memoryByteCount: 5 << 20)
    var request = DomainRequest(pageCount: 0, kernel: kernel, moduleByteCount: 0)
    request.pageCount = try DomainPlan.minimumPageCount(request) + extraPageCount
    try check(request)
  }

  @Test func aListInTheSpansOfTheKernelSharesItsTables() throws {
    // 64 MiB below the kernel: same level 4 slot, same level 3 and level 2 table.
    let kernel = try Kernels.make(
      virtBase: 0x4000_0000 + 64 << 20, memory: 0..<4 << 20, initP2M: 0x4000_0000, modulePFN: 1)
    let request = DomainRequest(pageCount: 32 * 256, kernel: kernel, moduleByteCount: 0)
    let plan = try DomainPlan(request)
    #expect(plan.p2mTables.frameCount == 1)
    try check(request)
  }

  @Test func theCheckerFindsAWritableTable() throws {
    let plan = try DomainPlan(
      DomainRequest(pageCount: 32 * 256, kernel: Kernels.small(), moduleByteCount: 0))
    let p2m = SimulatedP2M(pageCount: plan.pageCount, offset: 4096)
    let writer = PageTableWriter(plan)
    var tables: [UInt64: [UInt64]] = [:]
    for index in 0..<writer.tableCount {
      var entries = [UInt64](repeating: 0, count: 512)
      entries.withUnsafeMutableBufferPointer {
        writer.write(table: index, into: $0, machineFrame: p2m.machineFrame)
      }
      tables[writer.frame(ofTable: index)] = entries
    }
    let root = plan.pageTables.lowerBound
    let level1 = plan.pageTables.upperBound - 2
    var good = XenRules(tables: tables, p2m)
    try good.validate(root: root)

    func expect(_ violation: XenRules.Violation, _ change: (inout [UInt64: [UInt64]]) -> Void) {
      var changed = tables
      change(&changed)
      #expect(throws: violation) {
        var rules = XenRules(tables: changed, p2m)
        try rules.validate(root: root)
      }
    }
    expect(.writableTable(frame: root)) { $0[level1]?[Int(root)] |= 2 }
    expect(.foreignFrame(machineFrame: 1, level: 1, slot: 3)) { $0[level1]?[3] = 0x1023 }
    let first = tables[root]?[0] ?? 0
    expect(.xenSlotUsed(256)) { $0[root]?[256] = first }
    expect(.notPresentButSet(entry: 0x1000)) { $0[level1]?[3] = 0x1000 }
    expect(.levelMismatch(frame: root)) {
      $0[level1 - 1]?[7] = p2m.machineFrame(root) << 12 | 0x67
    }
  }

  @Test func aFrameThatIsMissingGetsNoEntry() throws {
    let plan = try DomainPlan(
      DomainRequest(pageCount: 32 * 256, kernel: Kernels.small(), moduleByteCount: 0))
    let writer = PageTableWriter(plan)
    var entries = [UInt64](repeating: 1, count: 512)
    entries.withUnsafeMutableBufferPointer {
      writer.write(table: 3, into: $0) { $0 == 5 ? .max : $0 + 100 }
    }
    #expect(entries[5] == 0)
    #expect(entries[6] == 106 << 12 | 0x23)
  }
}
