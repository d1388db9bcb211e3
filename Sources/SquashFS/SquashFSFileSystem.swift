// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A reader of SquashFS 4.0. Metadata is packed too: the last few blocks of it are kept.
public final class SquashFSFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>

  let superblock: Superblock
  let metadata: Metadata<Device>

  /// Opens the file system on `volume`. Throws `SquashFSError.notSquashFS` if there is none.
  public static func open(_ volume: Volume<Device>) throws(SquashFSError) -> SquashFSFileSystem {
    guard let system = try probe(volume) else { throw .notSquashFS }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one
  /// that can't be read.
  @inline(never)
  public static func probe(
    _ volume: Volume<Device>
  ) throws(SquashFSError) -> SquashFSFileSystem? {
    guard volume.byteCount >= UInt64(Superblock.byteCount) else { return nil }
    let view: ByteView
    do { view = ByteView(try volume.read(at: 0, count: Superblock.byteCount)) } catch {
      throw .device(error)
    }
    guard let superblock = try Superblock(view, volumeByteCount: volume.byteCount) else {
      return nil
    }
    return SquashFSFileSystem(volume, superblock)
  }

  private init(_ volume: Volume<Device>, _ superblock: Superblock) {
    self.volume = volume
    self.superblock = superblock
    metadata = Metadata(volume, superblock)
  }

  /// `squashfs`.
  public static var readerName: ByteString { "squashfs" }

  /// `squashfs`.
  public var formatName: ByteString { "squashfs" }

  /// Empty: the format has none.
  public var label: ByteString { "" }

  /// Empty: the format has none.
  public var uuid: ByteString { "" }

  /// Forgets unpacked metadata.
  public func emptyCache() { metadata.removeAll() }

  /// The directory that the superblock leads to.
  public func root() throws(SquashFSError) -> SquashFSNode {
    SquashFSNode(reference: superblock.root, above: nil)
  }

  /// The node that `name` leads to. Names are in order, so the search ends after its place.
  public func lookUp(
    _ name: ByteString, in directory: SquashFSNode
  ) throws(SquashFSError) -> SquashFSNode? {
    let (inode, place) = try self.directory(directory)
    if name == "." { return directory }
    if name == ".." { return directory.parent }
    var reader = try reader(of: inode, place)
    try reader.skip(to: name, by: inode, of: superblock.directoryTable)
    while let entry = try reader.next() {
      if entry.name == name {
        return SquashFSNode(reference: entry.inode, above: SquashFSParent(directory))
      }
      if name < entry.name { return nil }
    }
    return nil
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: SquashFSNode, _ visit: (ByteString, SquashFSNode) -> Bool
  ) throws(SquashFSError) {
    let (inode, place) = try self.directory(directory)
    let above = SquashFSParent(directory)
    var reader = try reader(of: inode, place)
    while let entry = try reader.next() {
      guard visit(entry.name, SquashFSNode(reference: entry.inode, above: above)) else { return }
    }
  }

  /// What the inode says.
  public func attributes(of node: SquashFSNode) throws(SquashFSError) -> NodeAttributes {
    let inode = try inode(of: node)
    let (kind, byteCount): (NodeKind, UInt64) =
      switch inode.contents {
      case .directory(let directory): (.directory, directory.byteCount)
      case .file(let file): (.file, file.byteCount)
      case .symbolicLink(let count, _): (.symbolicLink, UInt64(count))
      case .special: (.special, 0)
      }
    return NodeAttributes(
      kind: kind, byteCount: byteCount, mode: inode.mode,
      modificationTime: Int64(inode.modificationTime))
  }

  /// The target, which is after the inode.
  public func linkTarget(of node: SquashFSNode) throws(SquashFSError) -> ByteString {
    let place = place(of: node)
    guard case .symbolicLink(let count, var cursor) = try inode(of: node).contents else {
      throw .notALink(place)
    }
    guard count > 0, count <= SquashFSLimits.linkByteCount else { throw .badLink(place) }
    let target = ByteString(try metadata.read(Int(count), at: &cursor, for: place).bytes)
    guard !target.bytes.contains(0) else { throw .badLink(place) }
    return target
  }

  /// Where the file's blocks, and the fragment with its end, are on the volume.
  public func extents(of node: SquashFSNode) throws(SquashFSError) -> [Extent] {
    let place = place(of: node)
    guard case .file(let file) = try inode(of: node).contents else { throw .notAFile(place) }
    return try extents(of: file, place)
  }

  func place(of node: SquashFSNode) -> SquashFSStructure {
    .inode(block: block(of: node), offset: node.reference.offset)
  }

  func inode(of node: SquashFSNode) throws(SquashFSError) -> Inode {
    let cursor = MetadataCursor(block: block(of: node), offset: Int(node.reference.offset))
    return try Inode(metadata, at: cursor, place(of: node))
  }

  /// The byte of the volume; a sum that wraps around on a disk of that size is checked like others.
  private func block(of node: SquashFSNode) -> UInt64 {
    superblock.inodeTable &+ node.reference.block
  }

  private func directory(
    _ node: SquashFSNode
  ) throws(SquashFSError) -> (Inode.Directory, SquashFSStructure) {
    guard case .directory(let directory) = try inode(of: node).contents else {
      throw .notADirectory(place(of: node))
    }
    return (directory, .directory(block: block(of: node), offset: node.reference.offset))
  }

  private func reader(
    of directory: Inode.Directory, _ place: SquashFSStructure
  ) throws(SquashFSError) -> DirectoryReader<Device> {
    try DirectoryReader(directory, of: superblock.directoryTable, in: metadata, place)
  }
}
