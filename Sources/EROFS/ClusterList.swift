// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// What is in front of the list of a packed file's clusters: 8 bytes at the next multiple of 8
/// after the inode (erofs_fs.h, `z_erofs_map_header`).
struct ClusterHeader {
  static let byteCount: UInt64 = 8

  /// Where the list of full size, or the compact one, begins.
  let fullListByteOffset: UInt64
  let compactListByteOffset: UInt64
  /// Where the whole file is in the packed inode, if it is there.
  let wholeFragmentOffset: UInt64?
  /// Where the end of the file is in the packed inode: the low 32 bits.
  let fragmentOffset: UInt64
  /// The size of the last piece, if that is among the metadata.
  let inlineByteCount: UInt64
  /// The numbers of the two algorithms.
  let algorithms: (first: UInt8, second: UInt8)
  /// How many times larger than a block a cluster is, as an exponent.
  let clusterShift: UInt8
  /// The number of pieces, if these are listed instead of clusters.
  let extentCount: UInt64

  private let advice: UInt16

  /// Decodes the 8 bytes at `byteOffset`.
  init?(_ view: ByteView, at byteOffset: UInt64) {
    guard let whole = view.u64(at: 0), let fragment = view.u32(at: 0),
      let inline = view.u16(at: 2), let advice = view.u16(at: 4), let algorithms = view.u8(at: 6),
      let shift = view.u8(at: 7)
    else { return nil }
    compactListByteOffset = byteOffset &+ Self.byteCount
    fullListByteOffset = byteOffset &+ 2 * Self.byteCount
    wholeFragmentOffset = shift & 0x80 != 0 ? whole ^ 1 << 63 : nil
    fragmentOffset = UInt64(fragment)
    self.advice = advice
    inlineByteCount = advice & 8 != 0 ? UInt64(inline) : 0
    self.algorithms = (algorithms & 15, algorithms >> 4)
    clusterShift = shift & 0x7f
    extentCount = UInt64(fragment) | UInt64(algorithms) << 32 | UInt64(shift) << 40
  }

  /// For files that were written before such headers existed.
  init(withoutHeaderAt byteOffset: UInt64) {
    compactListByteOffset = byteOffset &+ Self.byteCount
    fullListByteOffset = byteOffset &+ 2 * Self.byteCount
    wholeFragmentOffset = nil
    fragmentOffset = 0
    advice = 0
    inlineByteCount = 0
    algorithms = (0, 0)
    clusterShift = 0
    extentCount = 0
  }

  /// Groups of 16 blocks are in a compact list.
  var hasLargeGroups: Bool { advice & 1 != 0 }
  /// In a list of full size: pieces are listed, not clusters.
  var listsExtents: Bool { advice & 1 != 0 }
  /// How many bytes each of these has in the list.
  var recordByteCount: UInt64 { 4 << UInt64(advice >> 1 & 3) }
  /// Pieces of the first, or the second algorithm are stored in several blocks.
  var hasLargeFirst: Bool { advice & 2 != 0 }
  var hasLargeSecond: Bool { advice & 4 != 0 }
  /// The last piece is among the metadata.
  var hasInlinePiece: Bool { inlineByteCount > 0 }
  /// What is not packed is turned so that offsets in a block are those in the file's block.
  var isInterlaced: Bool { advice & 0x10 != 0 }
  /// The last piece is in the packed inode.
  var hasFragment: Bool { advice & 0x20 != 0 }
  /// Bits that are not known here.
  var unknownAdvice: UInt16 { advice & ~0x3f }
}

/// Reads the list of a packed file's clusters from its start on, one for each block of the file.
struct ClusterList<Device: BlockDevice> {
  /// How many bytes a block has in the list, and how many blocks are one group.
  private struct Form {
    let groupByteCount: UInt64
    let clusterCount: Int
    let isCompact: Bool
  }

  private static var full: Form { Form(groupByteCount: 8, clusterCount: 1, isCompact: false) }
  private static var small: Form { Form(groupByteCount: 8, clusterCount: 2, isCompact: true) }
  private static var large: Form { Form(groupByteCount: 32, clusterCount: 16, isCompact: true) }

  private let system: EROFSFileSystem<Device>
  private let inode: Inode
  private let header: ClusterHeader
  /// The blocks of the file.
  let count: UInt64
  /// How many blocks come in small groups before, and in large groups after these.
  private let firstSmallCount: UInt64
  private let largeCount: UInt64
  /// The number of the block that `next` gives.
  private(set) var position: UInt64 = 0
  private var table: MetadataTable<Device>
  /// Blocks of the last group that were not given yet, the next one last.
  private var pending: [LogicalCluster] = []

  init(
    _ inode: Inode, _ header: ClusterHeader, in system: EROFSFileSystem<Device>
  ) throws(EROFSError) {
    self.system = system
    self.inode = inode
    self.header = header
    let size = system.superblock.blockByteCount
    count = inode.byteCount / size + (inode.byteCount % size > 0 ? 1 : 0)
    guard count <= EROFSLimits.clusterCount else {
      throw .badInode(inode.number, field: "the number of its clusters", value: count)
    }
    let isCompact = inode.layout == .packedCompactly
    let byteOffset = isCompact ? header.compactListByteOffset : header.fullListByteOffset
    table = MetadataTable(of: inode, at: byteOffset, in: system)
    // Large groups begin at a multiple of 32 bytes.
    let first = (32 - byteOffset % 32) % 32 / 4
    firstSmallCount = isCompact ? first : 0
    largeCount =
      isCompact && header.hasLargeGroups && first < count ? (count - first) / 16 * 16 : 0
    if largeCount > 0, system.superblock.blockShift > 12 {
      throw .unsupportedFile(inode: inode.number, feature: "16 blocks of this size in a group")
    }
    if isCompact, system.superblock.blockShift > 14 {
      throw .unsupportedFile(inode: inode.number, feature: "a compact list of blocks of this size")
    }
  }

  /// Where the group after the last one that was read begins: the end of the list, once all are.
  var byteOffset: UInt64 { table.byteOffset }

  /// What the list says of the next block; nil at the end.
  mutating func next() throws(EROFSError) -> LogicalCluster? {
    if position == count { return nil }
    if pending.isEmpty { try readGroup() }
    guard let cluster = pending.popLast() else { throw bad }
    position += 1
    return cluster
  }

  private var bad: EROFSError { .badCluster(inode: inode.number, cluster: position) }

  private mutating func readGroup() throws(EROFSError) {
    var form = Self.full
    if inode.layout == .packedCompactly {
      let isLarge = position >= firstSmallCount && position - firstSmallCount < largeCount
      form = isLarge ? Self.large : Self.small
    }
    // No more than what the list can have: 8 bytes for a block.
    let view = try table.next(
      form.groupByteCount, rest: 8 * (count - position) + form.groupByteCount)
    let shift = system.superblock.blockShift
    try system.pay(.lookups)
    if form.isCompact {
      let group = CompactGroup(
        view, clusterCount: form.clusterCount, blockShift: shift,
        hasCounts: header.hasLargeFirst)
      guard let group else { throw bad }
      pending = group.clusters.reversed()
    } else {
      guard let cluster = LogicalCluster(view, at: 0, blockByteCount: 1 << shift) else { throw bad }
      pending = [cluster]
    }
  }
}
