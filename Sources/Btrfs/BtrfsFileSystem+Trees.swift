// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension BtrfsFileSystem {
  /// The node that `pointer` leads to: the first copy that can be read and is what it must be. If
  /// none is, what is wrong with the first.
  func node(_ pointer: NodePointer) throws(BtrfsError) -> TreeNode {
    try pay(.lookups)
    if let node = cache.find(pointer) { return node }
    var failure: BtrfsError?
    for copy in 0..<(try chunks.copyCount(at: pointer.logical)) {
      do throws(BtrfsError) {
        let node = try node(pointer, copy: copy)
        cache.insert(node)
        return node
      } catch {
        // An error on a device says more than that another device is missing.
        if case .absentDevice = error, failure != nil { continue }
        if case .absentDevice? = failure { failure = error }
        if failure == nil { failure = error }
      }
    }
    throw failure ?? .unmapped(logical: pointer.logical)
  }

  private func node(_ pointer: NodePointer, copy: Int) throws(BtrfsError) -> TreeNode {
    let byteCount = superblock.nodeByteCount
    var runs = ExtentRuns()
    // A node is in two units of 64 KiB at most.
    try chunks.appendRuns(
      at: pointer.logical, byteCount: UInt64(byteCount), copy: copy, to: &runs, countMax: 2,
      for: pointer.place, work: volume.work)
    var bytes: [UInt8] = []
    do throws(BlockError) {
      for case .run(let offset, let count) in runs.extents {
        // Parts of a node.
        let part = try volume.read(at: offset, count: Int(count))
        bytes = bytes.isEmpty ? part : bytes + part
      }
    } catch { throw .device(error) }
    let view = ByteView(bytes)
    // For the checksum, and the order of the keys.
    try pay(.copiedBytes, superblock.checksumType.costOfByte * view.count)
    try pay(.comparisons, min(view.count / 25, Int(view.u32(at: 0x60) ?? 0)))
    try superblock.checksumType.verify(view, at: pointer.place)
    return try TreeNode(view, pointer, metadataUUID: superblock.metadataUUID)
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(BtrfsError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  /// The item of exactly this key; nil if there is none.
  func item(_ key: TreeKey, in root: TreeRoot) throws(BtrfsError) -> TreeItem? {
    var cursor = try TreeCursor(self, root, from: key)
    guard let item = try cursor.next(), item.key == key else { return nil }
    return item
  }

  /// The first item about `object` with a type.
  func firstItem(
    _ object: UInt64, _ type: UInt8, in root: TreeRoot
  ) throws(BtrfsError) -> TreeItem? {
    var cursor = try TreeCursor(self, root, from: TreeKey(object, type, 0))
    guard let item = try cursor.next(), item.key.object == object, item.key.type == type else {
      return nil
    }
    return item
  }

  /// Where a subvolume's tree begins (`struct btrfs_root_item`, of which the first 239 bytes are
  /// always there).
  func subvolume(_ tree: UInt64) throws(BtrfsError) -> TreeRoot {
    guard TreeID.isSubvolume(tree),
      let item = try firstItem(tree, ItemType.root, in: superblock.rootTree)
    else { throw .missingTree(tree) }
    let place = BtrfsStructure.root(tree: tree)
    guard item.data.count >= 239, let generation = item.data.u64(at: 160),
      let directory = item.data.u64(at: 168), let logical = item.data.u64(at: 176),
      let level = item.data.u8(at: 238)
    else { throw .badField(place, field: "size", value: UInt64(item.data.count)) }
    guard Int(level) < BtrfsLimits.levelCount else {
      throw .badField(place, field: "level", value: UInt64(level))
    }
    guard directory == TreeID.topDirectory else {
      throw .badField(place, field: "root_dirid", value: directory)
    }
    return TreeRoot(tree: tree, logical: logical, level: Int(level), generation: generation)
  }

  /// The subvolume that the name `default` in the tree of roots leads to; the top-level one if
  /// there is no such name.
  func namedSubvolume() throws(BtrfsError) -> UInt64 {
    let names = BtrfsInode(tree: TreeID.roots, inode: superblock.rootDirectory)
    guard
      let target = try Directory(names, superblock.rootTree, in: self).lookUp("default")
    else { return TreeID.topLevel }
    // It has to be there.
    return try subvolume(target.inode.tree).tree
  }

  /// What the tree of a subvolume says about an inode.
  func inodeItem(_ inode: BtrfsInode) throws(BtrfsError) -> InodeItem {
    let key = TreeKey(inode.inode, ItemType.inode, 0)
    guard let item = try item(key, in: try subvolume(inode.tree)) else {
      throw .missingInode(inode.place)
    }
    return try InodeItem(item.data, inode)
  }
}
