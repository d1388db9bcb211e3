// SPDX-License-Identifier: GPL-2.0-or-later

/// The nodes read last, so that the way from the root of a tree is read and checked once and not
/// for each name. All copies of a `BtrfsFileSystem` share one.
final class NodeCache {
  private var nodes: [TreeNode] = []

  /// The node that `pointer` leads to, if it is here.
  func find(_ pointer: NodePointer) -> TreeNode? {
    for index in nodes.indices {
      let node = nodes[index]
      let known = node.pointer
      guard known.logical == pointer.logical, known.level == pointer.level,
        known.generation == pointer.generation,
        pointer.firstKey == nil || pointer.firstKey == node.key(at: 0), node.count > 0
      else { continue }
      // The last one used is the last to go.
      if index != nodes.count - 1 {
        nodes.remove(at: index)
        nodes.append(node)
      }
      return node
    }
    return nil
  }

  /// Keeps `node`, and forgets the one that was not used for the longest time.
  func insert(_ node: TreeNode) {
    if nodes.count >= BtrfsLimits.cachedNodeCount { nodes.removeFirst() }
    nodes.append(node)
  }

  /// Forgets all of them.
  func removeAll() { nodes = [] }
}
