// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// An item of a tree.
struct TreeItem {
  let key: TreeKey
  let data: ByteView
}

/// Goes through the items of a tree in the order of their keys.
///
/// It can't go on for ever: the level falls by one at each step down, keys only rise, and the bytes
/// of nodes are counted.
struct TreeCursor<Device: BlockDevice> {
  private struct Step {
    let node: TreeNode
    var slot: Int
  }

  private let system: BtrfsFileSystem<Device>
  /// From the root down to a leaf.
  private var path: [Step] = []
  private var previous: TreeKey?
  private var readByteCount = 0
  private let byteCountMax: Int

  /// A cursor in front of the first item whose key is `key` or a later one.
  init(
    _ system: BtrfsFileSystem<Device>, _ root: TreeRoot, from key: TreeKey,
    byteCountMax: Int = BtrfsLimits.walkByteCount
  ) throws(BtrfsError) {
    self.system = system
    self.byteCountMax = byteCountMax
    try descend(to: NodePointer(root), from: key)
  }

  /// The next item; nil at the tree's end.
  mutating func next() throws(BtrfsError) -> TreeItem? {
    // Ends: each turn takes an item, or leaves a node for good.
    while let step = path.last {
      guard step.slot < step.node.count else {
        path.removeLast()
        continue
      }
      path[path.count - 1].slot += 1
      try system.pay(.comparisons, BtrfsLimits.costOfItem)
      guard step.node.isLeaf else {
        try descend(to: step.node.child(at: step.slot), from: nil)
        continue
      }
      guard let key = step.node.key(at: step.slot), previous.map({ $0 < key }) ?? true else {
        throw .badKeyOrder(step.node.pointer.place, slot: step.slot)
      }
      previous = key
      return TreeItem(key: key, data: try step.node.data(at: step.slot))
    }
    return nil
  }

  /// Goes down to the leaf where `key` is or would be, or to the first one if it is nil.
  private mutating func descend(to root: NodePointer, from key: TreeKey?) throws(BtrfsError) {
    var pointer = root
    while true {
      readByteCount += system.superblock.nodeByteCount
      guard readByteCount <= byteCountMax else {
        throw .tooFragmented(pointer.place)
      }
      let node = try system.node(pointer)
      try system.pay(.comparisons, BtrfsLimits.costOfSearch)
      var slot = key.map { node.lowerBound($0) } ?? 0
      if node.isLeaf {
        path.append(Step(node: node, slot: slot))
        return
      }
      // Of an inner node the last child whose first key is not after the one looked for.
      if slot > 0, let key, node.key(at: slot) != key { slot -= 1 }
      path.append(Step(node: node, slot: slot + 1))
      pointer = try node.child(at: slot)
    }
  }
}
