// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import KernelImage
import TestSupport
import Testing

struct DomainPlanTests {
  private func plan(
    _ kernel: PVKernel, mebibytes: UInt64, moduleByteCount: UInt64 = 0
  ) throws -> DomainPlan {
    try DomainPlan(
      DomainRequest(
        pageCount: mebibytes * 256, kernel: kernel, moduleByteCount: moduleByteCount))
  }

  /// The example that was worked out by hand from libxenguest's source.
  @Test func laysLinuxOutAsXenDoes() throws {
    let plan = try plan(Kernels.linux(), mebibytes: 4096, moduleByteCount: 10_000_000)
    #expect(plan.kernel == 0x1000..<0x5000)
    #expect(plan.startInfo == 0x5000)
    #expect(plan.xenstore == 0x5001)
    #expect(plan.console == 0x5002)
    #expect(plan.pageTables == 0x5003..<0x5030)
    #expect(plan.bootStack == 0x5030)
    #expect(plan.mapped == 0..<0x5400)
    #expect(plan.stackPointer == Kernels.linuxBase + 0x503_1000)
    #expect(plan.startInfoAddress == Kernels.linuxBase + 0x500_0000)
    #expect(plan.entry == Kernels.linuxBase + 0x100_0000)
    let module = try #require(plan.module)
    #expect(module == 0x5400..<0x5400 + 2442)
    #expect(!plan.isModuleMapped)
    #expect(plan.p2m == module.upperBound..<module.upperBound + 2048)
    #expect(plan.p2mTables == plan.p2m.upperBound..<plan.p2m.upperBound + 6)
    #expect(plan.p2mAddress == 0x80_0000_0000)
    #expect(plan.end == plan.p2mTables.upperBound)
    #expect(plan.tables.map { $0.level } == [4, 3, 2, 1, 3, 2, 1])
    #expect(plan.tables.map { $0.frames.frameCount } == [1, 1, 1, 42, 1, 1, 4])
  }

  @Test func mapsModuleAndListOfKernelsThatKnowNoBetter() throws {
    let plan = try plan(Kernels.small(), mebibytes: 32, moduleByteCount: 5000)
    #expect(plan.kernel == 0..<256)
    #expect(plan.module == 256..<258)
    #expect(plan.isModuleMapped)
    #expect(plan.p2m == 258..<258 + 16)
    #expect(plan.p2mAddress == 258 * 4096)
    #expect(plan.p2mTables.isEmpty)
    #expect(plan.startInfo == 274)
    #expect(plan.pageTables == 277..<277 + 5)
    #expect(plan.bootStack == 282)
    #expect(plan.mapped == 0..<1024)
    #expect(plan.end == 1024)
    #expect(plan.mappings.count == 1)
  }

  @Test func anEndOnTheBoundaryMovesOn() throws {
    // 4 MiB less the three pages and the stack with its slack: the first try ends exactly at 4 MiB.
    let kernel = try Kernels.make(
      virtBase: 0, memory: 0..<(1024 - 129 - 3) * 4096 - 16 * 4096, initP2M: nil, modulePFN: 1)
    let plan = try plan(kernel, mebibytes: 32)
    #expect(plan.mapped == 0..<2048)
  }

  @Test(
    arguments: [0x80_0000_0001, 0xffff_ffff_8000_0000 - 4096, 0xffff_8000_0000_0000]
      as [UInt64])
  func anUnusablePlaceForTheListIsPassedOver(address: UInt64) throws {
    let kernel = try Kernels.make(
      virtBase: Kernels.linuxBase, memory: 16 << 20..<20 << 20, initP2M: address, modulePFN: 1)
    let plan = try plan(kernel, mebibytes: 64)
    #expect(plan.p2mTables.isEmpty)
    #expect(plan.p2mAddress == Kernels.linuxBase + 20 << 20)
    #expect(plan.mapped.contains(plan.p2m.upperBound))
  }

