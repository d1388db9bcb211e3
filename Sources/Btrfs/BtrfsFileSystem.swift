// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A reader of btrfs.
///
/// Of the file system the superblock and the list of chunks are kept, and a few nodes. Checksums
/// of superblocks and nodes are checked, and a bad copy makes way for a good one; those of data are
/// not, since data goes by extents straight to where it is wanted.
public final class BtrfsFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>

  let superblock: Superblock
  let chunks: ChunkMap
  let cache: NodeCache
  /// The subvolume that is mounted when none is named.
  let defaultSubvolume: UInt64

  init(
    _ volume: Volume<Device>, _ superblock: Superblock, _ chunks: ChunkMap,
    defaultSubvolume: UInt64 = TreeID.topLevel
  ) {
    self.volume = volume
    self.superblock = superblock
    self.chunks = chunks
    self.defaultSubvolume = defaultSubvolume
    cache = NodeCache()
  }

  /// `btrfs`.
  public static var readerName: ByteString { "btrfs" }

  /// `btrfs`.
  public var formatName: ByteString { "btrfs" }

  /// The label.
  public var label: ByteString { superblock.label }

  /// The file system's UUID.
  public var uuid: ByteString { superblock.uuid.isZero ? "" : superblock.uuid.text }

  /// How many devices the file system has.
  public var deviceCount: UInt64 { superblock.deviceCount }

  /// The devices that are here.
  public var members: [BtrfsMember] { chunks.members }

  /// Whether there are changes which `fsync` wrote and no commit followed. They are in a tree of
  /// their own, which is not read.
  public var hasLog: Bool { superblock.logRoot != 0 }

  /// Whether the first superblock was bad and a copy of it is used.
  public var usesSuperblockCopy: Bool { superblock.byteOffset != Superblock.byteOffsets[0] }

  /// The top of the top-level subvolume, with that of the default subvolume under it.
  public func root() throws(BtrfsError) -> BtrfsNode {
    let hasOther = defaultSubvolume != TreeID.topLevel
    return BtrfsNode(
      .top(of: TreeID.topLevel), under: hasOther ? .top(of: defaultSubvolume) : nil)
  }

  /// Forgets the nodes that were read last.
  public func emptyCache() { cache.removeAll() }

  /// The node that `name` leads to: first in the directory itself, then in the one under it.
  public func lookUp(
    _ name: ByteString, in directory: BtrfsNode
  ) throws(BtrfsError) -> BtrfsNode? {
    if name == "." { return directory }
    if name == ".." { return try parent(of: directory) }
    let found = try Directory(directory.inode, in: self).lookUp(name)
    guard let under = directory.under, found.map({ $0.isDirectory }) ?? true else {
      return found.map { BtrfsNode($0.inode) }
    }
    let other = try Directory(under, in: self).lookUp(name)
    guard let found else { return other.map { BtrfsNode($0.inode) } }
    return Self.merged(found, other)
  }

  /// Goes through the entries in the order they were made, then through those only in the directory
  /// under it. Whether a name is in the other directory too is looked up: both are sorted by hash.
  public func visitEntries(
    of directory: BtrfsNode, _ visit: (ByteString, BtrfsNode) -> Bool
  ) throws(BtrfsError) {
    let upper = try Directory(directory.inode, in: self)
    guard let under = directory.under else {
      _ = try upper.visitRecords { record in visit(record.name, BtrfsNode(record.target.inode)) }
      return
    }
    let lower = try Directory(under, in: self)
    let goesOn = try upper.visitRecords { record throws(BtrfsError) in
      let other = try lower.lookUp(record.name)
      return visit(record.name, Self.merged(record.target, other))
    }
    guard goesOn else { return }
    _ = try lower.visitRecords { record throws(BtrfsError) in
      try upper.lookUp(record.name) != nil || visit(record.name, BtrfsNode(record.target.inode))
    }
  }

  /// What the inode says.
  public func attributes(of node: BtrfsNode) throws(BtrfsError) -> NodeAttributes {
    let inode = try inodeItem(node.inode)
    return NodeAttributes(
      kind: inode.kind, byteCount: inode.kind == .special ? 0 : inode.byteCount,
      mode: inode.mode & 0xfff, modificationTime: inode.modificationTime)
  }

  /// The target, which is in the inode's only extent.
  public func linkTarget(of node: BtrfsNode) throws(BtrfsError) -> ByteString {
    let inode = try inodeItem(node.inode)
    let place = node.inode.place
    guard inode.kind == .symbolicLink else { throw .notALink(place) }
    guard inode.byteCount <= BtrfsLimits.linkByteCount else {
      throw .badField(place, field: "size", value: inode.byteCount)
    }
    if inode.byteCount == 0 { return "" }
    var list = FileExtents(node.inode, byteCount: inode.byteCount, in: self)
    let extents = try list.read()
    guard extents.count == 1, case .inline(let target)? = extents.first else {
      throw .badField(place, field: "extents of a link", value: UInt64(extents.count))
    }
    return ByteString(target)
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: BtrfsNode) throws(BtrfsError) -> [Extent] {
    let inode = try inodeItem(node.inode)
    guard inode.kind == .file else { throw .notAFile(node.inode.place) }
    var list = FileExtents(node.inode, byteCount: inode.byteCount, in: self)
    return try list.read()
  }

  /// A directory is merged with one of the same name below it; anything else hides it.
  private static func merged(_ found: DirectoryTarget, _ other: DirectoryTarget?) -> BtrfsNode {
    guard found.isDirectory, let other, other.isDirectory, other.inode != found.inode else {
      return BtrfsNode(found.inode)
    }
    return BtrfsNode(found.inode, under: other.inode)
  }

  private func parent(of directory: BtrfsNode) throws(BtrfsError) -> BtrfsNode {
    if directory == (try root()) { return directory }
    let parent = try Directory(directory.inode, in: self).parent()
    guard let under = directory.under else { return BtrfsNode(parent) }
    return BtrfsNode(parent, under: try Directory(under, in: self).parent())
  }
}
