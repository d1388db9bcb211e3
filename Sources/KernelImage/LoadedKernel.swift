// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import Decompression

/// A kernel whose bytes are in memory.
public struct LoadedKernel: Equatable, Sendable {
  /// What kind of file it was in.
  public enum Container: Equatable, Sendable {
    /// Linux's bzImage.
    case bzImage(BzImage)
    /// An ELF file, packed or not.
    case elf
  }

  /// What kind of file it was in.
  public let container: Container
  /// How the file itself was packed, if there was another file in it; nil if not.
  public let outerFormat: PayloadFormat?
  /// How the kernel was packed.
  public let format: PayloadFormat
  /// The number of bytes that the decoder gave, with what was skipped.
  public let unpackedByteCount: UInt64
  /// The number of bytes that were copied, inside the decoder or after they had come out of it.
  public let copiedByteCount: UInt64
  /// The ELF file header.
  public let header: ElfHeader
  /// Where everything went, and what is still to be zeroed. Addresses are `p_paddr`.
  public let layout: LoadLayout
  /// What the kernel tells Xen.
  public let notes: XenNotes

  /// The kernel as the builder of PV domains needs it; throws if it can't be started as PV.
  public func pvKernel() throws(KernelImageError) -> PVKernel {
    try PVKernel(header: header, memory: layout.memory, notes: notes)
  }

  /// The kernel as the builder of PVH domains needs it; throws if it can't be started as PVH.
  public func pvhKernel() throws(KernelImageError) -> PVHKernel {
    try PVHKernel(memory: layout.memory, alignment: layout.alignment, notes: notes)
  }

  /// Whether the file can be started as it is by Linux's 64-bit boot protocol (`XLF_KERNEL_64`).
  public var canStartItself: Bool {
    guard case .bzImage(let image) = container else { return false }
    return image.extendedLoadFlags & 1 != 0
  }

  /// For the log: `bzImage (xz)`, `ELF (uncompressed)` or `bzImage (xz) in gzip data`.
  public var kindName: ByteString {
    let name: ByteString =
      switch container {
      case .bzImage: "bzImage (\(format.name))"
      case .elf: "ELF (\(format.name))"
      }
    return outerFormat.map { "\(name) in \($0.name) data" } ?? name
  }
}
