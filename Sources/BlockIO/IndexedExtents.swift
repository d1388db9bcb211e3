// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The extents of a file with the place in the file where each ends, so that any part of the file
/// is found without a walk over all that is in front of it.
public struct IndexedExtents {
  /// The extents in the order of the file.
  public let extents: [Extent]
  private let ends: [UInt64]

  /// The extents of a file, whose sizes add up to 64 bits of bytes at most. `work` pays.
  public init(_ extents: [Extent], paidBy work: WorkAccount) throws(BlockError) {
    try work.payMemory(byteCount: extents.count * MemoryLayout<UInt64>.stride)
    var ends: [UInt64] = []
    ends.reserveCapacity(extents.count)
    var end: UInt64 = 0
    for extent in extents {
      end += extent.byteCount
      ends.append(end)
    }
    self.extents = extents
    self.ends = ends
  }

  /// The size of the file in bytes.
  public var byteCount: UInt64 { ends.last ?? 0 }

  /// The number of the first extent that ends after `byteOffset` of the file, and the bytes of it
  /// that are before that place; nil at the file's end.
  public func find(_ byteOffset: UInt64) -> (index: Int, skipped: UInt64)? {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = low + (high - low) / 2
      if ends[middle] <= byteOffset { low = middle + 1 } else { high = middle }
    }
    guard low < ends.count else { return nil }
    return (low, byteOffset - (low == 0 ? 0 : ends[low - 1]))
  }

  /// The part of one extent that has the file's bytes from `byteOffset` on, `byteCount` of them or
  /// those that this extent has; nil at the file's end.
  public func part(at byteOffset: UInt64, byteCount: UInt64) -> Extent? {
    guard byteCount > 0, let (index, skipped) = find(byteOffset) else { return nil }
    let rest = skipped == 0 ? extents[index] : extents[index].split(at: skipped).tail
    return rest?.split(at: byteCount).head
  }
}
