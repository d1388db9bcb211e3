// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// What leads to a node, and says what it must be.
struct NodePointer {
  let tree: UInt64
  let logical: UInt64
  let level: Int
  let generation: UInt64
  /// The first key of the node; nil for the root of a tree.
  let firstKey: TreeKey?

  init(_ root: TreeRoot) {
    tree = root.tree
    logical = root.logical
    level = root.level
    generation = root.generation
    firstKey = nil
  }

  init(tree: UInt64, logical: UInt64, level: Int, generation: UInt64, firstKey: TreeKey) {
    self.tree = tree
    self.logical = logical
    self.level = level
    self.generation = generation
    self.firstKey = firstKey
  }

  var place: BtrfsStructure { .node(tree: tree, logical: logical) }
}

/// A node of a tree, its header checked and its keys in order: a header of 101 bytes, then
/// key pointers of 33 bytes, or in a leaf items of 25 bytes, whose data is at the end
/// (`struct btrfs_header`, `struct btrfs_key_ptr`, `struct btrfs_item`).
final class TreeNode {
  static let headerByteCount = 0x65

  let pointer: NodePointer
  let count: Int
  private let view: ByteView

  /// Checks a node that was read, but for its checksum, against what leads to it.
  init(_ view: ByteView, _ pointer: NodePointer, metadataUUID: GUID) throws(BtrfsError) {
    let place = pointer.place
    guard let uuid = GUID(view, at: 0x20), let logical = view.u64(at: 0x30),
      let generation = view.u64(at: 0x50), let count = view.u32(at: 0x60),
      let level = view.u8(at: 0x64)
    else { throw .badField(place, field: "size", value: UInt64(view.count)) }
    guard uuid == metadataUUID else { throw .foreignNode(place) }
    for (field, value, expected) in [
      ("bytenr" as ByteString, logical, pointer.logical),
      ("level", UInt64(level), UInt64(pointer.level)),
      ("generation", generation, pointer.generation),
    ] where value != expected {
      throw .wrongNode(place, field: field, value: value, expected: expected)
    }
    let entryByteCount = level == 0 ? 25 : 33
    // The product has at most 38 bits. Only the root of an empty tree is without entries.
    guard Int(count) * entryByteCount <= view.count - Self.headerByteCount,
      count > 0 || (level == 0 && pointer.firstKey == nil)
    else { throw .badField(place, field: "nritems", value: UInt64(count)) }
    self.pointer = pointer
    self.count = Int(count)
    self.view = view
    try checkOrder()
  }

  var isLeaf: Bool { pointer.level == 0 }

  /// The key at `slot`; nil past the last.
  func key(at slot: Int) -> TreeKey? {
    guard slot >= 0, slot < count else { return nil }
    return TreeKey(view, at: Self.headerByteCount + slot * (isLeaf ? 25 : 33))
  }

  /// What the key pointer at `slot` of an inner node leads to.
  func child(at slot: Int) throws(BtrfsError) -> NodePointer {
    let offset = Self.headerByteCount + slot * 33 + TreeKey.byteCount
    guard !isLeaf, let key = key(at: slot), let logical = view.u64(at: offset),
      let generation = view.u64(at: offset + 8)
    else { throw .badItem(pointer.place, slot: slot) }
    return NodePointer(
      tree: pointer.tree, logical: logical, level: pointer.level - 1, generation: generation,
      firstKey: key)
  }

  /// The data of the item at `slot` of a leaf.
  func data(at slot: Int) throws(BtrfsError) -> ByteView {
    let offset = Self.headerByteCount + slot * 25 + TreeKey.byteCount
    // Items and data must not overlap; offsets of data are counted from the header's end.
    guard isLeaf, slot < count, let start = view.u32(at: offset),
      let byteCount = view.u32(at: offset + 4), Int(start) >= count * 25,
      let data = view.slice(at: Self.headerByteCount + Int(start), count: Int(byteCount))
    else { throw .badItem(pointer.place, slot: slot) }
    return data
  }

  /// The first slot whose key is `key` or a later one; `count` if there is none.
  func lowerBound(_ key: TreeKey) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if let other = self.key(at: middle), other < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func checkOrder() throws(BtrfsError) {
    if let expected = pointer.firstKey, key(at: 0) != expected {
      throw .badKeyOrder(pointer.place, slot: 0)
    }
    guard var last = key(at: 0) else { return }
    for slot in 1..<max(1, count) {
      guard let key = key(at: slot), last < key else {
        throw .badKeyOrder(pointer.place, slot: slot)
      }
      last = key
    }
  }
}
