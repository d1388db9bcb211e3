// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// A way down the index of a directory to the leaf blocks that can hold a name.
struct DirectoryIndex<Device: BlockDevice> {
  private struct Step {
    let view: ByteView
    let node: IndexNode
    var slot: Int
  }

  private let directory: Directory<Device>
  private let hash: UInt32
  /// The number of index levels below the root.
  private let levelCount: Int
  /// The root and a node of each level below.
  private var steps: [Step] = []

  /// Nil if the directory has no index that can be used for `name`, so that all its blocks must be
  /// read: it has none, or folds case, or uses a hash that is not known, or the root is damaged,
  /// as in Linux.
  init?(_ directory: Directory<Device>, for name: ByteString) throws(Ext4Error) {
    let superblock = directory.system.superblock
    guard superblock.features.hasDirectoryIndex, directory.inode.hasIndex,
      !directory.inode.foldsCase, !directory.isInline, directory.blockCount > 0
    else { return nil }
    let root = try directory.block(0)
    guard let node = IndexNode(root, isRoot: true), let version = root.u8(at: 28),
      let levelCount = root.u8(at: 30), Int(levelCount) < Ext4Limits.indexDepth,
      let hash = DirectoryHash.hash(
        of: name, version: version, isUnsigned: superblock.hashIsUnsigned,
        seed: superblock.hashSeed)
    else { return nil }
    self.directory = directory
    self.hash = hash
    self.levelCount = Int(levelCount)
    steps = [Step(view: root, node: node, slot: node.slot(root, for: hash))]
    try descend()
  }

  /// The inode that `name` leads to.
  mutating func lookUp(_ name: ByteString) throws(Ext4Error) -> UInt32? {
    // A leaf for each block of the directory at most.
    for _ in 0..<directory.blockCount {
      guard let last = steps.last else { return nil }
      let leaf = last.node.block(last.view, last.slot)
      guard leaf > 0, leaf < directory.blockCount else { throw .badDirectoryIndex(place(0)) }
      var records = try directory.records(leaf)
      while let record = try records.next() {
        if records.name(of: record, is: name) { return record.inode }
      }
      try directory.system.pay(.comparisons, records.stepCount)
      guard try advance() else { return nil }
    }
    return nil
  }

  /// Goes to the next leaf if names with the same hash go on there: its hash is the same but for
  /// the lowest bit, which is set.
  private mutating func advance() throws(Ext4Error) -> Bool {
    while var last = steps.popLast() {
      last.slot += 1
      guard last.slot < last.node.entryCount else { continue }
      guard last.node.hash(last.view, last.slot) == hash | 1 else { return false }
      steps.append(last)
      try descend()
      return true
    }
    return false
  }

  /// Completes `steps` down to the level above the leaves.
  private mutating func descend() throws(Ext4Error) {
    while let last = steps.last, steps.count <= levelCount {
      let index = last.node.block(last.view, last.slot)
      guard index > 0, index < directory.blockCount else { throw .badDirectoryIndex(place(0)) }
      let view = try directory.block(index)
      guard let node = IndexNode(view, isRoot: false) else {
        throw .badDirectoryIndex(place(index))
      }
      steps.append(Step(view: view, node: node, slot: node.slot(view, for: hash)))
    }
  }

  private func place(_ index: UInt64) -> Ext4Structure {
    .directoryIndex(inode: directory.inode.number, index: index)
  }
}