  @Test func saysHowMuchMemoryTheKernelNeeds() throws {
    let request = DomainRequest(
      pageCount: 64 * 256, kernel: try Kernels.linux(), moduleByteCount: 10_000_000)
    let needed = try DomainPlan.minimumPageCount(request)
    #expect(
      throws: DomainBuilderError.memoryTooSmall(
        neededPageCount: needed, pageCount: 64 * 256)
    ) { try DomainPlan(request) }
    #expect(
      DomainBuilderError.memoryTooSmall(neededPageCount: needed, pageCount: 64 * 256).message
        == """
        this kernel needs at least 94 MiB of memory to start (95984 KiB), \
        the guest has 64 MiB (65536 KiB)
        """)

    // What it says is enough, and one page less is not.
    var exact = request
    exact.pageCount = needed
    #expect(try DomainPlan(exact).end == needed)
    exact.pageCount = needed - 1
    #expect(throws: DomainBuilderError.self) { try DomainPlan(exact) }
    exact.pageCount = needed
    exact.outsideFrameCount = 1
    #expect(
      throws: DomainBuilderError.memoryTooSmall(
        neededPageCount: needed + 1, pageCount: needed)
    ) { try DomainPlan(exact) }
  }

  @Test func presumesWhatTheKernelWillNeed() throws {
    let request = DomainRequest(
      pageCount: 0, kernel: try Kernels.linux(), moduleByteCount: 10_000_000,
      outsideFrameCount: 12)
    #expect(
      try DomainPlan.presumedPageCount(
        kernelAddresses: request.kernel.memory, moduleByteCount: 10_000_000,
        outsideFrameCount: 12) == DomainPlan.minimumPageCount(request))
    // p_paddr may be a virtual address, from which PADDR_OFFSET will be taken away.
    let base = Kernels.linuxBase
    #expect(
      try DomainPlan.presumedPageCount(
        kernelAddresses: base..<base + 8 << 20, moduleByteCount: 0) == 12 * 256 + 7 + 3)
  }

  @Test func linuxFindsItsModuleWhereItWasPresumed() throws {
    for (mebibytes, byteCount) in [(96, 1), (768, 10_000_000), (65536, 128 << 20)]
      as [(UInt64, UInt64)]
    {
      let kernel = try Kernels.linux()
      let plan = try plan(kernel, mebibytes: mebibytes, moduleByteCount: byteCount)
      #expect(
        try DomainPlan.presumedModule(
          kernelAddresses: kernel.memory, pageCount: mebibytes * 256, moduleByteCount: byteCount)
          == plan.module)
    }
    #expect(
      try DomainPlan.presumedModule(
        kernelAddresses: 0..<4096, pageCount: 16384, moduleByteCount: 0) == nil)
    #expect(
      throws: DomainBuilderError.memoryTooSmall(neededPageCount: 1 << 52, pageCount: 16384)
    ) {
      try DomainPlan.presumedModule(
        kernelAddresses: 4096..<8192, pageCount: 16384, moduleByteCount: .max)
    }
  }

  @Test func refusesWhatNoGuestCanHold() throws {
    let far = try Kernels.make(
      virtBase: 0, memory: 1 << 50..<(1 << 50) + 4096, initP2M: nil, modulePFN: 1)
    #expect(throws: DomainBuilderError.kernelOutOfReach(physicalAddress: (1 << 50) + 4096)) {
      try plan(far, mebibytes: 64)
    }
    let kernel = try Kernels.small()
    #expect(throws: DomainBuilderError.memoryTooLarge(pageCount: 1 << 35)) {
      try DomainPlan(DomainRequest(pageCount: 1 << 35, kernel: kernel, moduleByteCount: 0))
    }
    #expect(
      throws: DomainBuilderError.memoryTooSmall(
        neededPageCount: (1 << 52) - 1, pageCount: 16384)
    ) { try plan(kernel, mebibytes: 64, moduleByteCount: .max - 4095) }
  }

  @Test(
    arguments: [
      0xffff_8000_0000_0000, 0x0000_7fff_ffff_0000, 0x0000_8000_0000_0000,
      0xffff_ffff_fff0_0000, 0xffff_7fff_ffff_0000, 0xffff_ffff_8000_0800,
    ] as [UInt64])
  func refusesABaseThatIsNotTheGuests(base: UInt64) throws {
    let kernel = try Kernels.make(
      virtBase: base, memory: 0..<512 << 10, initP2M: nil, modulePFN: 1)
    #expect {
      try plan(kernel, mebibytes: 64)
    } throws: { error in
      guard case DomainBuilderError.mappingOutOfReach(base, _) = error else { return false }
      return true
    }
  }
}
