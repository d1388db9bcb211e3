// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Makes extents of a packed file's clusters, which come in order: a piece goes from where one
/// begins to where the next one does.
struct PackedPieces<Device: BlockDevice> {
  /// A piece whose end is not known yet.
  private struct Piece {
    let head: LogicalCluster.Head
    let isPartial: Bool
    /// Where it begins, in bytes of the file.
    let start: UInt64
    /// The first block that it is stored in.
    let block: UInt64
    /// The number of blocks, if the list tells.
    var storedBlockCount: UInt64?
    /// Whether more clusters belong to it.
    var goesOn = false
    /// The number of its first cluster.
    let cluster: UInt64
  }

  let inode: Inode
  let header: ClusterHeader
  let system: EROFSFileSystem<Device>
  /// The bytes of the file that extents are wanted of.
  let wanted: Range<UInt64>

  private var piece: Piece?
  /// Whether a piece has begun after the end of the file; there may be one in the last block.
  private var isComplete = false
  private var result = ExtentRuns()

  init(
    inode: Inode, header: ClusterHeader, system: EROFSFileSystem<Device>, wanted: Range<UInt64>
  ) {
    self.inode = inode
    self.header = header
    self.system = system
    self.wanted = wanted
  }

  /// Takes what the list says of the next block of the file.
  mutating func take(_ cluster: LogicalCluster, number: UInt64) throws(EROFSError) {
    switch cluster {
    case .rest(let count):
      guard piece != nil else { throw bad(number) }
      if count != nil, !(header.hasLargeFirst || header.hasLargeSecond) { throw bad(number) }
      if piece?.goesOn == false { piece?.storedBlockCount = count }
      piece?.goesOn = true
    case .head(let head, let offset, let block, let isPartial):
      let start = number << system.superblock.blockShift + offset  // At most 2^36.
      if start >= inode.byteCount {
        isComplete = true
        return
      }
      if isComplete { throw bad(number) }
      if let piece {
        try append(piece, end: start)
      } else if start > 0 {
        throw bad(number)
      }
      piece = Piece(
        head: head, isPartial: isPartial, start: start, block: block, cluster: number)
    }
  }

  /// Takes the end of the list, after which the last piece may be, and gives the extents.
  mutating func finish(listEnd: UInt64) throws(EROFSError) -> [Extent] {
    guard let piece else { throw bad(0) }
    let end = inode.byteCount
    if header.hasInlinePiece {
      let size = system.superblock.blockByteCount
      guard listEnd % size + header.inlineByteCount <= size else {
        throw .badInode(
          inode.number, field: "the size of the end behind it", value: header.inlineByteCount)
      }
      try append(piece, end: end, at: listEnd, storedByteCount: header.inlineByteCount)
    } else if header.hasFragment {
      let start = max(piece.start, wanted.lowerBound)
      if start < wanted.upperBound {
        // A list of full size has room for the upper half.
        let high = inode.layout == .packed ? piece.block << 32 : 0
        let offset = Checked.sum(high | header.fragmentOffset, start - piece.start) ?? .max
        let count = wanted.upperBound - start
        for extent in try system.fragment(of: inode, from: offset, count: count) {
          result.append(extent)
        }
      }
    } else {
      try append(piece, end: end)
    }
    return result.extents
  }

  private func bad(_ cluster: UInt64) -> EROFSError {
    .badCluster(inode: inode.number, cluster: cluster)
  }

  /// Adds a piece that is in blocks of its own.
  private mutating func append(_ piece: Piece, end: UInt64) throws(EROFSError) {
    let isLarge =
      switch piece.head {
      case .first: header.hasLargeFirst
      case .second: header.hasLargeSecond
      case .plain: false
      }
    if isLarge, piece.goesOn, piece.storedBlockCount == nil { throw bad(piece.cluster) }
    let count = piece.storedBlockCount ?? 1
    guard count > 0 else { throw bad(piece.cluster) }
    let shift = system.superblock.blockShift
    // Both are under 2^34, and the exponent is 16 at most.
    try append(piece, end: end, at: piece.block << shift, storedByteCount: count << shift)
  }

  private mutating func append(
    _ piece: Piece, end: UInt64, at byteOffset: UInt64, storedByteCount: UInt64
  ) throws(EROFSError) {
    let from = max(piece.start, wanted.lowerBound)
    let to = min(end, wanted.upperBound)
    guard from < to else { return }
    guard result.extents.count < EROFSLimits.extentCount else {
      throw .tooManyExtents(inode: inode.number)
    }
    let offset = try system.checked(byteOffset, storedByteCount, of: inode)
    let byteCount = end - piece.start
    let extents =
      piece.head == .plain
      ? try plain(piece, byteCount, at: offset, storedByteCount)
      : [try packed(piece, byteCount, at: offset, storedByteCount)]
    var start = piece.start
    for extent in extents {
      let end = start + extent.byteCount
      let (low, high) = (max(start, from), min(end, to))
      if low < high, let tail = low == start ? extent : extent.split(at: low - start).tail {
        result.append(tail.split(at: high - low).head)
      }
      start = end
    }
  }

  /// What is not packed: as it is, or the blocks' last bytes first.
  private func plain(
    _ piece: Piece, _ byteCount: UInt64, at offset: UInt64, _ storedByteCount: UInt64
  ) throws(EROFSError) -> [Extent] {
    guard byteCount <= storedByteCount else { throw bad(piece.cluster) }
    let size = system.superblock.blockByteCount
    let turned = header.isInterlaced ? piece.start % size : 0
    if turned == 0 { return [.run(byteOffset: offset, byteCount: byteCount)] }
    let front = size - turned
    guard storedByteCount >= front else { throw bad(piece.cluster) }
    let first = Extent.run(
      byteOffset: offset + storedByteCount - front, byteCount: min(front, byteCount))
    if byteCount <= front { return [first] }
    return [first, .run(byteOffset: offset, byteCount: byteCount - front)]
  }

  private func packed(
    _ piece: Piece, _ byteCount: UInt64, at offset: UInt64, _ storedByteCount: UInt64
  ) throws(EROFSError) -> Extent {
    let algorithm =
      piece.head == .first ? header.algorithms.first : header.algorithms.second
    guard let format = system.packing.format(algorithm) else {
      throw .unsupportedFile(inode: inode.number, feature: "algorithm \(algorithm)")
    }
    // Zstandard does not stop before its end: there is room for all of a piece of which the front
    // is wanted.
    let most =
      piece.isPartial && format == .zstd
      ? max(byteCount, UInt64(EncodedExtent.decodedByteCountMax)) : byteCount
    guard
      let extent = EncodedExtent(
        format, stored: [.run(byteOffset: offset, byteCount: storedByteCount)],
        isPaddedInFront: system.superblock.features.hasPaddingInFront, decodedByteCount: most,
        byteCount: byteCount)
    else { throw bad(piece.cluster) }
    return .encoded(extent)
  }
}
