// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Bytes

/// Reads parts of a file's contents, in any order.
public struct ContentsReader<Device: BlockDevice> {
  /// Where the contents are.
  public let extents: IndexedExtents
  private var reader: ExtentReader<Device>

  /// The contents in `extents`, which are on `volume`.
  public init(_ extents: [Extent], on volume: Volume<Device>) throws(BlockError) {
    self.extents = try IndexedExtents(extents, paidBy: volume.work)
    reader = ExtentReader(volume)
  }

  /// `byteCount` bytes from `byteOffset` on, or those up to the end. The caller has bounded them.
  public mutating func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    var result: [UInt8] = []
    // Ends: an extent is found for a byte that it has.
    while result.count < count,
      let part = extents.part(
        at: byteOffset + UInt64(result.count), byteCount: UInt64(count - result.count))
    {
      let bytes = try reader.read(part)
      if result.isEmpty { result = bytes } else { result += bytes }
    }
    return result
  }
}
