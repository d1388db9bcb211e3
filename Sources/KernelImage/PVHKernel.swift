// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What the domain builder must know of a kernel that can be started in a PVH domain
/// (Xen's docs/misc/pvh.pandoc): loaded at its `p_paddr`, entered in 32-bit protected mode.
public struct PVHKernel: Equatable, Sendable {
  /// Where a kernel can be moved to (`PHYS32_RELOC`).
  public struct Relocation: Equatable, Sendable {
    /// The alignment of its new address, a power of two.
    public let alignment: UInt64
    /// The addresses that it may have.
    public let addresses: Range<UInt64>

    /// Where a kernel can be moved to.
    public init(alignment: UInt64, addresses: Range<UInt64>) {
      self.alignment = alignment
      self.addresses = addresses
    }

    /// What a kernel is presumed to allow before its note is known: what Linux does.
    public static let presumed = Relocation(alignment: 2 << 20, addresses: 16 << 20..<1 << 30)

    /// Whether a kernel may take `memory`.
    public func allows(_ memory: Range<UInt64>) -> Bool {
      memory.lowerBound % alignment == 0 && addresses.lowerBound <= memory.lowerBound
        && memory.upperBound <= addresses.upperBound
    }
  }

  /// The alignment of a kernel whose note does not tell.
  private static let alignmentDefault: UInt64 = 2 << 20
  /// The end of what an address of 32 bits reaches.
  public static let addressEnd: UInt64 = 1 << 32

  /// The physical address where the kernel is entered (`PHYS32_ENTRY`).
  public private(set) var entry: UInt64
  /// The physical addresses from the first byte of the kernel to the end of its bss.
  public private(set) var memory: Range<UInt64>
  /// Where the kernel could be moved to; nil if it has to be where it was linked. Xen's builder of
  /// guests never moves a kernel, its builder of dom0 does.
  public let relocation: Relocation?

  /// Checks that the kernel can be started, by the rules of Xen's libelf. `alignment`: the largest
  /// of its segments.
  public init(
    memory: Range<UInt64>, alignment: UInt64 = 0, notes: XenNotes
  ) throws(KernelImageError) {
    guard let entry = notes.phys32Entry else {
      throw notes.count == 0 ? .noXenNotes : .onlyPV
    }
    guard memory.upperBound <= Self.addressEnd else {
      throw .addressOverflow(physicalAddress: memory.upperBound)
    }
    guard memory.contains(entry) else { throw .entryOutsideKernel(entry: entry) }
    self.entry = entry
    self.memory = memory
    relocation = Self.relocation(notes.phys32Relocation, alignment)
  }

  /// The kernel with its first byte at `start`, which is below `addressEnd`.
  public func moved(to start: UInt64) -> PVHKernel {
    var kernel = self
    // Both are inside the kernel, which is below `addressEnd`.
    kernel.entry = start + (entry - memory.lowerBound)
    kernel.memory = start..<start + (memory.upperBound - memory.lowerBound)
    return kernel
  }

  /// The note has up to three numbers: alignment, lowest address, highest address (elfnote.h).
  private static func relocation(_ words: [UInt32], _ ownAlignment: UInt64) -> Relocation? {
    guard let first = words.first else { return nil }
    var alignment = UInt64(first)
    if alignment == 0 { alignment = ownAlignment < 4096 ? alignmentDefault : ownAlignment }
    let start = words.count > 1 ? UInt64(words[1]) : 0
    let last = words.count > 2 ? UInt64(words[2]) : addressEnd - 1
    guard alignment & (alignment - 1) == 0, start <= last else { return nil }
    return Relocation(alignment: alignment, addresses: start..<last + 1)
  }
}
