// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// What an entry of a directory leads to.
struct DirectoryTarget: Equatable {
  let inode: BtrfsInode
  let isDirectory: Bool
}

/// A name in a directory.
struct DirectoryRecord {
  let name: ByteString
  let target: DirectoryTarget
}

/// A directory: each name has an item whose key is the name's hash, and one whose key is a number
/// that rises with each name made.
struct Directory<Device: BlockDevice> {
  private let system: BtrfsFileSystem<Device>
  private let inode: BtrfsInode
  private let root: TreeRoot

  /// The directory `inode` of a subvolume.
  init(_ inode: BtrfsInode, in system: BtrfsFileSystem<Device>) throws(BtrfsError) {
    let root = try system.subvolume(inode.tree)
    guard try system.inodeItem(inode).kind == .directory else { throw .notADirectory(inode.place) }
    self.init(inode, root, in: system)
  }

  /// The directory `inode` in the tree that begins at `root`.
  init(_ inode: BtrfsInode, _ root: TreeRoot, in system: BtrfsFileSystem<Device>) {
    self.system = system
    self.inode = inode
    self.root = root
  }

  /// What `name` leads to. Names with the same hash are in the same item.
  func lookUp(_ name: ByteString) throws(BtrfsError) -> DirectoryTarget? {
    guard !name.isEmpty, name.count <= BtrfsLimits.nameByteCount else { return nil }
    // CRC-32C without inversion (`btrfs_name_hash`).
    let hash = UInt64(CRC32.castagnoli.update(~1, name.bytes))
    let key = TreeKey(inode.inode, ItemType.directoryItem, hash)
    guard let item = try system.item(key, in: root) else { return nil }
    for record in try records(of: item) where record.name == name { return record.target }
    return nil
  }

  /// Goes through all names in the order they were made, until `visit` gives false; gives what that
  /// gave last.
  @inline(never)
  func visitRecords(
    _ visit: (DirectoryRecord) throws(BtrfsError) -> Bool
  ) throws(BtrfsError) -> Bool {
    var cursor = try TreeCursor(
      system, root, from: TreeKey(inode.inode, ItemType.directoryIndex, 0))
    // Ends with the tree.
    while let item = try cursor.next(), item.key.object == inode.inode,
      item.key.type == ItemType.directoryIndex
    {
      for record in try records(of: item) {
        guard try visit(record) else { return false }
      }
    }
    return true
  }

  /// The directory in which this one is: the key of the inode's reference says so, and for the top
  /// of a subvolume the tree of roots. The top-level subvolume's is itself.
  func parent() throws(BtrfsError) -> BtrfsInode {
    guard inode.inode == TreeID.topDirectory else {
      guard let item = try system.firstItem(inode.inode, ItemType.inodeReference, in: root) else {
        throw .missingInode(inode.place)
      }
      return BtrfsInode(tree: inode.tree, inode: item.key.offset)
    }
    if inode.tree == TreeID.topLevel { return inode }
    guard
      let item = try system.firstItem(
        inode.tree, ItemType.rootBackReference, in: system.superblock.rootTree),
      let directory = item.data.u64(at: 0)
    else { throw .missingTree(inode.tree) }
    return BtrfsInode(tree: item.key.offset, inode: directory)
  }

  /// The entries in an item: each a key, 8 bytes that do not matter here, the sizes of data and
  /// name, a type, the name and the data (`struct btrfs_dir_item`).
  private func records(of item: TreeItem) throws(BtrfsError) -> [DirectoryRecord] {
    var result: [DirectoryRecord] = []
    var offset = 0
    // Ends: each turn goes on by 30 bytes at least, in an item that is inside a node.
    while offset < item.data.count {
      guard let location = TreeKey(item.data, at: offset),
        let dataByteCount = item.data.u16(at: offset + 25),
        let nameByteCount = item.data.u16(at: offset + 27),
        let type = item.data.u8(at: offset + 29),
        nameByteCount > 0, Int(nameByteCount) <= BtrfsLimits.nameByteCount,
        let name = item.data.string(at: offset + 30, count: Int(nameByteCount)),
        !name.bytes.contains(ASCII.slash), !name.bytes.contains(0),
        let target = target(of: location, type: type)
      else { throw .badDirectoryEntry(inode.place, index: item.key.offset) }
      try system.pay(.names)
      if type & 0x80 != 0 { throw .unsupportedFile(inode.place, feature: "encryption") }
      result.append(DirectoryRecord(name: name, target: target))
      offset += 30 + Int(nameByteCount) + Int(dataByteCount)
    }
    return result
  }

  /// Type 2 is a directory. The key of an entry is that of an inode, or the root of a subvolume.
  private func target(of location: TreeKey, type: UInt8) -> DirectoryTarget? {
    switch location.type {
    case ItemType.inode:
      DirectoryTarget(
        inode: BtrfsInode(tree: inode.tree, inode: location.object), isDirectory: type == 2)
    case ItemType.root:
      DirectoryTarget(inode: .top(of: location.object), isDirectory: true)
    default: nil
    }
  }
}
