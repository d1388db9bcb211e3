// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Makes pieces of a packed file's clusters, which come in order: a piece goes from where one
/// begins to where the next one does.
struct ClusterPieces<Device: BlockDevice> {
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

  let header: ClusterHeader

  private var pieces: PackedPieces<Device>
  private var piece: Piece?
  /// Whether a piece has begun after the end of the file; there may be one in the last block.
  private var isComplete = false

  init(_ header: ClusterHeader, into pieces: PackedPieces<Device>) {
    self.header = header
    self.pieces = pieces
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
      // At most 2^36.
      let start = number << pieces.system.superblock.blockShift + offset
      if start >= pieces.inode.byteCount {
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
    let inode = pieces.inode
    let end = inode.byteCount
    if header.hasInlinePiece {
      let stored = try pieces.system.metadataExtent(
        of: inode, at: listEnd, count: header.inlineByteCount)
      try append(piece, end: end, stored: stored)
    } else if header.hasFragment {
      // A list of full size has room for the upper half.
      let high = inode.layout == .packed ? piece.block << 32 : 0
      try pieces.appendFragment(at: high | header.fragmentOffset, from: piece.start)
    } else {
      try append(piece, end: end)
    }
    return pieces.extents
  }

  private func bad(_ cluster: UInt64) -> EROFSError {
    .badCluster(inode: pieces.inode.number, cluster: cluster)
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
    guard pieces.isWanted(from: piece.start, to: end) else { return }
    let shift = pieces.system.superblock.blockShift
    // Both are under 2^34, and the exponent is 16 at most.
    let offset = try pieces.system.checked(piece.block << shift, count << shift, of: pieces.inode)
    try append(piece, end: end, stored: .run(byteOffset: offset, byteCount: count << shift))
  }

  private mutating func append(
    _ piece: Piece, end: UInt64, stored: Extent
  ) throws(EROFSError) {
    let form: PackedPieces<Device>.Form =
      switch piece.head {
      case .plain: .plain(isTurned: header.isInterlaced)
      case .first:
        .packed(algorithm: header.algorithms.first, isPartial: piece.isPartial)
      case .second:
        .packed(algorithm: header.algorithms.second, isPartial: piece.isPartial)
      }
    guard try pieces.append(form, from: piece.start, to: end, stored: stored) else {
      throw bad(piece.cluster)
    }
  }
}
