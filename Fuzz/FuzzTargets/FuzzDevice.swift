// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A disk of a base image with patches over it. Nothing of the base is copied but what is read.
public final class FuzzDevice: BlockDevice {
  /// The name given to it.
  public let name: ByteString
  /// The sector size given to it.
  public let sectorByteCount: Int
  /// What pays for the work.
  public let work: WorkAccount
  private let base: BaseImage.Disk
  private let index: Int
  private let patches: PatchList

  init(
    _ base: BaseImage.Disk, index: Int, patches: PatchList, work: WorkAccount,
    sectorByteCount: Int = 512
  ) {
    self.base = base
    self.index = index
    self.patches = patches
    self.work = work
    self.sectorByteCount = sectorByteCount
    name = ByteString([0x78, 0x76, 0x64, 0x61 + UInt8(index)])
  }

  /// The size of the base.
  public var byteCount: UInt64 { UInt64(base.bytes.count) }

  /// A copy of a part of the base, with the patches.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try checkRange(at: byteOffset, count: count)
    let start = Int(byteOffset)
    var bytes = [UInt8](UnsafeRawBufferPointer(rebasing: base.bytes[start..<start + count]))
    patches.apply(to: &bytes, disk: index, at: byteOffset)
    return bytes
  }
}
