// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
public import KernelImage

/// Kernels that exist only as the values the planner looks at.
public enum Kernels {
  /// Where Linux is mapped.
  public static let linuxBase: UInt64 = 0xffff_ffff_8000_0000

  /// A kernel like Linux: at 16 MiB, module and p2m list outside of the first mapping.
  public static func linux(memoryByteCount: UInt64 = 64 << 20) throws -> PVKernel {
    try make(
      virtBase: linuxBase, memory: 16 << 20..<(16 << 20) + memoryByteCount,
      initP2M: 0x80_0000_0000, modulePFN: 1)
  }

  /// A small kernel like Mini-OS: everything mapped from address 0 on.
  public static func small(memoryByteCount: UInt64 = 1 << 20) throws -> PVKernel {
    try make(virtBase: nil, memory: 0..<memoryByteCount, initP2M: nil, modulePFN: nil)
  }

  /// A kernel whose notes say this; what is nil is not said.
  public static func make(
    virtBase: UInt64?, memory: Range<UInt64>, initP2M: UInt64?, modulePFN: UInt64?,
    physicalOffset: UInt64? = nil
  ) throws -> PVKernel {
    // Each note's type and contents, as in elfnote.h.
    var notes: [UInt8] = []
    notes += note(5, Array("xen-3.0".utf8) + [0])
    notes += note(8, Array("generic".utf8) + [0])
    notes += note(1, number((virtBase ?? 0) + memory.lowerBound - (physicalOffset ?? 0)))
    if let virtBase { notes += note(3, number(virtBase)) }
    if let physicalOffset { notes += note(4, number(physicalOffset)) }
    if let initP2M { notes += note(15, number(initP2M)) }
    if let modulePFN { notes += note(16, number(modulePFN)) }
    var head = [UInt8](repeating: 0, count: 64)
    head.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    head[16] = 2
    head[18] = 62
    head[54] = 56
    head[56] = 1
    return try PVKernel(
      header: ElfHeader(ByteView(head)), memory: memory, notes: XenNotes([notes]))
  }

  private static func note(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    precondition(content.count % 4 == 0)
    return [4, 0, 0, 0, UInt8(content.count), 0, 0, 0, type, 0, 0, 0]
      + Array("Xen".utf8) + [0] + content
  }

  private static func number(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }
}
