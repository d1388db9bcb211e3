// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A reader of exFAT (Microsoft's exFAT file system specification, revision 1.00).
///
/// Kept are the boot sector and, once a name was looked up, the table of capitals: the device below
/// is expected to have a cache.
public final class ExFATFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>
  /// The label in the root directory; empty if there is none.
  public let label: ByteString
  /// That the first boot region, or the table of capitals, is damaged; nil if neither is.
  public let remark: ByteString?

  let bootSector: BootSector
  let capitals: Capitals

  /// Opens the file system on `volume`. Throws `ExFATError.notExFAT` if there is none.
  public static func open(_ volume: Volume<Device>) throws(ExFATError) -> ExFATFileSystem {
    guard let system = try probe(volume) else { throw .notExFAT }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one that
  /// can't be read.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(ExFATError) -> ExFATFileSystem? {
    guard volume.byteCount >= UInt64(BootSector.byteCount) else { return nil }
    let view: ByteView
    do { view = ByteView(try volume.read(at: 0, count: BootSector.byteCount)) } catch {
      throw .device(error)
    }
    guard BootSector.isNamed(in: view) else { return nil }
    return try ExFATFileSystem(try BootRegion(view, on: volume), on: volume)
  }

  private init(_ region: BootRegion, on volume: Volume<Device>) throws(ExFATError) {
    self.volume = volume
    let sector = region.sector
    bootSector = sector
    let root = try RootEntries(sector, on: volume)
    label = root.label
    capitals = root.capitals ?? .ascii
    remark =
      region.isBackup
      ? "the first boot region is damaged; the second one is used"
      : root.capitals == nil ? "the table of capital letters is damaged" : nil
  }

  /// A file system of which only the clusters can be read, to look at its root.
  init(_ sector: BootSector, on volume: Volume<Device>) {
    self.volume = volume
    bootSector = sector
    label = ""
    capitals = .ascii
    remark = nil
  }

  /// `exfat`.
  public static var readerName: ByteString { "exfat" }

  /// `exfat`.
  public var formatName: ByteString { "exfat" }

  /// The serial number, `XXXX-XXXX`.
  public var uuid: ByteString { bootSector.serial }

  /// The root directory.
  public func root() throws(ExFATError) -> ExFATNode {
    ExFATNode(rootCluster: bootSector.rootCluster)
  }

  /// The node that `name` leads to, in any case of letters.
  public func lookUp(
    _ name: ByteString, in directory: ExFATNode
  ) throws(ExFATError) -> ExFATNode? {
    guard directory.isDirectory else { throw .notADirectory(first: directory.firstCluster) }
    if name == "." { return directory }
    if name == ".." { return directory.parent ?? directory }
    guard let wanted = NameText.units(of: name) else { return nil }
    var reader = try DirectoryReader(directory, in: self)
    while let file = try reader.next() {
      if capitals.areEqual(file.name, wanted) { return file.node }
    }
    if let entry = reader.firstBadEntry {
      throw .badEntries(first: directory.firstCluster, entry: entry)
    }
    return nil
  }

  /// Goes through the entries in the order they are stored, without those that are damaged.
  public func visitEntries(
    of directory: ExFATNode, _ visit: (ByteString, ExFATNode) -> Bool
  ) throws(ExFATError) {
    var reader = try DirectoryReader(directory, in: self)
    while let file = try reader.next() {
      guard visit(UTF16Text.decode(file.name), file.node) else { return }
    }
  }

  /// What the entry says. exFAT has no permissions but read-only.
  public func attributes(of node: ExFATNode) throws(ExFATError) -> NodeAttributes {
    NodeAttributes(
      kind: node.isDirectory ? .directory : .file,
      byteCount: node.isDirectory ? 0 : node.byteCount ?? 0,
      mode: node.isReadOnly ? 0o555 : 0o755, modificationTime: node.modificationTime)
  }

  /// Throws: exFAT has no symbolic links.
  public func linkTarget(of node: ExFATNode) throws(ExFATError) -> ByteString {
    throw .notALink(first: node.firstCluster)
  }

  /// Where the file's contents are on the volume. What was never written is zeros.
  public func extents(of node: ExFATNode) throws(ExFATError) -> [Extent] {
    guard !node.isDirectory else { throw .notAFile(first: node.firstCluster) }
    let first = node.firstCluster
    let byteCount = node.byteCount ?? 0
    guard node.validByteCount <= byteCount else {
      throw .badSize(first: first, byteCount: node.validByteCount)
    }
    var runs = ExtentRuns()
    try append(node, byteCount: node.validByteCount, to: &runs)
    if node.validByteCount < byteCount {
      runs.append(.zeros(byteCount: byteCount - node.validByteCount))
    }
    return runs.extents
  }
}
