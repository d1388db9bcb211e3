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

  public init(_ base: Base) { self.base = base }

  public var name: ByteString { base.name }
  public var byteCount: UInt64 { base.byteCount }
  public var sectorByteCount: Int { base.sectorByteCount }

  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    readCount += 1
    let unit = UInt64(sectorByteCount)
    if readCount == failingRead { throw .readFailed(sector: byteOffset / unit) }
    let end = byteOffset + UInt64(count)
    if count > 0, byteOffset / unit < badSectors.upperBound, (end - 1) / unit >= badSectors.lowerBound {
      throw .readFailed(sector: max(byteOffset / unit, badSectors.lowerBound))
    }
    return try base.read(at: byteOffset, count: count)
  }
}
