// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension EROFSFileSystem {
  /// The number that stands for no block: a hole.
  private static var noBlock: UInt32 { .max }

  /// The extents of an inode's contents, which add up to its size.
  func contents(of inode: Inode) throws(EROFSError) -> [Extent] {
    if inode.byteCount == 0 { return [] }
    switch inode.layout {
    case .plain:
      return [try run(of: inode, atBlock: UInt64(inode.word), count: inode.byteCount)]
    case .inline: return try inlineExtents(of: inode)
    case .chunks: return try chunks(of: inode)
    case .packed, .packedCompactly:
      return try packedExtents(of: inode, from: 0, count: inode.byteCount)
    }
  }

  /// A run of whole blocks, or of the front of the last one.
  private func run(
    of inode: Inode, atBlock block: UInt64, count: UInt64
  ) throws(EROFSError) -> Extent {
    .run(
      byteOffset: try checked(block << superblock.blockShift, count, of: inode),  // Under 2^48.
      byteCount: count)
  }

  /// `offset`, from which there are `count` bytes on the volume.
  func checked(_ offset: UInt64, _ count: UInt64, of inode: Inode) throws(EROFSError) -> UInt64 {
    guard offset <= volume.byteCount, count <= volume.byteCount - offset else {
      throw .outOfRange(inode: inode.number, byteOffset: offset)
    }
    return offset
  }

  /// Whole blocks as in a plain file; the rest is after the inode and does not leave its block.
  private func inlineExtents(of inode: Inode) throws(EROFSError) -> [Extent] {
    let size = superblock.blockByteCount
    let whole = (inode.byteCount - 1) / size * size  // There is a byte at least.
    let rest = inode.byteCount - whole
    let start = try checked(inode.end, rest, of: inode)
    guard start % size + rest <= size else {
      throw .badInode(inode.number, field: "the size of the end behind it", value: rest)
    }
    var result = ExtentRuns()
    if whole > 0 { result.append(try run(of: inode, atBlock: UInt64(inode.word), count: whole)) }
    result.append(.run(byteOffset: start, byteCount: rest))
    return result.extents
  }

  /// Pieces of some blocks each, listed after the inode: a block number each, or 8 bytes with a
  /// device's number too.
  private func chunks(of inode: Inode) throws(EROFSError) -> [Extent] {
    let form = inode.word & 0xffff
    guard form & ~0x3f == 0 else {
      throw .unsupportedFile(inode: inode.number, feature: "chunks of form \(hex: UInt64(form))")
    }
    let hasIndexes = form & 0x20 != 0
    let chunkByteCount: UInt64 = 1 << (superblock.blockShift + UInt64(form & 0x1f))
    let count = (inode.byteCount - 1) / chunkByteCount + 1
    guard count <= EROFSLimits.chunkCount else { throw .tooManyExtents(inode: inode.number) }
    let unit: UInt64 = hasIndexes ? 8 : 4
    let start = (inode.end &+ (unit - 1)) / unit * unit
    let table = try view(
      at: checked(start, count * unit, of: inode), count: Int(count * unit))
    var result = ExtentRuns()
    var left = inode.byteCount
    for index in 0..<Int(count) {
      let byteCount = min(left, chunkByteCount)
      left -= byteCount
      let place = index * Int(unit)
      let device = hasIndexes ? table.u16(at: place + 2) : 0
      guard let device, let block = table.u32(at: hasIndexes ? place + 4 : place) else {
        throw .outOfRange(inode: inode.number, byteOffset: start)
      }
      if block == Self.noBlock {
        result.append(.zeros(byteCount: byteCount))
        continue
      }
      guard device == 0 else {
        throw .unsupportedFile(inode: inode.number, feature: "data on another device")
      }
      result.append(try run(of: inode, atBlock: UInt64(block), count: byteCount))
    }
    return result.extents
  }
}
