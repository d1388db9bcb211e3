// SPDX-License-Identifier: GPL-2.0-or-later

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
}
