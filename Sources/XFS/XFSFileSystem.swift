// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A name of a file in an XFS file system.
public struct XFSNode: Equatable, Sendable {
  /// The number of the inode.
  public let inode: UInt64

  /// The node of an inode.
  public init(inode: UInt64) { self.inode = inode }
}

/// A reader of XFS, versions 4 and 5.
///
/// Nothing is kept but the superblock: the device below is expected to have a cache. All checksums
/// of what is read are checked, and with them what each block says of where it belongs. The log is
/// looked at, but not replayed.
public final class XFSFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>

  let superblock: Superblock

  /// Whether the newest changes may be in the log alone.
  public let log: LogState

  /// Opens the file system on `volume`. Throws `XFSError.notXFS` if there is none.
  public static func open(_ volume: Volume<Device>) throws(XFSError) -> XFSFileSystem {
    guard let system = try probe(volume) else { throw .notXFS }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no superblock with the magic number.
  /// Throws if there is one that can't be used.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(XFSError) -> XFSFileSystem? {
    guard volume.byteCount >= UInt64(Superblock.byteCount) else { return nil }
    var view = try bytes(of: volume, at: 0, count: Superblock.byteCount)
    guard Superblock.isPresent(in: view) else { return nil }
    let sectorByteCount = try Superblock.sectorByteCount(view)
    if sectorByteCount > view.count {
      view = try bytes(of: volume, at: 0, count: sectorByteCount)
    }
    return try XFSFileSystem(volume, Superblock(view))
  }

  private init(_ volume: Volume<Device>, _ superblock: Superblock) throws(XFSError) {
    let size = UInt64(superblock.blockByteCount)
    guard let byteCount = Checked.product(superblock.blockCount, size),
      byteCount <= volume.byteCount
    else {
      throw .largerThanVolume(
        blockCount: superblock.blockCount, blockByteCount: superblock.blockByteCount,
        volumeByteCount: volume.byteCount)
    }
    self.volume = volume
    self.superblock = superblock
    log = LogInspection.state(of: superblock, on: volume)
  }

  /// `xfs`.
  public static var readerName: ByteString { "xfs" }

  /// `xfs`.
  public var formatName: ByteString { "xfs" }

  /// The volume's label.
  public var label: ByteString { superblock.label }

  /// The file system's UUID.
  public var uuid: ByteString { superblock.uuid.isZero ? "" : superblock.uuid.text }

  /// The inode that the superblock names.
  public func root() throws(XFSError) -> XFSNode { XFSNode(inode: superblock.rootInode) }

  /// The node that `name` leads to, compared by bytes, or without regard to case where the file
  /// system was made so.
  public func lookUp(_ name: ByteString, in directory: XFSNode) throws(XFSError) -> XFSNode? {
    let directory = try Directory(inode(directory.inode), in: self)
    return try directory.lookUp(name).map { XFSNode(inode: $0) }
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: XFSNode, _ visit: (ByteString, XFSNode) -> Bool
  ) throws(XFSError) {
    try Directory(inode(directory.inode), in: self).visitEntries(visit)
  }

  /// What the inode says.
  public func attributes(of node: XFSNode) throws(XFSError) -> NodeAttributes {
    let inode = try inode(node.inode)
    return NodeAttributes(
      kind: inode.kind, byteCount: inode.kind == .special ? 0 : inode.byteCount,
      mode: inode.mode & 0xfff, modificationTime: inode.modificationTime)
  }

  /// The target, from the inode or from its blocks.
  public func linkTarget(of node: XFSNode) throws(XFSError) -> ByteString {
    let inode = try inode(node.inode)
    guard inode.kind == .symbolicLink else { throw .notALink(inode: node.inode) }
    return try SymbolicLink.target(of: inode, in: self)
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: XFSNode) throws(XFSError) -> [Extent] {
    let inode = try inode(node.inode)
    guard inode.kind == .file else { throw .notAFile(inode: node.inode) }
    if inode.isRealtime { throw .unsupportedFile(inode: node.inode, feature: "a realtime device") }
    var list = ExtentList(inode, of: superblock, work: volume.work)
    var cursor = try ExtentCursor(inode, in: self)
    while !list.isComplete, let record = try cursor.next() { try list.append(record) }
    return try list.finish()
  }

  /// The inode `number`, which is in use.
  func inode(_ number: UInt64) throws(XFSError) -> Inode {
    let offset = try superblock.byteOffset(ofInode: number)
    try pay(.copiedBytes, superblock.inodeByteCount)  // For the checksum.
    return try Inode(
      bytes(at: offset, count: superblock.inodeByteCount), number: number, of: superblock)
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(XFSError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  /// Bytes of the file system.
  func bytes(at offset: UInt64, count: Int) throws(XFSError) -> ByteView {
    try Self.bytes(of: volume, at: offset, count: count)
  }

  private static func bytes(
    of volume: Volume<Device>, at offset: UInt64, count: Int
  ) throws(XFSError) -> ByteView {
    do { return ByteView(try volume.read(at: offset, count: count)) } catch {
      throw .device(error)
    }
  }
}
