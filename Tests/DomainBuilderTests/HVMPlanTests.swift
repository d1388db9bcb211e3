// SPDX-License-Identifier: GPL-2.0-or-later
import DomainBuilder
import KernelImage
import Testing

struct HVMPlanTests {
  private static let megabyte: UInt64 = 1 << 20

  /// The map of a guest as libxl makes it: memory below Xen's special pages and ACPI's tables.
  private func map(_ megabytes: UInt64) -> [HVMMemoryRegion] {
    [
      HVMMemoryRegion(address: 0, byteCount: megabytes * Self.megabyte),
      HVMMemoryRegion(address: 0xfc00_0000, byteCount: 0x2000, type: 3),
      HVMMemoryRegion(address: 0xfeff_8000, byteCount: 0x8000, type: 2),
    ]
  }

  /// A request for Linux at 16 MiB in a guest whose loader is at 1 MiB and has a heap at the top.
  private func linux(megabytes: UInt64 = 256, modules: [UInt64] = [1_000_001]) -> HVMRequest {
    HVMRequest(
      memoryMap: map(megabytes), free: [0..<256, 768..<(megabytes - 8) * 256],
      kernel: 16 * Self.megabyte..<77 * Self.megabyte - 100, moduleByteCounts: modules,
      dataByteCount: 400)
  }

  // MARK: A kernel that is moved

  private func place(
    _ request: HVMRequest, alignment: UInt64 = 2 << 20, _ addresses: Range<UInt64> = 0..<1 << 30
  ) throws -> UInt64 {
    try HVMPlan.place(request, PVHKernel.Relocation(alignment: alignment, addresses: addresses))
  }

  /// A guest with no memory from 32 to 48 MiB, where the kernel's middle would be.
  private var withHole: HVMRequest {
    var request = linux()
    request.memoryMap.append(
      HVMMemoryRegion(
        address: 32 * Self.megabyte, byteCount: 16 * Self.megabyte, type: 2))
    return request
  }

  @Test func leavesAKernelThatFitsWhereItIs() throws {
    #expect(try place(linux(), 64 * Self.megabyte..<1 << 30) == 16 * Self.megabyte)
    #expect(try HVMPlan.place(linux(), nil) == 16 * Self.megabyte)
  }

  @Test func movesAKernelToTheLowestPlaceThatItAllows() throws {
    #expect(try place(withHole) == 48 * Self.megabyte)
    #expect(try place(withHole, alignment: 16 << 20, 50 << 20..<1 << 30) == 64 * Self.megabyte)
    var small = withHole
    small.kernel = 31 * Self.megabyte..<40 * Self.megabyte
    #expect(try place(small) == 2 * Self.megabyte)
    #expect(try place(small, alignment: 4096) == Self.megabyte)
    #expect(try place(small, alignment: 4096, 20 << 20..<1 << 30) == 20 * Self.megabyte)
    // Beyond the memory's end.
    small.kernel = 300 * Self.megabyte..<310 * Self.megabyte
    #expect(try place(small, 16 << 20..<1 << 30) == 16 * Self.megabyte)
  }

  @Test func saysWhatIsWrongWithTheKernelsOwnPlaceIfThereIsNoOther() throws {
    let error = DomainBuilderError.kernelOutsideMemory(physicalAddress: 32 * Self.megabyte)
    #expect(throws: error) { try HVMPlan.place(withHole, nil) }
    // Too high, too low, and aligned where it would end behind the memory.
    #expect(throws: error) { try place(withHole, 256 << 20..<1 << 30) }
    #expect(throws: error) { try place(withHole, 0..<64 << 20) }
    #expect(throws: error) { try place(withHole, alignment: 256 << 20, 1..<1 << 30) }
    #expect(throws: error) { try place(withHole, alignment: 1 << 63, 1..<1 << 32) }
    // Part of a page can't be moved, nor a kernel to part of a page.
    #expect(throws: error) { try place(withHole, alignment: 2048) }
    var unaligned = withHole
    unaligned.kernel = 16 * Self.megabyte + 1..<77 * Self.megabyte
    #expect(throws: error) { try place(unaligned) }
  }

