// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A disk that fails when it is told to.
public final class FaultyDevice<Base: BlockDevice>: BlockDevice {
  private let base: Base

  /// The number of reads so far, those that failed included.
  public private(set) var readCount = 0

  /// The read that fails, the first being 1; nil for none.
  public var failingRead: Int?

  /// The sectors that can't be read.
  public var badSectors: Range<UInt64> = 0..<0

  /// A disk over `base` that does not fail yet.
  public init(_ base: Base) { self.base = base }

  /// The name of the disk below.
  public var name: ByteString { base.name }

  /// The size of the disk below.
  public var byteCount: UInt64 { base.byteCount }

  /// The sector size of the disk below.
  public var sectorByteCount: Int { base.sectorByteCount }

  /// Reads from the disk below, or fails.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    readCount += 1
    let unit = UInt64(sectorByteCount)
    if readCount == failingRead { throw .readFailed(sector: byteOffset / unit) }
    let first = byteOffset / unit
    let last = (byteOffset + UInt64(max(1, count)) - 1) / unit
    if first < badSectors.upperBound, last >= badSectors.lowerBound {
      throw .readFailed(sector: max(first, badSectors.lowerBound))
    }
    return try base.read(at: byteOffset, count: count)
  }
}
