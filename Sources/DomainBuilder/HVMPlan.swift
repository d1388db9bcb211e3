// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import KernelImage

/// What a PVH domain is to be built from.
public struct HVMRequest: Equatable, Sendable {
  /// The memory map, as Xen gave it.
  public var memoryMap: [HVMMemoryRegion]
  /// The frames that nobody uses. The kernel's own need not be among them.
  public var free: [FrameRange]
  /// The physical addresses that the kernel takes, from its first byte to the end of its bss.
  public var kernel: Range<UInt64>
  /// The exact size of each module (initrd) in bytes.
  public var moduleByteCounts: [UInt64]
  /// The frames of the modules if they are at their places already, not among the free ones; none
  /// if the plan is to say where.
  public var takenModules: [FrameRange] = []
  /// The size of the block that tells the kernel everything else.
  public var dataByteCount: UInt64
  /// The number of moves that the last step has to make.
  public var moveCount: Int

  /// A request.
  public init(
    memoryMap: [HVMMemoryRegion], free: [FrameRange], kernel: Range<UInt64>,
    moduleByteCounts: [UInt64], dataByteCount: UInt64, moveCount: Int = 0
  ) {
    self.memoryMap = memoryMap
    self.free = free
    self.kernel = kernel
    self.moduleByteCounts = moduleByteCounts
    self.dataByteCount = dataByteCount
    self.moveCount = moveCount
  }

  /// The frames that the kernel takes.
  var kernelFrames: FrameRange {
    let first = kernel.lowerBound / Page.byteCount
    return first..<max(first, Page.count(ofBytes: kernel.upperBound))
  }
}

/// Where everything of a new PVH domain is. The hypervisor's page tables stay as they are, so what
/// is loaded goes to its address at once; only what the loader itself is in the way of comes last.
public struct HVMPlan: Equatable, Sendable {
  /// The end of what 32 bits of address reach: everything is below it.
  static let addressEnd: UInt64 = 1 << 32
  /// Linux reads the lists of its start info through a first mapping of 1 GiB
  /// (arch/x86/kernel/head_64.S, `level2_ident_pgt`).
  static let dataAddressEnd: UInt64 = 1 << 30
  /// Nothing is put below: kernels want this for themselves, to start their other processors.
  static let addressStart: UInt64 = 1 << 20
  /// Free bytes behind the kernel, as many as Xen's builder of PV domains leaves: small kernels
  /// have a first heap there.
  static let marginByteCount: UInt64 = 512 * 1024

  /// The kernel's frames.
  public let kernel: FrameRange
  /// The addresses of the modules, each at the start of a page.
  public let modules: [Range<UInt64>]
  /// The frames of the block that tells the kernel everything else, which starts with the first.
  public let data: FrameRange
  /// The frames of the last step: `HVMTrampoline` tells what is in each.
  public let trampoline: FrameRange

  /// The frames of module number `index`.
  public func moduleFrames(_ index: Int) -> FrameRange {
    modules[index].lowerBound / Page.byteCount..<Page.count(ofBytes: modules[index].upperBound)
  }

  /// Plans the domain; throws if the kernel's addresses are not memory, or if there is no room.
  public init(_ request: HVMRequest) throws(DomainBuilderError) {
    try Self.check(request)
    kernel = request.kernelFrames
    let memory = HVMMemoryRegion.frames(request.memoryMap)
    let free = FrameSet(request.free)
    let kept = FrameSet([
      kernel.lowerBound..<kernel.upperBound + Self.marginByteCount / Page.byteCount,
      0..<Self.addressStart / Page.byteCount,
      Self.addressEnd
        / Page.byteCount..<max(
          Self.addressEnd / Page.byteCount, memory.runs.last?.upperBound ?? 0),
    ])
    var room = memory.subtracting(memory.subtracting(free)).subtracting(kept)

    // What is small and has the narrower choice comes first, at the lowest place.
    let dataPageCount = Page.count(ofBytes: request.dataByteCount)
    guard
      let data = Self.take(dataPageCount, of: &room, below: Self.dataAddressEnd / Page.byteCount),
      let trampoline = Self.take(HVMTrampoline.pageCount(moveCount: request.moveCount), of: &room)
    else { throw .noRoomForData(byteCount: request.dataByteCount) }
    self.data = data
    self.trampoline = trampoline

    var modules: [Range<UInt64>] = []
    for (index, byteCount) in request.moduleByteCounts.enumerated() {
      if index < request.takenModules.count {
        let start = request.takenModules[index].lowerBound * Page.byteCount
        modules.append(start..<start + byteCount)
        continue
      }
      let count = Page.count(ofBytes: byteCount)
      // Behind the kernel, as Xen's builder has it; before it only if that is too narrow.
      guard
        let frames = Self.take(count, of: &room, from: kernel.upperBound)
          ?? Self.take(count, of: &room)
      else {
        let largest = room.runs.reduce(0) { max($0, $1.frameCount) }
        throw .noRoomForModule(byteCount: byteCount, largestByteCount: largest * Page.byteCount)
      }
      let start = frames.lowerBound * Page.byteCount
      modules.append(start..<start + byteCount)
    }
    self.modules = modules
  }

