// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import FileSystem

/// One name in a directory.
public struct DirectoryEntry<Node> {
  /// The name, without slashes.
  public let name: ByteString
  /// What it leads to.
  public let node: Node
}

extension FileSystem {
  /// The entries of a directory as a list, which only tests make.
  public func entries(of directory: Node) throws(Failure) -> [DirectoryEntry<Node>] {
    var result: [DirectoryEntry<Node>] = []
    try visitEntries(of: directory) { name, node in
      result.append(DirectoryEntry(name: name, node: node))
      return true
    }
    return result
  }
}
