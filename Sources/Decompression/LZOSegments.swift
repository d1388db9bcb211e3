// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Btrfs's chain of LZO1X blocks: the size of all in four bytes, then for each sector of the file a
/// size in four bytes, which never crosses the end of a sector, and a block of that many bytes.
enum LZOSegments {
  private static let sizeByteCount = 4

  static func decode(
    _ packed: ArraySlice<UInt8>, sectorByteCount: Int, byteCountMax: Int
  ) throws(BlockDecodingError) -> [UInt8] {
    precondition(sectorByteCount > sizeByteCount, "a sector without room for a size")
    let format = BlockFormat.lzoSegments(sectorByteCount: sectorByteCount)
    let view = ByteView(Array(packed))
    guard let whole = view.u32(at: 0), whole <= UInt32(view.count) else { throw .corrupt(format) }
    var result: [UInt8] = []
    result.reserveCapacity(byteCountMax)
    var position = sizeByteCount
    // Ends: each turn goes on by a block that is not empty.
    while position < Int(whole), result.count < byteCountMax {
      let left = sectorByteCount - position % sectorByteCount
      if left < sizeByteCount { position += left }
      if position + sizeByteCount > Int(whole) { break }  // What fills the last sector up.
      guard let size = view.u32(at: position), size > 0,
        let block = view.slice(at: position + sizeByteCount, count: Int(size))
      else { throw .corrupt(format) }
      position += sizeByteCount + Int(size)
      result += try BlockDecoder.decode(
        block.bytes[...], .lzo, byteCountMax: min(sectorByteCount, byteCountMax - result.count))
    }
    return result
  }
}
