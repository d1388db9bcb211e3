// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What an item is found by, 17 bytes (`struct btrfs_disk_key`).
struct TreeKey: Equatable, Comparable {
  static let byteCount = 17

  /// The inode, the tree or whatever the item is about.
  var object: UInt64
  /// An `ItemType`.
  var type: UInt8
  /// What this is depends on the type.
  var offset: UInt64

  init(_ object: UInt64, _ type: UInt8, _ offset: UInt64) {
    self.object = object
    self.type = type
    self.offset = offset
  }

  /// The key at `offset`; nil past the view's end.
  init?(_ view: ByteView, at offset: Int) {
    guard let object = view.u64(at: offset), let type = view.u8(at: offset + 8),
      let last = view.u64(at: offset + 9)
    else { return nil }
    self.init(object, type, last)
  }

  static func < (left: TreeKey, right: TreeKey) -> Bool {
    if left.object != right.object { return left.object < right.object }
    if left.type != right.type { return left.type < right.type }
    return left.offset < right.offset
  }
}

/// The types of items that are read (Linux, include/uapi/linux/btrfs_tree.h).
enum ItemType {
  static let inode: UInt8 = 1
  static let inodeReference: UInt8 = 12
  static let directoryItem: UInt8 = 84
  static let directoryIndex: UInt8 = 96
  static let fileExtent: UInt8 = 108
  static let root: UInt8 = 132
  static let rootBackReference: UInt8 = 144
  static let chunk: UInt8 = 228
}

/// The numbers of trees that are known.
enum TreeID {
  static let roots: UInt64 = 1
  static let chunks: UInt64 = 3
  /// The subvolume that holds all others.
  static let topLevel: UInt64 = 5

  /// Whether `tree` can be a subvolume: the first, or one made later.
  static func isSubvolume(_ tree: UInt64) -> Bool {
    tree == topLevel || (tree >= 256 && tree <= 0 &- 256)
  }

  /// The inode of the directory at the top of each subvolume.
  static let topDirectory: UInt64 = 256
  /// What the items of the tree of chunks are about.
  static let firstChunk: UInt64 = 256
}

/// Where a tree begins.
struct TreeRoot {
  let tree: UInt64
  let logical: UInt64
  /// 0 if the root is a leaf.
  let level: Int
  let generation: UInt64
}
