// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

@testable import Btrfs

extension ImageBuilder {
  /// A piece of a file.
  enum Piece {
    case inline([UInt8])
    /// Compression, packed bytes, how many unpack from them.
    case packedInline(UInt8, [UInt8], decoded: Int)
    case stored([UInt8])
    /// Compression, packed bytes, how many unpack from them, the part that the file has.
    case packed(UInt8, [UInt8], decoded: Int, part: Range<Int>)
    case allocated(Int)
    case hole(Int)
    /// A hole without an item for it.
    case nothing(Int)
  }

  mutating func append(_ key: TreeKey, _ data: [UInt8], to tree: UInt64) {
    for index in trees.indices where trees[index].tree == tree {
      trees[index].items.append(Item(key: key, data: data))
      return
    }
    trees.append((tree, [Item(key: key, data: data)]))
  }

  /// Replaces the data of the item with a key; a key that is not there is the test's mistake.
  mutating func edit(_ key: TreeKey, in tree: UInt64, _ body: (inout [UInt8]) -> Void) {
    for index in trees.indices where trees[index].tree == tree {
      for slot in trees[index].items.indices where trees[index].items[slot].key == key {
        body(&trees[index].items[slot].data)
        return
      }
    }
    preconditionFailure("no item to edit")
  }

  mutating func addInode(_ inode: UInt64, in tree: UInt64, mode: UInt32, byteCount: UInt64) {
    append(
      TreeKey(inode, ItemType.inode, 0),
      Self.inodeItem(mode: mode, byteCount: byteCount, generation: generation), to: tree)
    if inode == 256 {
      append(
        TreeKey(256, ItemType.inodeReference, 256),
        little(UInt64(0)) + little(UInt16(2)) + [46, 46],
        to: tree)
    }
  }

  /// The entry of a directory: `struct btrfs_dir_item`.
  static func directoryItem(_ name: [UInt8], to location: TreeKey, type: UInt8) -> [UInt8] {
    key(location) + little(UInt64(9)) + little(UInt16(0)) + little(UInt16(name.count)) + [type]
      + name
  }

  /// Names a thing in a directory. What has the same hash as another name goes into its item.
  mutating func addName(
    _ name: [UInt8], in tree: UInt64, _ directory: UInt64, to location: TreeKey, type: UInt8,
    index: UInt64
  ) {
    let item = Self.directoryItem(name, to: location, type: type)
    let hash = UInt64(CRC32.castagnoli.update(~1, name))
    let hashed = TreeKey(directory, ItemType.directoryItem, hash)
    let isTaken = trees.contains {
      $0.tree == tree && $0.items.contains { $0.key == hashed }
    }
    if isTaken { edit(hashed, in: tree) { $0 += item } } else { append(hashed, item, to: tree) }
    append(TreeKey(directory, ItemType.directoryIndex, index), item, to: tree)
  }

  mutating func addDirectory(
    _ name: String, inode: UInt64, in directory: UInt64 = 256, tree: UInt64 = 5
  ) {
    addInode(inode, in: tree, mode: 0x41ed, byteCount: 0)
    addLink(name, inode: inode, in: directory, tree: tree, type: 2)
  }

  mutating func addLink(
    _ name: String, inode: UInt64, in directory: UInt64, tree: UInt64, type: UInt8
  ) {
    let bytes = Array(name.utf8)
    append(
      TreeKey(inode, ItemType.inodeReference, directory),
      little(inode) + little(UInt16(bytes.count)) + bytes, to: tree)
    addName(
      bytes, in: tree, directory, to: TreeKey(inode, ItemType.inode, 0), type: type,
      index: inode)
  }

  mutating func addSymbolicLink(
    _ name: String, to target: String, inode: UInt64, in directory: UInt64 = 256,
    tree: UInt64 = 5
  ) {
    addFile(
      name, inode: inode, in: directory, tree: tree, mode: 0xa1ff, type: 7,
      [.inline(Array(target.utf8))])
  }

