// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// A file, a directory or a link, whichever reader it belongs to. It asks that reader itself, so
/// nobody has to find out which one that is. The methods here stand for those of `ReaderNode`, the
/// only subclass.
class MountedNode {
  /// The node that `name` leads to in this directory; nil if there is none.
  func lookUp(_ name: ByteString) throws(BootError) -> MountedNode? { preconditionFailure() }

  /// Goes through the entries of this directory without `.` and `..`, until `visit` gives false.
  func visitEntries(
    _ visit: (ByteString, MountedNode) -> Bool
  ) throws(BootError) { preconditionFailure() }

  /// What it is.
  func attributes() throws(BootError) -> NodeAttributes { preconditionFailure() }

  /// The path that this symbolic link holds.
  func linkTarget() throws(BootError) -> ByteString { preconditionFailure() }

  /// Where the contents of this file are on the volume.
  func extents() throws(BootError) -> [Extent] { preconditionFailure() }
}

/// A node of one reader, whose errors become `BootError` here.
final class ReaderNode<System: FileSystem>: MountedNode {
  private let node: System.Node
  private let system: System

  /// A node of `system`.
  init(_ node: System.Node, of system: System) {
    self.node = node
    self.system = system
  }

  override func lookUp(_ name: ByteString) throws(BootError) -> MountedNode? {
    do throws(System.Failure) {
      guard let found = try system.lookUp(name, in: node) else { return nil }
      return ReaderNode(found, of: system)
    } catch { throw BootError(error) }
  }

  override func visitEntries(
    _ visit: (ByteString, MountedNode) -> Bool
  ) throws(BootError) {
    do throws(System.Failure) {
      try system.visitEntries(of: node) { name, node in visit(name, ReaderNode(node, of: system)) }
    } catch { throw BootError(error) }
  }

  override func attributes() throws(BootError) -> NodeAttributes {
    do throws(System.Failure) { return try system.attributes(of: node) } catch {
      throw BootError(error)
    }
  }

  override func linkTarget() throws(BootError) -> ByteString {
    do throws(System.Failure) { return try system.linkTarget(of: node) } catch {
      throw BootError(error)
    }
  }

  override func extents() throws(BootError) -> [Extent] {
    do throws(System.Failure) { return try system.extents(of: node) } catch {
      throw BootError(error)
    }
  }
}
