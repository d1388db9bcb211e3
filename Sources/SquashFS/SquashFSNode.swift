// SPDX-License-Identifier: GPL-2.0-or-later

/// A file of a SquashFS: where its inode is.
public struct SquashFSNode: Sendable {
  let reference: InodeReference
  /// The directories on the way to it, the root first. An inode knows its parent's number only, and
  /// a table that leads from numbers to inodes may be left out.
  let ancestors: [InodeReference]

  /// `..`, which for the root is the root itself.
  var parent: SquashFSNode {
    guard let last = ancestors.last else { return self }
    return SquashFSNode(reference: last, ancestors: Array(ancestors.dropLast()))
  }
}
