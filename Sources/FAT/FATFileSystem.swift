// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A reader of FAT12, FAT16 and FAT32 with long names.
///
/// Nothing is kept but the boot sector: the device below is expected to have a cache.
public final class FATFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>
  /// The label in the root directory; empty if there is none. The one in the boot sector does not
  /// count, as for GRUB and blkid.
  public private(set) var label: ByteString
  private var storedLabel: ByteString

  let bootSector: BootSector

  /// Opens the file system on `volume`. Throws `FATError.notFAT` if there is none.
  public static func open(_ volume: Volume<Device>) throws(FATError) -> FATFileSystem {
    guard let system = try probe(volume) else { throw .notFAT }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one, or
  /// a relative of it, that can't be read.
  ///
  /// A boot sector without FAT's name may be anything: it counts only if all its fields are good
  /// and the table begins with the byte that they announce. Atari's have no signature either, and
  /// Linux asks for none.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(FATError) -> FATFileSystem? {
    let count = BootSector.byteCount
    guard volume.byteCount >= UInt64(count) else { return nil }
    let view: ByteView
    do { view = ByteView(try volume.read(at: 0, count: count)) } catch { throw .device(error) }
    if let name = BootSector.relative(view) { throw .unsupportedFormat(name) }
    let system: FATFileSystem
    do throws(FATError) {
      system = FATFileSystem(volume: volume, bootSector: try BootSector(view))
    } catch {
      if BootSector.isNamed(in: view) { throw error }
      return nil
    }
    if !BootSector.isNamed(in: view), try !system.tableBeginsWithMedia() { return nil }
    try system.readLabel()
    return system
  }

  private init(volume: Volume<Device>, bootSector: BootSector) {
    self.volume = volume
    self.bootSector = bootSector
    label = ""
    storedLabel = ""
  }

  /// `fat`, whatever its kind.
  public static var readerName: ByteString { "fat" }

  /// `fat12`, `fat16` or `fat32`.
  public var formatName: ByteString { bootSector.kind.name }

  /// The serial number, `XXXX-XXXX`.
  public var uuid: ByteString { bootSector.serial }

  /// The label as it is stored, which is how GRUB and blkid give it.
  public var otherLabels: [ByteString] { [storedLabel] }

  /// The root directory.
  public func root() throws(FATError) -> FATNode { FATNode(rootCluster: bootSector.rootCluster) }

  /// The node that `name` leads to, in any case of letters, by its long or its short name.
  public func lookUp(_ name: ByteString, in directory: FATNode) throws(FATError) -> FATNode? {
    if name == "." { return directory }
    let isRoot = directory.firstCluster == bootSector.rootCluster
    if name == "..", isRoot { return directory }
    let folded = CaseFolding.fold(name)
    var reader = try DirectoryReader(directory, in: self)
    while let entry = try reader.next() {
      guard CaseFolding.fold(entry.name) == folded || CaseFolding.fold(entry.shortName) == folded
      else { continue }
      // The root has the number 0 where it is a parent.
      let isParentRoot = name == ".." && entry.node.firstCluster == 0
      return isParentRoot ? try root() : entry.node
    }
    return nil
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: FATNode, _ visit: (ByteString, FATNode) -> Bool
  ) throws(FATError) {
    var reader = try DirectoryReader(directory, in: self)
    while let entry = try reader.next() {
      if entry.name == "." || entry.name == ".." { continue }
      guard visit(entry.name, entry.node) else { return }
    }
  }

  /// What the entry says. FAT has no permissions but read-only; directories have no size.
  public func attributes(of node: FATNode) throws(FATError) -> NodeAttributes {
    NodeAttributes(
      kind: node.isDirectory ? .directory : .file,
      byteCount: node.isDirectory ? 0 : UInt64(node.byteCount),
      mode: node.isReadOnly ? 0o555 : 0o755, modificationTime: node.modificationTime)
  }

  /// Throws: FAT has no symbolic links.
  public func linkTarget(of node: FATNode) throws(FATError) -> ByteString {
    throw .notALink(first: node.firstCluster)
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: FATNode) throws(FATError) -> [Extent] {
    guard !node.isDirectory else { throw .notAFile(first: node.firstCluster) }
    let byteCount = UInt64(node.byteCount)
    if byteCount == 0 { return [] }
    let first = node.firstCluster
    let size = bootSector.clusterByteCount
    let count = (byteCount + size - 1) / size
    guard count <= UInt64(bootSector.clusterCount) else {
      throw .badSize(first: first, byteCount: byteCount)
    }
    var runs = ExtentRuns()
    var chain = try ClusterChain(first, in: self)
    var rest = byteCount
    while true {
      let here = min(rest, size)
      try append(chain.cluster, here, of: first, to: &runs)
      rest -= here
      if rest == 0 { return runs.extents }
      guard try chain.advance() else { throw .chainTooShort(first: first, byteCount: byteCount) }
    }
  }

  private func tableBeginsWithMedia() throws(FATError) -> Bool {
    let start = bootSector.tableByteOffset
    guard start < volume.byteCount else { return false }
    return try bytes(at: start, count: 1).u8(at: 0) == bootSector.media
  }

  /// Takes the label of the root directory, if that can be read.
  private func readLabel() throws(FATError) {
    do throws(FATError) {
      var reader = try DirectoryReader(root(), in: self)
      while reader.label == nil, try reader.next() != nil {}
      label = reader.label ?? ""
      storedLabel = reader.storedLabel
    } catch {
      if case .device = error { throw error }
    }
  }
}
