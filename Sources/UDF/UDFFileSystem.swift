// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A file or a directory: where its file entry is.
public struct UDFNode {
  let address: BlockAddress
}

/// A reader of UDF 1.02 to 2.60 (ECMA-167, third edition).
///
/// Nothing is kept but the volume's descriptors and tables: the device below is expected to have a
/// cache. What is read is checked by the checksums that it has.
public final class UDFFileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>

  let structure: VolumeStructure
  let partitions: PartitionSet<Device>
  private let rootAddress: BlockAddress

  /// Opens the file system on `volume`. Throws `UDFError.notUDF` if there is none.
  public static func open(_ volume: Volume<Device>) throws(UDFError) -> UDFFileSystem {
    guard let system = try probe(volume) else { throw .notUDF }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one
  /// that can't be read.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(UDFError) -> UDFFileSystem? {
    guard try VolumeRecognition.announcesUDF(volume) else { return nil }
    return try UDFFileSystem(volume, try VolumeStructure.read(volume))
  }

  private init(_ volume: Volume<Device>, _ structure: VolumeStructure) throws(UDFError) {
    self.volume = volume
    self.structure = structure
    partitions = try PartitionSet(volume, structure)
    guard let fileSet = LongExtent(structure.logicalVolume, at: 248) else {
      throw .missingDescriptor("file set")
    }
    let place = fileSet.address.place
    let view = try partitions.block(fileSet.address)
    let tag = try DescriptorTag.check(view, at: place, location: fileSet.address.block)
    guard tag == DescriptorTag.fileSet, let root = LongExtent(view, at: 400) else {
      throw .badTag(place, expected: DescriptorTag.fileSet, found: tag)
    }
    rootAddress = root.address
  }

  /// `udf`.
  public static var readerName: ByteString { "udf" }

  /// `udf`.
  public var formatName: ByteString { "udf" }

  /// The identifier of the logical volume, which blkid and GRUB take for the label.
  public var label: ByteString { structure.label }

  /// The identifier of the volume, which tools let differ.
  public var otherLabels: [ByteString] { [structure.volumeIdentifier] }

  /// Made of the identifier of the volume set, as blkid and GRUB do.
  public var uuid: ByteString { structure.uuid }

  /// The size of a block, and the revision.
  public var facts: [ByteString] {
    let revision = structure.revision
    let minor: ByteString = "\(revision >> 4 & 15)\(revision & 15)"
    return [
      "blocks of \(structure.sectorByteCount) bytes, revision \(revision >> 8).\(minor)"
    ]
  }

  /// The size in bytes up to the end of the last partition, and the place of the structures that
  /// announce it.
  public var opticalImage: OpticalImage? {
    var end: UInt64 = 0
    for partition in structure.partitions {
      end = max(end, partition.firstSector + partition.sectorCount)  // Both under 2^32.
    }
    return OpticalImage(
      byteCount: end * structure.sectorByteCount,
      descriptorByteOffset: VolumeRecognition.firstByte)
  }

  /// The root directory.
  public func root() throws(UDFError) -> UDFNode { UDFNode(address: rootAddress) }

  /// The node that `name` leads to.
  public func lookUp(_ name: ByteString, in directory: UDFNode) throws(UDFError) -> UDFNode? {
    if name == "." { return directory }
    var reader = try reader(of: directory)
    while let found = try reader.next() {
      if found.name == name { return UDFNode(address: found.address) }
    }
    return nil
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: UDFNode, _ visit: (ByteString, UDFNode) -> Bool
  ) throws(UDFError) {
    var reader = try reader(of: directory)
    while let found = try reader.next() {
      if found.isParent { continue }
      guard visit(found.name, UDFNode(address: found.address)) else { return }
    }
  }

  private func reader(of directory: UDFNode) throws(UDFError) -> DirectoryReader<Device> {
    let entry = try partitions.fileEntry(at: directory.address)
    guard entry.kind == .directory else { throw .notADirectory(directory.address.place) }
    guard entry.byteCount <= UDFLimits.directoryByteCount else {
      throw .directoryTooLarge(entry.address.place, byteCount: entry.byteCount)
    }
    return try DirectoryReader(
      try partitions.extents(of: entry), byteCount: Int(entry.byteCount), on: volume,
      block: directory.address.block)
  }

  /// What the file entry says.
  public func attributes(of node: UDFNode) throws(UDFError) -> NodeAttributes {
    let entry = try partitions.fileEntry(at: node.address)
    guard let kind = entry.kind else {
      throw .badField(node.address.place, field: "type of the file", value: UInt64(entry.type))
    }
    return NodeAttributes(
      kind: kind, byteCount: kind == .special ? 0 : entry.byteCount, mode: entry.mode,
      modificationTime: entry.modificationTime)
  }

  /// The target, from its components.
  public func linkTarget(of node: UDFNode) throws(UDFError) -> ByteString {
    let entry = try partitions.fileEntry(at: node.address)
    guard entry.kind == .symbolicLink else { throw .notALink(node.address.place) }
    guard entry.byteCount <= UDFLimits.linkByteCount,
      let target = SymbolicLink.target(
        try partitions.contents(of: entry, limit: UDFLimits.linkByteCount))
    else { throw .badLink(node.address.place) }
    return target
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: UDFNode) throws(UDFError) -> [Extent] {
    let entry = try partitions.fileEntry(at: node.address)
    guard entry.kind == .file else { throw .notAFile(node.address.place) }
    return try partitions.extents(of: entry)
  }
}
