// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A disk of any size that holds a few runs of bytes, and zeros.
public final class SparseDevice: BlockDevice {
  /// The name given to it.
  public let name: ByteString
  /// The size given to it.
  public let byteCount: UInt64
  /// The sector size given to it.
  public let sectorByteCount: Int

  private var runs: [(byteOffset: UInt64, bytes: [UInt8])] = []

  /// A disk of `byteCount` zeros.
  public init(byteCount: UInt64, name: ByteString = "xvda", sectorByteCount: Int = 512) {
    self.name = name
    self.byteCount = byteCount
    self.sectorByteCount = sectorByteCount
  }

  /// Puts bytes onto the disk, over those that were there.
  public func put(_ bytes: [UInt8], at byteOffset: UInt64) { runs.append((byteOffset, bytes)) }

  /// The runs' bytes, and zeros between them.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    try checkRange(at: byteOffset, count: count)
    var result = [UInt8](repeating: 0, count: count)
    let end = byteOffset + UInt64(count)
    for (start, bytes) in runs where start < end && start + UInt64(bytes.count) > byteOffset {
      let first = max(start, byteOffset)
      let last = min(start + UInt64(bytes.count), end)
      let part = bytes[Int(first - start)..<Int(last - start)]
      result.replaceSubrange(Int(first - byteOffset)..<Int(last - byteOffset), with: part)
    }
    return result
  }
}
