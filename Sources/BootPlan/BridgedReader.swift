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

  override func visitEntries(
    _ visit: (ByteString, MountedNode) -> Bool
  ) throws(BootError) {
    // Names of ISO 9660 alone are in capitals.
    let others = KnownNames(second)
    var known = KnownNames()
    var failure: BootError?
    var goesOn = true
    try first.visitEntries { name, node in
      known.add(name, node)
      do throws(BootError) {
        var other = others.node(name)
        if other == nil, !others.isComplete { other = try? second.lookUp(name) }
        var found = node
        if let other { found = try Self.merged(node, other) }
        goesOn = visit(name, found)
      } catch {
        failure = error
        goesOn = false
      }
      return goesOn
    }
    if let failure { throw failure }
    guard goesOn else { return }
    known.close()
    // What is wrong with the second does not matter.
    try? second.visitEntries { name, node in
      if known.node(name) != nil { return true }
      if !known.isComplete, (try? first.lookUp(name)) != nil { return true }
      return visit(name, node)
    }
  }

  override func attributes() throws(BootError) -> NodeAttributes { try first.attributes() }

  override func linkTarget() throws(BootError) -> ByteString { try first.linkTarget() }

  override func extents() throws(BootError) -> [Extent] { try first.extents() }
}

/// The names of a directory in small letters with what they lead to, up to
/// `BridgeLimits.nameCount`; those after them have to be looked up.
private struct KnownNames {
  private var names: [ByteString] = []
  private var nodes: [MountedNode] = []
  private var index = NameIndex([ByteString]())
  /// Whether these are all.
  private(set) var isComplete = true

  init() {}

  /// The names of a directory; none if it can't be read.
  init(_ directory: MountedNode) {
    do throws(BootError) {
      try directory.visitEntries { name, node in
        add(name, node)
        return isComplete
      }
    } catch {
      self = KnownNames()
    }
    close()
  }

  mutating func add(_ name: ByteString, _ node: MountedNode) {
    guard names.count < BridgeLimits.nameCount else {
      isComplete = false
      return
    }
    names.append(name.lowercased)
    nodes.append(node)
  }

  /// Puts the names in order, after the last was added.
  mutating func close() { index = NameIndex(names) }

  func node(_ name: ByteString) -> MountedNode? {
    index.index(of: name.lowercased).map { nodes[$0] }
  }
}

/// Sizes that a directory of two file systems may have.
enum BridgeLimits {
  /// How many names of a directory are kept, to find those that are in both; an installation disk
  /// has 1,000 in its largest one.
  static let nameCount = 1 << 13
}
