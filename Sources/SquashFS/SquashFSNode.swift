// SPDX-License-Identifier: GPL-2.0-or-later

/// A file of a SquashFS: where its inode is.
public struct SquashFSNode: Sendable {
  let reference: InodeReference
  /// The directory that it was found in; nil for the root. An inode knows its parent's number only,
  /// and a table that leads from numbers to inodes may be left out.
  let above: SquashFSParent?

  /// `..`, which for the root is the root itself.
  var parent: SquashFSNode { above?.node ?? self }
}

/// A directory that others were found in. Each has the one above it, as deep as a path leads.
final class SquashFSParent: Sendable {
  let node: SquashFSNode

  init(_ node: SquashFSNode) { self.node = node }
}
