// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// The two file systems of a disk that is a bridge: UDF and ISO 9660 over the same files, of which
/// either may have some that the other lacks. Installation media of Windows have one text in their
/// ISO 9660, files over 4 GiB are whole in UDF alone, and symbolic links of genisoimage are in
/// ISO 9660 alone. blkid and GRUB take UDF, so that comes first here too.
final class BridgedReader: MountedReader {
  private let first: MountedReader
  private let second: MountedReader

  /// Names of `first`, then those of `second`.
  init(_ first: MountedReader, _ second: MountedReader) {
    self.first = first
    self.second = second
    super.init(formatName: first.formatName, label: first.label, uuid: first.uuid)
  }

  override func root() throws(BootError) -> MountedNode {
    BridgedNode(try first.root(), try second.root())
  }

  override var otherLabels: [ByteString] {
    first.otherLabels + [second.label] + second.otherLabels
  }
  override var otherUUIDs: [ByteString] { [second.uuid] }
  override var remark: ByteString? { nil }
  override var needsRecovery: Bool { false }
  override var facts: [ByteString] { first.facts + second.facts }
  override var details: [ByteString] { first.details + second.details }
  override var writeObstacle: ByteString? { first.writeObstacle }
  override var opticalImage: OpticalImage? { first.opticalImage ?? second.opticalImage }
  override func emptyCache() {
    first.emptyCache()
    second.emptyCache()
  }
}

/// A directory of both file systems.
private final class BridgedNode: MountedNode {
  private let first: MountedNode
  private let second: MountedNode

  init(_ first: MountedNode, _ second: MountedNode) {
    self.first = first
    self.second = second
  }

  override func lookUp(_ name: ByteString) throws(BootError) -> MountedNode? {
    guard let one = try first.lookUp(name) else { return try second.lookUp(name) }
    // What is wrong with the second does not matter where the first is good.
    guard let other = try? second.lookUp(name) else { return one }
    return try Self.merged(one, other)
  }

  /// Two directories as one. Of two files the larger: what is over 4 GiB is cut in ISO 9660. Where
  /// ISO 9660 has a symbolic link, genisoimage has left an empty file in UDF.
  private static func merged(
    _ one: MountedNode, _ other: MountedNode
  ) throws(BootError) -> MountedNode {
    let attributes = try one.attributes()
    guard let others = try? other.attributes() else { return one }
    switch (attributes.kind, others.kind) {
    case (.directory, .directory): return BridgedNode(one, other)
    case (.file, .symbolicLink): return attributes.byteCount == 0 ? other : one
    case (.file, .file): return others.byteCount > attributes.byteCount ? other : one
    default: return one
    }
  }

  override func entries() throws(BootError) -> [DirectoryEntry<MountedNode>] {
    let entries = try first.entries()
    guard let others = try? second.entries() else { return entries }
    // Names of ISO 9660 alone are in capitals.
    let places = NameIndex(others.map { $0.name.lowercased })
    let known = NameIndex(entries.map { $0.name.lowercased })
    var result: [DirectoryEntry<MountedNode>] = []
    for entry in entries {
      guard let place = places.index(of: entry.name.lowercased) else {
        result.append(entry)
        continue
      }
      let node = try Self.merged(entry.node, others[place].node)
      result.append(DirectoryEntry(name: entry.name, node: node))
    }
    for other in others where known.index(of: other.name.lowercased) == nil {
      result.append(other)
    }
    return result
  }

  override func attributes() throws(BootError) -> NodeAttributes { try first.attributes() }

  override func linkTarget() throws(BootError) -> ByteString { try first.linkTarget() }

  override func extents() throws(BootError) -> [Extent] { try first.extents() }
}
