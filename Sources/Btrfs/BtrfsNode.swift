// SPDX-License-Identifier: GPL-2.0-or-later

/// An inode of a subvolume.
public struct BtrfsInode: Equatable, Sendable {
  /// The subvolume's number.
  public let tree: UInt64
  /// The inode's number, which only counts in its subvolume.
  public let inode: UInt64

  /// The inode `inode` of the subvolume `tree`.
  public init(tree: UInt64, inode: UInt64) {
    self.tree = tree
    self.inode = inode
  }

  /// The directory at the top of a subvolume.
  static func top(of tree: UInt64) -> BtrfsInode {
    BtrfsInode(tree: tree, inode: TreeID.topDirectory)
  }

  var place: BtrfsStructure { .inode(tree: tree, inode: inode) }
}

/// A name of a file in a btrfs file system.
///
/// Paths mean the top-level subvolume, and where that has no such name, the default subvolume
/// (decision 0039). A directory that has the same path in both stands for both.
public struct BtrfsNode: Equatable, Sendable {
  /// What the name leads to.
  public let inode: BtrfsInode
  /// For a directory the one of the default subvolume with the same path, if there is one.
  public let under: BtrfsInode?

  /// A node of one inode, or of a directory and another one under it.
  public init(_ inode: BtrfsInode, under: BtrfsInode? = nil) {
    self.inode = inode
    self.under = under
  }
}
