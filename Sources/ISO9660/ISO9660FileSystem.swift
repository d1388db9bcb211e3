// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
public import FileSystem

/// A reader of ISO 9660 (ECMA-119) with Rock Ridge and Joliet.
///
/// Nothing is kept but the descriptors: the device below is expected to have a cache.
public final class ISO9660FileSystem<Device: BlockDevice>: MountableFileSystem {
  /// Where the file system is.
  public let volume: Volume<Device>
  /// Whether the volume has a UDF file system too, which is passed over.
  public let hasUDF: Bool

  let descriptors: VolumeDescriptorSet
  /// Where names come from.
  let nameKind: NameKind
  let rules: SystemUseRules
  /// Of the descriptor whose tree is read.
  let blockByteCount: UInt64

  private let rootRecord: DirectoryRecord

  /// Opens the file system on `volume`. Throws `ISO9660Error.notISO9660` if there is none.
  public static func open(_ volume: Volume<Device>) throws(ISO9660Error) -> ISO9660FileSystem {
    guard let system = try probe(volume) else { throw .notISO9660 }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no sign of one. Throws if there is one
  /// that can't be read.
  @inline(never)
  public static func probe(_ volume: Volume<Device>) throws(ISO9660Error) -> ISO9660FileSystem? {
    guard let descriptors = try VolumeDescriptorSet(on: volume) else { return nil }
    return try ISO9660FileSystem(volume, descriptors)
  }

  /// Takes Rock Ridge before Joliet before plain names, as Linux does.
  private init(
    _ volume: Volume<Device>, _ descriptors: VolumeDescriptorSet
  ) throws(ISO9660Error) {
    self.volume = volume
    self.descriptors = descriptors
    hasUDF = descriptors.hasUDF
    let primary = descriptors.primary
    let primaryRoot = Result { () throws(ISO9660Error) in
      try Self.selfRecord(
        of: primary.root, at: .descriptor(sector: primary.sector), on: volume)
    }
    var sharing: SystemUseRules?
    switch primaryRoot {
    case .success(let record):
      sharing = try Self.rockRidgeRules(
        of: record, blockByteCount: primary.blockByteCount, on: volume)
    // A read error is no reason to take another tree.
    case .failure(let error): if case .device = error { throw error }
    }
    rules = sharing ?? SystemUseRules()
    if sharing == nil, let joliet = descriptors.joliet {
      nameKind = .joliet
      blockByteCount = joliet.blockByteCount
      rootRecord = try Self.selfRecord(
        of: joliet.root, at: .descriptor(sector: joliet.sector), on: volume)
      return
    }
    nameKind = sharing == nil ? .plain : .rockRidge
    blockByteCount = primary.blockByteCount
    rootRecord = try primaryRoot.get()
  }

  /// `iso9660`.
  public static var readerName: ByteString { "iso9660" }

  /// `iso9660`.
  public var formatName: ByteString { "iso9660" }

  /// The label as blkid gives it: Joliet's, which has 16 characters at most, with the rest of the
  /// primary descriptor's if both begin alike.
  public var label: ByteString {
    let primary = descriptors.primary.label
    guard let joliet = descriptors.joliet?.jolietUnits, !joliet.isEmpty else { return primary }
    return UTF16Text.decode(JoinedLabel.units(joliet, primary: primary.bytes) ?? joliet)
  }

  /// Both labels: GRUB takes the primary descriptor's with Rock Ridge, and Joliet's without.
  public var otherLabels: [ByteString] {
    [descriptors.primary.label, UTF16Text.decode(descriptors.joliet?.jolietUnits ?? [])]
  }

  /// The time of the last change, or of the making, as `YYYY-MM-DD-hh-mm-ss-hh`.
  public var uuid: ByteString { descriptors.primary.uuid }

  /// The size in bytes that the volume says it has, by which nothing is refused, and the place of
  /// its descriptors.
  public var opticalImage: OpticalImage? {
    OpticalImage(
      byteCount: descriptors.primary.volumeByteCount,
      descriptorByteOffset: VolumeDescriptorSet.firstSector * UInt64(VolumeDescriptor.byteCount))
  }

  /// What an administrator should know; nil if nothing.
  public var remark: ByteString? { hasUDF ? "its UDF file system is passed over" : nil }

  /// The root directory's record of itself.
  public func root() throws(ISO9660Error) -> ISO9660Node { ISO9660Node(rootRecord) }

  /// The node that `name` leads to. Without Rock Ridge, a name that differs only in the case of
  /// ASCII letters will do if there is no better one.
  public func lookUp(
    _ name: ByteString, in directory: ISO9660Node
  ) throws(ISO9660Error) -> ISO9660Node? {
    let directory = try resolved(directory)
    if name == "." { return directory }
    if name == ".." { return try parent(of: directory) }
    let folded = name.lowercased
    var similar: ISO9660Node?
    var reader = try reader(of: directory)
    while let records = try reader.nextFile() {
      guard let node = ISO9660Node(records), let found = try self.name(of: node) else { continue }
      if found == name { return node }
      if nameKind != .rockRidge, similar == nil, found.lowercased == folded { similar = node }
    }
    return similar
  }

  /// Goes through the entries in the order they are stored.
  public func visitEntries(
    of directory: ISO9660Node, _ visit: (ByteString, ISO9660Node) -> Bool
  ) throws(ISO9660Error) {
    var reader = try reader(of: try resolved(directory))
    while let records = try reader.nextFile() {
      guard let node = ISO9660Node(records), let name = try name(of: node) else { continue }
      guard visit(name, node) else { return }
    }
  }

  /// What Rock Ridge says of the node; without it all is readable and nothing writable.
  public func attributes(of node: ISO9660Node) throws(ISO9660Error) -> NodeAttributes {
    let node = try resolved(node)
    let ridge = try rockRidge(of: node.record)
    let kind = kind(of: node.record, ridge)
    let byteCount: UInt64
    switch kind {
    case .symbolicLink: byteCount = UInt64(try linkTarget(of: node).count)
    case .special: byteCount = 0
    case .file:
      if let compression = ridge.compression {
        byteCount = compression.byteCount
      } else {
        byteCount = try storedByteCount(of: node)
      }
    case .directory: byteCount = try storedByteCount(of: node)
    }
    return NodeAttributes(
      kind: kind, byteCount: byteCount,
      mode: UInt16(truncatingIfNeeded: (ridge.mode ?? 0o555) & 0xfff),
      modificationTime: ridge.modificationTime ?? node.record.modificationTime)
  }

  /// The target, from the entries of Rock Ridge.
  public func linkTarget(of node: ISO9660Node) throws(ISO9660Error) -> ByteString {
    let place = node.record.place
    guard kind(of: node.record, try rockRidge(of: node.record)) == .symbolicLink else {
      throw .notALink(place)
    }
    var link = SymbolicLink()
    var reader = systemUse(of: node.record)
    while let entry = try reader.nextEntry() {
      // Components may be empty, and an entry has a hundred of them.
      do { try volume.work.pay(.comparisons, 2 * entry.data.count) } catch { throw .device(error) }
      try link.take(entry)
    }
    return try link.finish(place)
  }

  /// Where the file's contents are on the volume.
  public func extents(of node: ISO9660Node) throws(ISO9660Error) -> [Extent] {
    let place = node.record.place
    let ridge = try rockRidge(of: node.record)
    guard kind(of: node.record, ridge) == .file, ridge.childBlock == nil else {
      throw .notAFile(place)
    }
    if ridge.isSparse { throw .unsupportedFile(place, feature: "holes (Rock Ridge SF)") }
    if let file = ridge.compression { return try unpackedExtents(of: node, file) }
    return try storedExtents(of: node)
  }
}