  @Test func tellsASmallGuestHowMuchLinuxNeedsBeforeItIsMoved() {
    // There would be room for it below 16 MiB, where Linux does not go.
    var small = linux(megabytes: 70, modules: [])
    small.kernel = 16 * Self.megabyte..<72 * Self.megabyte
    #expect {
      try HVMPlan.place(small, .presumed)
    } throws: { error in
      guard case DomainBuilderError.memoryTooSmall = error else { return false }
      return true
    }
  }

  @Test func aMapToTheEndOfAllNumbersIsNoTrap() throws {
    var request = withHole
    request.memoryMap = [
      HVMMemoryRegion(address: .max - 0x1_0000, byteCount: .max),
      HVMMemoryRegion(address: 0xffff_f000, byteCount: .max),
      HVMMemoryRegion(address: 0xffff_e000, byteCount: 1 << 40),
    ]
    #expect(throws: DomainBuilderError.self) { try place(request, 0..<1 << 32) }
  }

  // MARK: What is planned

  @Test func putsLinuxWhereTheToolstackDoes() throws {
    let request = linux()
    let plan = try HVMPlan(request)
    HVMRules.check(plan, request)
    #expect(plan.kernel == 4096..<77 * 256)
    #expect(plan.modules == [0x4d8_0000..<0x4d8_0000 + 1_000_001])
    #expect(plan.moduleFrames(0) == 0x4d80..<0x4d80 + 245)
    #expect(plan.data == 768..<769)
    #expect(plan.trampoline == 769..<776)
  }

  @Test func putsAModuleBeforeTheKernelIfThereIsNoRoomBehind() throws {
    let request = linux(megabytes: 86, modules: [10 * Self.megabyte])
    let plan = try HVMPlan(request)
    HVMRules.check(plan, request)
    #expect(plan.modules == [776 * 4096..<776 * 4096 + 10 * Self.megabyte])
  }

  @Test func leavesModulesWhereTheyAre() throws {
    var request = linux(modules: [5000, 70_000])
    let before = try HVMPlan(request)
    request.takenModules = [before.moduleFrames(0), before.moduleFrames(1)]
    // Others are in the way of what was planned then.
    request.free = [0..<256, 900..<16 * 256, 0x5000..<248 * 256]
    request.moveCount = 9
    let plan = try HVMPlan(request)
    #expect(plan.modules == before.modules)
    #expect(plan.data == 900..<901)
    #expect(plan.trampoline.lowerBound == 901)
  }

  @Test func keepsTheOrderOfModules() throws {
    let request = linux(modules: [5000, 0, 4096, 70_000_000])
    let plan = try HVMPlan(request)
    HVMRules.check(plan, request)
    #expect(plan.modules[0].upperBound <= plan.modules[2].lowerBound)
    #expect(plan.modules[2].upperBound <= plan.modules[3].lowerBound)
  }

  @Test func startsTheLoaderItself() throws {
    // The kernel wants the very place where the loader is: nothing else does.
    var request = linux()
    request.kernel = Self.megabyte..<3 * Self.megabyte
    request.moveCount = 1000
    let plan = try HVMPlan(request)
    HVMRules.check(plan, request)
    #expect(plan.kernel == 256..<768)
    #expect(plan.data.lowerBound == 768 + 128)
    #expect(plan.trampoline.count == 7 + 6)
  }

  @Test func usesNoMemoryAboveFourGigabytes() throws {
    var request = linux(megabytes: 86, modules: [20 * Self.megabyte])
    request.memoryMap.append(HVMMemoryRegion(address: 1 << 32, byteCount: 1 << 32))
    request.free.append(1 << 20..<2 << 20)
    let largest = 13 * Self.megabyte - 8 * 4096
    #expect(
      throws: DomainBuilderError.noRoomForModule(
        byteCount: 20 * Self.megabyte, largestByteCount: largest)
    ) { try HVMPlan(request) }
  }

  @Test func refusesAKernelThatDoesNotFit() {
    var request = linux(megabytes: 64)
    #expect(throws: DomainBuilderError.self) { try HVMPlan(request) }
    // Kernel, module, data, margin and trampoline, in pages.
    let needed: UInt64 = 77 * 256 + 245 + 1 + 128 + 7
    let tooSmall = DomainBuilderError.memoryTooSmall(
      neededPageCount: needed, pageCount: 64 * 256)
    #expect(throws: tooSmall) { try HVMPlan.check(request) }
    request.moduleByteCounts = [.max]
    request.memoryMap = map(256)
    #expect(throws: DomainBuilderError.self) { try HVMPlan.check(request) }
  }

  @Test func refusesAKernelThatIsNotInMemory() {
    var request = linux()
    request.memoryMap[0].byteCount = 32 * Self.megabyte
    request.memoryMap.append(
      HVMMemoryRegion(address: 33 * Self.megabyte, byteCount: 200 * Self.megabyte))
    let hole = DomainBuilderError.kernelOutsideMemory(physicalAddress: 32 * Self.megabyte)
    #expect(throws: hole) { try HVMPlan(request) }
    // A reserved entry over memory counts, even if it only touches a page.
    request = linux()
    request.memoryMap.append(
      HVMMemoryRegion(address: 20 * Self.megabyte + 4095, byteCount: 1, type: 2))
    let reserved = DomainBuilderError.kernelOutsideMemory(physicalAddress: 20 * Self.megabyte)
    #expect(throws: reserved) { try HVMPlan(request) }
  }

  @Test func refusesAKernelBeyondFourGigabytes() {
    var request = linux()
    request.kernel = 0xffff_0000..<0x1_0000_0001
    let error = DomainBuilderError.kernelOutOfReach(physicalAddress: 0x1_0000_0001)
    #expect(throws: error) { try HVMPlan(request) }
  }

  @Test func refusesWhatHasNoRoom() {
    var request = linux()
    request.free = [0..<256, 0x5000..<0x5003]
    #expect(throws: DomainBuilderError.noRoomForData(byteCount: 400)) { try HVMPlan(request) }
    request.free = []
    #expect(throws: DomainBuilderError.noRoomForData(byteCount: 400)) { try HVMPlan(request) }
  }

  @Test func readsNoSenseIntoAStrangeMap() {
    var request = linux()
    request.memoryMap = [
      HVMMemoryRegion(address: .max - 5, byteCount: .max),
      HVMMemoryRegion(address: 7, byteCount: 1),
      HVMMemoryRegion(address: .max, byteCount: .max, type: 2),
      HVMMemoryRegion(address: 0, byteCount: .max, type: 9),
    ]
    #expect(throws: DomainBuilderError.self) { try HVMPlan(request) }
    request.memoryMap = []
    #expect(throws: DomainBuilderError.self) { try HVMPlan(request) }
  }

  @Test func everyPlanKeepsTheRules() {
    var plannedCount = 0
    for seed in 0..<300 {
      let request = randomRequest(seed: seed)
      do throws(DomainBuilderError) {
        let plan = try HVMPlan(request)
        plannedCount += 1
        HVMRules.check(plan, request)
      } catch {
        switch error {
        case .kernelOutsideMemory, .noRoomForModule, .memoryTooSmall: break
        default: Issue.record("seed \(seed): \(error.message.text)")
        }
      }
    }
    // Without plans nothing was checked.
    #expect(plannedCount > 100)
  }

  private func randomRequest(seed: Int) -> HVMRequest {
    var random = FramePermutationTests.Random(state: UInt64(seed) &* 6151 &+ 3)
    let memory = UInt64.random(in: 24...64, using: &random)
    var request = HVMRequest(
      memoryMap: [HVMMemoryRegion(address: 0, byteCount: memory * Self.megabyte)], free: [],
      kernel: 0..<0, moduleByteCounts: [], dataByteCount: .random(in: 100...9000, using: &random),
      moveCount: .random(in: 0...900, using: &random))
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      request.memoryMap.append(
        HVMMemoryRegion(
          address: .random(in: 0...memory * Self.megabyte, using: &random),
          byteCount: .random(in: 0...300_000, using: &random), type: 2))
    }
    var frame: UInt64 = 0
    while frame < memory * 256 + 100 {
      let used = UInt64.random(in: 0...200, using: &random)
      let count = UInt64.random(in: 1...4000, using: &random)
      request.free.append(frame + used..<frame + used + count)
      frame += used + count
    }
    let start = UInt64.random(in: 0...20 * Self.megabyte, using: &random)
    request.kernel = start..<start + .random(in: 1...6 * Self.megabyte, using: &random)
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      request.moduleByteCounts.append(.random(in: 1...4 * Self.megabyte, using: &random))
    }
    return request
  }
}
