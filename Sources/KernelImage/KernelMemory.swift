// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Gives windows on the frames of a kernel that is being loaded. Addresses are `p_paddr` of the ELF
/// file; they stand for frames that get their numbers later.
public protocol KernelMemory {
  /// The memory's errors.
  associatedtype Failure: BootFailure

  /// Told once, before the first region is asked for: no address outside of `physicalAddresses`
  /// will come. The place to refuse a kernel that is too large for the guest.
  mutating func prepare(physicalAddresses: Range<UInt64>) throws(Failure)

  /// A window for the bytes from `physicalAddress` on: at least one, and at most `byteCount`; the
  /// rest is asked for again. Addresses come in the order of the file, mostly ascending.
  ///
  /// When the next region is asked for, or the loading is over, all of the one before is filled:
  /// then its pages of zeros (`ZeroPage`) may give their frames back. Two segments may share a
  /// page.
  mutating func region(
    physicalAddress: UInt64, byteCount: Int
  ) throws(Failure) -> UnsafeMutableRawBufferPointer

  /// A window in which the first `byteCount` bytes of the unpacked file will lie in a row, for
  /// decoders that look back at what came out. Asked for after `prepare`; then regions are asked
  /// for only to copy what `plan` says, and `endLinearWindow` follows. Asked for again with a
  /// larger `byteCount`, the window is the same, only longer. The pages that `plan` knows are those
  /// of memory; others go with the window, and those of them that are whole before
  /// `filledByteCount` and all zeros need no frame of their own: they are only read from then on.
  /// The plan's gaps may have one frame for all their pages.
  mutating func linearWindow(
    _ plan: LinearPlan, byteCount: UInt64, filledByteCount: UInt64
  ) throws(Failure) -> UnsafeMutableRawBufferPointer

  /// All of the file is in its place: the window goes, and its other pages with it.
  mutating func endLinearWindow() throws(Failure)

  /// The bytes from `physicalAddress` on, which are inside regions that were filled; nil if this
  /// memory can't tell. Asked only after the last region, for kernels whose notes are found by
  /// their section headers.
  mutating func contents(physicalAddress: UInt64, byteCount: Int) throws(Failure) -> [UInt8]?
}

extension KernelMemory {
  /// Memory that can't be read back: such a kernel is refused.
  public mutating func contents(
    physicalAddress: UInt64, byteCount: Int
  ) throws(Failure) -> [UInt8]? { nil }
}