  /// Throws if the kernel can't be at its addresses, or if the memory is too small whatever is
  /// free. For refusing a kernel before it is unpacked.
  public static func check(_ request: HVMRequest) throws(DomainBuilderError) {
    guard request.kernel.upperBound <= addressEnd else {
      throw .kernelOutOfReach(physicalAddress: request.kernel.upperBound)
    }
    var needed = request.kernelFrames.upperBound
    for byteCount in request.moduleByteCounts + [request.dataByteCount, marginByteCount] {
      needed += Page.count(ofBytes: min(byteCount, 1 << 46))
    }
    needed += HVMTrampoline.pageCount(moveCount: request.moveCount)
    let memory = HVMMemoryRegion.frames(request.memoryMap)
    let last = memory.runs.last { $0.lowerBound < addressEnd / Page.byteCount }
    guard let last, request.kernelFrames.upperBound <= last.upperBound else {
      throw .memoryTooSmall(neededPageCount: needed, pageCount: memory.frameCount)
    }
    let outside = FrameSet([request.kernelFrames]).subtracting(memory)
    if let first = outside.runs.first {
      throw .kernelOutsideMemory(physicalAddress: first.lowerBound * Page.byteCount)
    }
    // Before the kernel there may be room for the modules, but no more than there is memory.
    let present = memory.frameCount
    let used = request.kernelFrames.frameCount + (needed - request.kernelFrames.upperBound)
    guard used <= present else {
      throw .memoryTooSmall(neededPageCount: needed, pageCount: present)
    }
  }

  /// Where the first byte of the kernel goes: to its own address if it can be there, else to the
  /// lowest one in memory that `relocation` allows. Throws what is wrong with its own addresses.
  public static func place(
    _ request: HVMRequest, _ relocation: PVHKernel.Relocation?
  ) throws(DomainBuilderError) -> UInt64 {
    do throws(DomainBuilderError) { try check(request) } catch {
      guard let relocation, let start = otherPlace(request, relocation) else { throw error }
      return start
    }
    return request.kernel.lowerBound
  }

  private static func otherPlace(
    _ request: HVMRequest, _ relocation: PVHKernel.Relocation
  ) -> UInt64? {
    // Whole pages are moved.
    guard request.kernel.lowerBound % Page.byteCount == 0,
      relocation.alignment % Page.byteCount == 0
    else { return nil }
    var moved = request
    for run in HVMMemoryRegion.frames(request.memoryMap).runs
    where run.lowerBound < addressEnd / Page.byteCount {
      let first = max(
        run.lowerBound * Page.byteCount, relocation.addresses.lowerBound, addressStart)
      // Numbers of 32 bits, and a kernel of at most 1 GiB.
      let start = (first + relocation.alignment - 1) / relocation.alignment * relocation.alignment
      moved.kernel = start..<start + (request.kernel.upperBound - request.kernel.lowerBound)
      if relocation.allows(moved.kernel), (try? check(moved)) != nil { return start }
    }
    return nil
  }

  /// Takes `count` consecutive frames out of `room`: the first ones from `start` on that end no
  /// later than `end`.
  private static func take(
    _ count: UInt64, of room: inout FrameSet, from start: UInt64 = 0, below end: UInt64 = .max
  ) -> FrameRange? {
    for run in room.runs {
      let first = max(run.lowerBound, start)
      let last = min(run.upperBound, end)
      guard first < last, last - first >= count else { continue }
      let found = FrameRange(first: first, frameCount: count)
      room = room.subtracting(FrameSet([found]))
      return found
    }
    return nil
  }
}
