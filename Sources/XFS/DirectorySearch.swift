// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The search for a name in the blocks of a directory by its hash.
struct DirectorySearch<Device: BlockDevice> {
  private let directory: Directory<Device>
  private let superblock: Superblock
  /// The block with entries that was read last.
  private var last: (fileBlock: UInt64, block: DirectoryBlock)?
  /// The pairs with the wanted hash, and leaves, that may still be looked at.
  private var restCount = XFSLimits.sameHashCount

  init(_ directory: Directory<Device>) {
    self.directory = directory
    superblock = directory.system.superblock
  }

  /// The inode that the name leads to.
  mutating func lookUp(_ match: inout NameMatch) throws(XFSError) -> UInt64? {
    let hashes = DirectoryHash.hashes(
      of: match.name, foldingCase: superblock.features.foldsCase)
    for hash in hashes {
      if let inode = try lookUp(&match, hash) { return inode }
    }
    return match.nearInode
  }

  private mutating func lookUp(
    _ match: inout NameMatch, _ hash: UInt32
  ) throws(XFSError) -> UInt64? {
    if directory.inode.byteCount == UInt64(superblock.directoryBlockByteCount) {
      // One block can be all of the directory; it says so itself.
      let block = try directory.entries(inBlock: 0)
      last = (0, block)
      if let table = block.hashes {
        return try visit(table, from: table.firstSlot(for: hash), hash, &match)
      }
    }
    var leaf = try leaf(for: hash)
    var slot = leaf.hashes.firstSlot(for: hash)
    // Names of one hash may go on in the next leaf. Each turn takes of `restCount`.
    while true {
      try charge()
      if let inode = try visit(leaf.hashes, from: slot, hash, &match) { return inode }
      let count = leaf.hashes.count
      guard leaf.next != 0, count > 0, leaf.hashes.hash(count - 1) == hash else { return nil }
      leaf = try directory.index(UInt64(leaf.next))
      guard leaf.level == 0 else { throw .badDirectoryIndex(place(directory.indexStart)) }
      slot = 0
    }
  }

  /// The first leaf that can have `hash`.
  private func leaf(for hash: UInt32) throws(XFSError) -> IndexBlock {
    var fileBlock = directory.indexStart
    var block = try directory.index(fileBlock)
    // Ends: the level, at most 5, falls by one.
    while block.level > 0 {
      // A hash after the last one is in no leaf, or not yet told to the nodes above: the last.
      let slot = min(block.hashes.firstSlot(for: hash), block.hashes.count - 1)
      let parent = fileBlock
      fileBlock = UInt64(block.hashes.value(slot))
      let child = try directory.index(fileBlock)
      guard child.level == block.level - 1 else { throw .badDirectoryIndex(place(parent)) }
      block = child
    }
    return block
  }

  /// The inode of the name, if one of the pairs with `hash` from `slot` on leads to it.
  private mutating func visit(
    _ table: HashTable, from slot: Int, _ hash: UInt32, _ match: inout NameMatch
  ) throws(XFSError) -> UInt64? {
    for slot in slot..<table.count {
      guard table.hash(slot) == hash else { return nil }
      try charge()
      let position = table.value(slot)
      if position == 0 { continue }
      // 32 bits in units of 8 bytes: at most 32 GiB, where the index begins.
      let byteOffset = UInt64(position) * 8
      let blockByteCount = UInt64(superblock.directoryBlockByteCount)
      let block = try block(
        (byteOffset / blockByteCount) << superblock.directoryBlockLog)
      let record = try block.record(at: Int(byteOffset % blockByteCount)).record
      if match.isFound(
        block.view, at: record.nameOffset, count: record.nameByteCount, inode: record.inode)
      {
        return record.inode
      }
    }
    return nil
  }

  private mutating func charge() throws(XFSError) {
    guard restCount > 0 else {
      throw .tooManyCollisions(
        inode: directory.inode.number, limit: XFSLimits.sameHashCount)
    }
    restCount -= 1
    try directory.system.pay(.names)
  }

  private mutating func block(_ fileBlock: UInt64) throws(XFSError) -> DirectoryBlock {
    if let last, last.fileBlock == fileBlock { return last.block }
    let block = try directory.entries(inBlock: fileBlock)
    last = (fileBlock, block)
    return block
  }

  private func place(_ fileBlock: UInt64) -> XFSStructure {
    .directoryIndex(inode: directory.inode.number, block: fileBlock)
  }
}
