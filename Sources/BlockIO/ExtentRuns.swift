// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Extents in the order of a file, merged where one goes on with the next: runs that follow each
/// other on the volume, and zeros. All ends of runs are on the volume.
public struct ExtentRuns {
  /// The extents so far.
  public private(set) var extents: [Extent] = []

  /// No extents.
  public init() {}

  /// Adds an extent after the others.
  public mutating func append(_ extent: Extent) {
    switch (extents.last, extent) {
    case (.run(let offset, let count), .run(let next, let more)) where offset + count == next:
      extents[extents.count - 1] = .run(byteOffset: offset, byteCount: count + more)
    case (.zeros(let count), .zeros(let more)):
      extents[extents.count - 1] = .zeros(byteCount: count + more)
    default: extents.append(extent)
    }
  }

  /// The same for a list that a disk makes long: `work` pays for each piece, for what only makes
  /// the last one longer less, and for the list's growth.
  @inline(never)
  public mutating func append(
    _ extent: Extent, paidBy work: WorkAccount
  ) throws(BlockError) {
    let count = extents.count
    try work.payGrowth(elementCount: count, elementByteCount: MemoryLayout<Extent>.stride)
    append(extent)
    try work.pay(extents.count > count ? .segments : .comparisons)
  }
}

extension WorkAccount {
  /// Pays for the memory that an array of a disk's things takes when one more is appended: an
  /// array that is full moves to one twice as long.
  @inline(never)
  public func payGrowth(elementCount count: Int, elementByteCount: Int) throws(BlockError) {
    // A small array is not asked for, whatever its length.
    guard count & (count - 1) == 0 else { return }
    try payMemory(byteCount: 2 * count * elementByteCount)
  }
}
