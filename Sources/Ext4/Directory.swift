// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// The blocks of a directory, with their checksums checked. A directory inside its inode has two
/// pieces instead, in `i_block` and in the attribute after it.
struct Directory<Device: BlockDevice> {
  let system: Ext4FileSystem<Device>
  let inode: Inode
  private let extents: IndexedExtents
  private let pieces: [ByteView]

  /// The number of blocks, or of pieces inside the inode.
  let blockCount: UInt64

  init(_ inode: Inode, in system: Ext4FileSystem<Device>) throws(Ext4Error) {
    guard inode.kind == .directory else { throw .notADirectory(inode: inode.number) }
    let blockByteCount = UInt64(system.superblock.blockByteCount)
    var list: [Extent] = []
    var parts: [ByteView] = []
    if inode.hasInlineData {
      // The first four bytes are the number of the parent's inode.
      let data = try InlineData(inode)
      parts = [data.head.suffix(from: 4) ?? data.head, data.tail]
    } else {
      guard inode.byteCount <= Ext4Limits.directoryByteCount, inode.byteCount % blockByteCount == 0
      else { throw .badSize(inode: inode.number, byteCount: inode.byteCount) }
      list = try system.extents(of: inode)
    }
    let index = try Self.indexed(list, in: system)
    // Nothing throws from here on: the compiler (6.3) crashes on the image where half of this
    // structure would have to be undone.
    self.system = system
    self.inode = inode
    pieces = parts
    extents = index
    blockCount = parts.isEmpty ? inode.byteCount / blockByteCount : UInt64(parts.count)
  }

  private static func indexed(
    _ extents: [Extent], in system: Ext4FileSystem<Device>
  ) throws(Ext4Error) -> IndexedExtents {
    do { return try IndexedExtents(extents, paidBy: system.volume.work) } catch {
      throw .device(error)
    }
  }

  /// Whether the entries are inside the inode.
  var isInline: Bool { !pieces.isEmpty }

  /// The block `index`, counted from the directory's start.
  func block(_ index: UInt64) throws(Ext4Error) -> ByteView {
    if isInline { return pieces[index == 0 ? 0 : 1] }
    // `index` is a 32-bit number or under blockCount.
    let position = index * UInt64(system.superblock.blockByteCount)
    guard let (slot, skipped) = extents.find(position),
      case .run(let offset, _) = extents.extents[slot]
    else { throw .directoryHole(inode: inode.number, index: index) }
    let view = try system.bytes(at: offset + skipped, count: system.superblock.blockByteCount)
    if system.superblock.features.hasMetadataChecksums {
      try system.pay(.copiedBytes, view.count)
      try verify(view, index)
    }
    return view
  }

  /// The records of the block `index`.
  func records(_ index: UInt64) throws(Ext4Error) -> DirectoryBlock {
    DirectoryBlock(
      try block(index), at: .directoryBlock(inode: inode.number, index: index),
      of: system.superblock)
  }

  /// The inode that `name` leads to, found by the index if there is one.
  func lookUp(_ name: ByteString) throws(Ext4Error) -> UInt32? {
    if isInline && name == "." { return inode.number }
    if isInline && name == ".." { return inode.blockField.u32(at: 0) }
    // `.` and `..` are in the root of the index, not in a leaf.
    if name != "." && name != "..", var index = try DirectoryIndex(self, for: name) {
      return try index.lookUp(name)
    }
    return try linearLookUp(name)
  }

  /// The inode that `name` leads to, found by reading all blocks in order. In a directory that
  /// folds case, the same name goes before one that is the same but for case.
  func linearLookUp(_ name: ByteString) throws(Ext4Error) -> UInt32? {
    let foldsCase = inode.foldsCase && system.superblock.foldsCase
    var folded: UInt32?
    for index in 0..<blockCount {
      var records = try records(index)
      while let record = try records.next() {
        if records.name(of: record, is: name) { return record.inode }
        if !foldsCase || folded != nil { continue }
        try system.pay(.names)
        if CaseFold.isSame(records.name(of: record), name) {
          folded = record.inode
        }
      }
      try system.pay(.comparisons, records.stepCount)
    }
    return folded
  }

  private func verify(_ view: ByteView, _ index: UInt64) throws(Ext4Error) {
    if inode.hasIndex, let node = IndexNode(view, isRoot: index == 0) {
      try node.verify(
        view, seed: inode.checksumSeed, at: .directoryIndex(inode: inode.number, index: index))
      return
    }
    // The last 12 bytes look like an unused record: inode 0, length 12, name length 0, type 0xde.
    let place = Ext4Structure.directoryBlock(inode: inode.number, index: index)
    let offset = view.count - 12
    guard view.u32(at: offset) == 0, view.u16(at: offset + 4) == 12, view.u8(at: offset + 6) == 0,
      view.u8(at: offset + 7) == 0xde, let stored = view.u32(at: offset + 8),
      let covered = view.slice(at: 0, count: offset)
    else { throw .badDirectoryEntry(place, offset: offset) }
    let computed = Checksum.crc32c(inode.checksumSeed, covered)
    guard ChecksumRule.matches(stored, computed) else {
      throw .badChecksum(place, stored: stored, computed: computed)
    }
  }
}
