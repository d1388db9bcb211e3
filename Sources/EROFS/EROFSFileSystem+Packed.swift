// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension EROFSFileSystem {
  /// The extents of `count` bytes from `offset` on of a packed file, all of which are in it.
  func packedExtents(
    of inode: Inode, from offset: UInt64, count: UInt64
  ) throws(EROFSError) -> [Extent] {
    let header = try clusterHeader(of: inode)
    if let start = header.wholeFragmentOffset {
      return try fragment(
        of: inode, from: Checked.sum(start, offset) ?? .max, count: count)
    }
    var wanted = PackedPieces(inode: inode, system: self, wanted: offset..<offset + count)
    if inode.layout == .packed, header.listsExtents {
      try ExtentList(inode, header, blockShift: superblock.blockShift).read(header, into: &wanted)
      return wanted.extents
    }
    var list = try ClusterList(inode, header, in: self)
    var pieces = ClusterPieces(header, into: wanted)
    // Ends: the list has a limited number of clusters.
    while let cluster = try list.next() {
      try pieces.take(cluster, number: list.position - 1)
    }
    return try pieces.finish(listEnd: list.byteOffset)
  }

  private func clusterHeader(of inode: Inode) throws(EROFSError) -> ClusterHeader {
    let start = (inode.end &+ 7) / 8 * 8
    let features = superblock.features
    if inode.layout == .packed, !features.hasLargePieces, !features.hasInlinePieces,
      !features.hasFragments, !features.hasWideNumbers
    {
      return ClusterHeader(withoutHeaderAt: start)
    }
    guard
      let header = ClusterHeader(
        try metadata(of: inode, at: start, count: ClusterHeader.byteCount), at: start)
    else { throw .outOfRange(inode: inode.number, byteOffset: start) }
    if header.wholeFragmentOffset != nil { return header }
    guard header.unknownAdvice == 0 else {
      throw .unsupportedFile(
        inode: inode.number, feature: "advice \(hex: UInt64(header.unknownAdvice))")
    }
    // Neither clusters nor algorithms are for all pieces then.
    if inode.layout == .packed, header.listsExtents { return header }
    guard header.clusterShift == 0 else {
      throw .unsupportedFile(inode: inode.number, feature: "clusters larger than blocks")
    }
    if header.hasLargeFirst || header.hasLargeSecond, !features.hasLargePieces {
      throw .badInode(inode.number, field: "its size of pieces", value: 1)
    }
    if inode.layout == .packedCompactly, header.hasLargeFirst != header.hasLargeSecond {
      throw .badInode(inode.number, field: "its size of pieces", value: 2)
    }
    return header
  }

  /// Bytes of a file that are in the packed inode, which itself has none there.
  func fragment(
    of inode: Inode, from offset: UInt64, count: UInt64
  ) throws(EROFSError) -> [Extent] {
    let number = superblock.packedInode
    guard superblock.features.hasFragments, number != 0, number != inode.number else {
      throw .badInode(inode.number, field: "its packed inode", value: number)
    }
    let packed = try self.inode(number)
    let isPacked = packed.layout == .packed || packed.layout == .packedCompactly
    if isPacked {
      let header = try clusterHeader(of: packed)
      guard !header.hasFragment, header.wholeFragmentOffset == nil else {
        throw .badInode(number, field: "its packed inode", value: number)
      }
    }
    guard offset <= packed.byteCount, count <= packed.byteCount - offset else {
      throw .badInode(inode.number, field: "its place in the packed inode", value: offset)
    }
    if isPacked { return try packedExtents(of: packed, from: offset, count: count) }
    let extents = try contents(of: packed)
    try pay(.comparisons, extents.count)
    do throws(BlockError) {
      try volume.work.payMemory(byteCount: 2 * extents.count * MemoryLayout<Extent>.stride)
    } catch { throw .device(error) }
    return slice(extents, from: offset, count: count)
  }

  /// A part of what `extents` give.
  private func slice(_ extents: [Extent], from offset: UInt64, count: UInt64) -> [Extent] {
    var skipped = offset
    var rest = count
    var result: [Extent] = []
    for extent in extents where rest > 0 {
      if skipped >= extent.byteCount {
        skipped -= extent.byteCount
        continue
      }
      guard let wanted = skipped == 0 ? extent : extent.split(at: skipped).tail else { break }
      skipped = 0
      let part = wanted.split(at: rest).head
      rest -= part.byteCount
      result.append(part)
    }
    return result
  }
}
