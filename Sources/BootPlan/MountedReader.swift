// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// Whichever reader knows what is on a volume, as one reader (decision 0055). What walks paths and
/// reads files is compiled for this one, and not once for each format. The methods here stand for
/// those of `ReaderAdapter`, the only subclass.
class MountedReader: FileSystem {
  typealias Node = MountedNode
  typealias Failure = BootError

  /// The format's name.
  final let formatName: ByteString
  /// The volume's label; empty if none.
  final let label: ByteString
  /// The volume's identifier; empty if none.
  final let uuid: ByteString

  /// A reader with what is asked of it most.
  init(formatName: ByteString, label: ByteString, uuid: ByteString) {
    self.formatName = formatName
    self.label = label
    self.uuid = uuid
  }

  /// The directory that `/` stands for.
  func root() throws(BootError) -> MountedNode { preconditionFailure() }

  // What `MountableFileSystem` says of each.
  var otherLabels: [ByteString] { preconditionFailure() }
  var otherUUIDs: [ByteString] { preconditionFailure() }
  var remark: ByteString? { preconditionFailure() }
  var needsRecovery: Bool { preconditionFailure() }
  var facts: [ByteString] { preconditionFailure() }
  var details: [ByteString] { preconditionFailure() }
  var writeObstacle: ByteString? { preconditionFailure() }
  var opticalImage: OpticalImage? { preconditionFailure() }
  func emptyCache() { preconditionFailure() }

  /// The node that `name` leads to in `directory`; nil if there is none.
  final func lookUp(
    _ name: ByteString, in directory: MountedNode
  ) throws(BootError) -> MountedNode? { try directory.lookUp(name) }

  /// Goes through the entries of `directory` without `.` and `..`, until `visit` gives false.
  final func visitEntries(
    of directory: MountedNode, _ visit: (ByteString, MountedNode) -> Bool
  ) throws(BootError) { try directory.visitEntries(visit) }

  /// What `node` is.
  final func attributes(of node: MountedNode) throws(BootError) -> NodeAttributes {
    try node.attributes()
  }

  /// The path that the symbolic link `node` holds.
  final func linkTarget(of node: MountedNode) throws(BootError) -> ByteString {
    try node.linkTarget()
  }

  /// Where the contents of the file `node` are on the volume.
  final func extents(of node: MountedNode) throws(BootError) -> [Extent] { try node.extents() }
}

/// One format's reader.
final class ReaderAdapter<System: MountableFileSystem>: MountedReader {
  private let system: System

  /// The reader `system`, for any code that asks for none in particular.
  init(_ system: System) {
    self.system = system
    super.init(formatName: system.formatName, label: system.label, uuid: system.uuid)
  }

  override func root() throws(BootError) -> MountedNode {
    do throws(System.Failure) { return ReaderNode(try system.root(), of: system) } catch {
      throw BootError(error)
    }
  }

  override var otherLabels: [ByteString] { system.otherLabels }
  override var otherUUIDs: [ByteString] { system.otherUUIDs }
  override var remark: ByteString? { system.remark }
  override var needsRecovery: Bool { system.needsRecovery }
  override var facts: [ByteString] { system.facts }
  override var details: [ByteString] { system.details }
  override var writeObstacle: ByteString? { system.writeObstacle }
  override var opticalImage: OpticalImage? { system.opticalImage }
  override func emptyCache() { system.emptyCache() }
}

extension MountableFileSystem {
  /// This reader for `volume`; nil if it sees no sign of its format there.
  @inline(never)
  static func mount(_ volume: Volume<Device>) throws(BootError) -> MountedReader? {
    do throws(Failure) {
      guard let system = try probe(volume) else { return nil }
      return ReaderAdapter(system)
    } catch {
      // A volume that can't be read says nothing about what is on it.
      guard error.family != .device else { throw BootError(error).at(volume.name) }
      throw BootError(error).at("\(volume.name): \(readerName)")
    }
  }
}
