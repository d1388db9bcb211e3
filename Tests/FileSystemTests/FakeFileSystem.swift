// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// What can go wrong in a `FakeFileSystem`.
enum FakeFailure: BootFailure {
  case broken
  var family: FailureFamily { .corrupt }
  var message: ByteString { "broken" }
}

/// A file system that is a list of paths.
struct FakeFileSystem: FileSystem {
  enum Contents {
    case directory
    case file([Extent])
    case link(ByteString)
    case broken
  }

  typealias Node = ByteString
  typealias Failure = FakeFailure

  /// Paths without a slash at the end; the root is the empty path.
  var nodes: [(path: ByteString, contents: Contents)] = [("", .directory)]

  var formatName: ByteString { "fake" }
  var label: ByteString { "" }
  var uuid: ByteString { "" }

  func root() -> ByteString { "" }

  func lookUp(_ name: ByteString, in directory: ByteString) -> ByteString? {
    let path = directory + "/" + name
    return nodes.contains { $0.path == path } ? path : nil
  }

  func visitEntries(of directory: ByteString, _ visit: (ByteString, ByteString) -> Bool) {}

  func attributes(of node: ByteString) throws(FakeFailure) -> NodeAttributes {
    var result = NodeAttributes(kind: .directory, byteCount: 0, mode: 0o755, modificationTime: 0)
    switch contents(node) {
    case .directory: break
    case .file(let extents):
      result.kind = .file
      result.byteCount = extents.reduce(0) { $0 + $1.byteCount }
    case .link: result.kind = .symbolicLink
    case .broken: throw .broken
    }
    return result
  }

  func linkTarget(of node: ByteString) throws(FakeFailure) -> ByteString {
    guard case .link(let target) = contents(node) else { throw .broken }
    return target
  }

  func extents(of node: ByteString) throws(FakeFailure) -> [Extent] {
    guard case .file(let extents) = contents(node) else { throw .broken }
    return extents
  }

  private func contents(_ node: ByteString) -> Contents {
    nodes.first { $0.path == node }?.contents ?? .broken
  }
}
