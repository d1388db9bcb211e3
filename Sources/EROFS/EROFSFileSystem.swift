// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A reader of EROFS. Nothing is kept but the superblock: the device below is expected to have a
/// cache.
public final class EROFSFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>

  let superblock: Superblock
  let packing: Packing
  let devices: Devices
  /// The packed metadata, once they were needed.
  var knownMetabox: Metabox<Device>?

  /// Opens the file system on `volume`. Throws `EROFSError.notEROFS` if there is none.
  public static func open(_ volume: Volume<Device>) throws(EROFSError) -> EROFSFileSystem {
    guard let system = try probe(volume) else { throw .notEROFS }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one
  /// that can't be read.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(EROFSError) -> EROFSFileSystem? {
    let end = Superblock.byteOffset + UInt64(Superblock.byteCount)
    guard volume.byteCount >= end else { return nil }
    let view: ByteView
    let count = min(
      UInt64(Superblock.extendedByteCount), volume.byteCount - Superblock.byteOffset)
    do {
      view = ByteView(try volume.read(at: Superblock.byteOffset, count: Int(count)))
    } catch { throw .device(error) }
    guard let superblock = try Superblock(view) else { return nil }
    try superblock.checkChecksum(view, on: volume)
    return EROFSFileSystem(
      volume: volume, superblock: superblock, packing: try Packing(superblock, on: volume),
      devices: try Devices(superblock, on: volume))
  }

  private init(
    volume: Volume<Device>, superblock: Superblock, packing: Packing, devices: Devices
  ) {
    self.volume = volume
    self.superblock = superblock
    self.packing = packing
    self.devices = devices
  }

  /// `erofs`.
  public static var readerName: ByteString { "erofs" }

  /// `erofs`.
  public var formatName: ByteString { "erofs" }

  /// The volume name; empty if none.
  public var label: ByteString { superblock.label }

  /// The volume's UUID; empty if it is all zeros.
  public var uuid: ByteString { superblock.uuid.isZero ? "" : superblock.uuid.text }

  /// The directory that the superblock leads to.
  public func root() throws(EROFSError) -> EROFSNode { EROFSNode(number: superblock.root) }

  /// The node that `name` leads to. `.` and `..` are stored like other names, but `.` may be left
  /// out.
  public func lookUp(
    _ name: ByteString, in directory: EROFSNode
  ) throws(EROFSError) -> EROFSNode? {
    var names = try self.directory(directory)
    if name == ".", names.inode.isPointOmitted { return directory }
    return try names.number(of: name).map { EROFSNode(number: $0) }
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: EROFSNode, _ visit: (ByteString, EROFSNode) -> Bool
  ) throws(EROFSError) {
    var names = try self.directory(directory)
    for block in 0..<names.blockCount {
      let goesOn = try names.visit(block) { entry in
        entry.name == "." || entry.name == ".."
          || visit(entry.name, EROFSNode(number: entry.inode))
      }
      guard goesOn else { return }
    }
  }

  /// What the inode says.
  public func attributes(of node: EROFSNode) throws(EROFSError) -> NodeAttributes {
    let inode = try inode(node.number)
    let kind = kind(of: inode)
    let time =
      inode.isExtended ? inode.modificationTime : superblock.time &+ inode.modificationTime
    return NodeAttributes(
      kind: kind, byteCount: kind == .special ? 0 : inode.byteCount, mode: inode.mode & 0xfff,
      modificationTime: Int64(truncatingIfNeeded: time))
  }

  /// The target, which is the contents of the inode.
  public func linkTarget(of node: EROFSNode) throws(EROFSError) -> ByteString {
    let inode = try inode(node.number)
    guard kind(of: inode) == .symbolicLink else { throw .notALink(inode: node.number) }
    guard inode.byteCount > 0, inode.byteCount <= EROFSLimits.linkByteCount else {
      throw .badLink(inode: node.number)
    }
    var target = ByteString()
    var reader = ExtentReader(volume)
    for extent in try contents(of: inode) {
      do { target.bytes += try reader.read(extent) } catch { throw .device(error) }
    }
    guard !target.bytes.contains(0) else { throw .badLink(inode: node.number) }
    return target
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: EROFSNode) throws(EROFSError) -> [Extent] {
    let inode = try inode(node.number)
    guard kind(of: inode) == .file else { throw .notAFile(inode: node.number) }
    return try contents(of: inode)
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(EROFSError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  func inode(_ number: UInt64) throws(EROFSError) -> Inode {
    let unit = UInt64(Inode.compactByteCount)
    let isInMetabox = number & Metabox<Device>.numberBit != 0
    let all = try metadataByteCount(inMetabox: isInMetabox)
    let base = isInMetabox ? 0 : superblock.metadataByteOffset
    guard let distance = Checked.product(number & ~Metabox<Device>.numberBit, unit),
      let offset = Checked.sum(base, distance), offset <= all, all - offset >= unit
    else { throw .outOfRange(inode: number, byteOffset: base) }
    let count = min(UInt64(Inode.extendedByteCount), all - offset)
    let view = try metadata(at: offset, count: Int(count), inMetabox: isInMetabox)
    return try Inode(view, number: number, at: offset)
  }

  private func kind(of inode: Inode) -> NodeKind {
    switch inode.kindBits {
    case 0x8000: .file
    case 0x4000: .directory
    case 0xa000: .symbolicLink
    default: .special
    }
  }

  private func directory(_ node: EROFSNode) throws(EROFSError) -> DirectoryBlocks<Device> {
    let inode = try inode(node.number)
    guard kind(of: inode) == .directory else { throw .notADirectory(inode: node.number) }
    guard inode.byteCount <= EROFSLimits.directoryByteCount else {
      throw .directoryTooLarge(inode: node.number, byteCount: inode.byteCount)
    }
    return try DirectoryBlocks(
      inode, try contents(of: inode), blockByteCount: superblock.blockByteCount, on: volume)
  }
}