  /// A file of pieces; `byteCount` if it does not end with the last one.
  mutating func addFile(
    _ name: String, inode: UInt64, in directory: UInt64 = 256, tree: UInt64 = 5,
    mode: UInt32 = 0x81a4, type: UInt8 = 1, byteCount: UInt64? = nil, _ pieces: [Piece]
  ) {
    var position: UInt64 = 0
    for piece in pieces {
      let (item, count) = extentItem(piece)
      if let item {
        append(TreeKey(inode, ItemType.fileExtent, position), item, to: tree)
      }
      position += UInt64(count)
    }
    addInode(inode, in: tree, mode: mode, byteCount: byteCount ?? position)
    addLink(name, inode: inode, in: directory, tree: tree, type: type)
  }

  /// A subvolume in a directory of another one.
  mutating func addSubvolume(
    _ name: String, _ id: UInt64, in directory: UInt64 = 256, tree: UInt64 = 5
  ) {
    addInode(256, in: id, mode: 0x41ed, byteCount: 0)
    let bytes = Array(name.utf8)
    addName(
      bytes, in: tree, directory, to: TreeKey(id, ItemType.root, .max), type: 2, index: id)
    let reference = little(directory) + little(id) + little(UInt16(bytes.count)) + bytes
    rootItems.append(Item(key: TreeKey(id, ItemType.rootBackReference, tree), data: reference))
    rootItems.append(Item(key: TreeKey(tree, 156, id), data: reference))
  }

  /// Names the default subvolume in the tree of roots.
  mutating func setDefault(_ id: UInt64) {
    let name = Array("default".utf8)
    let hash = UInt64(CRC32.castagnoli.update(~1, name))
    rootItems.append(
      Item(
        key: TreeKey(6, ItemType.directoryItem, hash),
        data: Self.directoryItem(name, to: TreeKey(id, ItemType.root, .max), type: 2)))
    incompatible |= 2
  }

  /// Puts bytes into the data chunk at a sector's start.
  mutating func store(_ bytes: [UInt8]) -> UInt64 {
    let start = data.count
    data += bytes
    data += [UInt8](repeating: 0, count: (4096 - data.count % 4096) % 4096)
    return Self.dataLogical + UInt64(start)
  }

  private mutating func extentItem(_ piece: Piece) -> (item: [UInt8]?, count: Int) {
    func head(_ decoded: Int, _ compression: UInt8, _ type: UInt8) -> [UInt8] {
      little(UInt64(9)) + little(UInt64(decoded)) + [compression, 0, 0, 0, type]
    }
    func place(_ logical: UInt64, _ stored: Int, _ skipped: Int, _ count: Int) -> [UInt8] {
      little(logical) + little(UInt64(stored)) + little(UInt64(skipped)) + little(UInt64(count))
    }
    func padded(_ count: Int) -> Int { (count + 4095) / 4096 * 4096 }
    switch piece {
    case .inline(let bytes): return (head(bytes.count, 0, 0) + bytes, bytes.count)
    case .packedInline(let compression, let bytes, let decoded):
      return (head(decoded, compression, 0) + bytes, decoded)
    case .stored(let bytes):
      let count = padded(bytes.count)
      return (head(count, 0, 1) + place(store(bytes), count, 0, count), bytes.count)
    case .packed(let compression, let bytes, let decoded, let part):
      let location = place(store(bytes), padded(bytes.count), part.lowerBound, part.count)
      return (head(decoded, compression, 1) + location, part.count)
    case .allocated(let count):
      let logical = store([UInt8](repeating: 0xaa, count: count))
      return (head(count, 0, 2) + place(logical, count, 0, count), count)
    case .hole(let count): return (head(count, 0, 1) + place(0, 0, 0, count), count)
    case .nothing(let count): return (nil, count)
    }
  }
}
