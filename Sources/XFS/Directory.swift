// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// The blocks of a directory: those with entries below 32 GiB of its file, its index from there on.
/// A small one is one block with both, a very small one is inside its inode.
struct Directory<Device: BlockDevice> {
  let system: XFSFileSystem<Device>
  let inode: Inode

  init(_ inode: Inode, in system: XFSFileSystem<Device>) throws(XFSError) {
    guard inode.kind == .directory else { throw .notADirectory(inode: inode.number) }
    self.system = system
    self.inode = inode
    let blockByteCount = UInt64(system.superblock.directoryBlockByteCount)
    guard
      inode.format == .local
        || (inode.byteCount > 0 && inode.byteCount % blockByteCount == 0
          && inode.byteCount <= XFSLimits.directoryByteCount)
    else { throw .badSize(inode: inode.number, byteCount: inode.byteCount) }
  }

  /// The first file block of the index.
  var indexStart: UInt64 { 1 << (35 - system.superblock.blockLog) }

  /// The blocks of the file system in a block of the directory.
  private var step: UInt64 { 1 << system.superblock.directoryBlockLog }

  /// The inode that `name` leads to.
  func lookUp(_ name: ByteString) throws(XFSError) -> UInt64? {
    let superblock = system.superblock
    var match = NameMatch(name, foldingCase: superblock.features.foldsCase)
    guard inode.format == .local else {
      var search = DirectorySearch(self)
      return try search.lookUp(&match)
    }
    if name == "." { return inode.number }
    var records = try ShortDirectory(inode, of: superblock)
    if name == ".." { return records.parent }
    while let record = try records.next() {
      if match.isFound(
        records.view, at: record.nameOffset, count: record.nameByteCount, inode: record.inode)
      {
        return record.inode
      }
    }
    return match.nearInode
  }

  /// Goes through the entries in the order they are stored, without `.` and `..`.
  func visitEntries(_ visit: (ByteString, XFSNode) -> Bool) throws(XFSError) {
    if inode.format == .local {
      var records = try ShortDirectory(inode, of: system.superblock)
      while let record = try records.next() {
        guard
          try show(
            records.view, record.nameOffset, record.nameByteCount, record.inode, visit)
        else { return }
      }
      return
    }
    var byteCount: UInt64 = 0
    var cursor = try ExtentCursor(inode, in: system)
    while let extent = try cursor.next(), extent.fileBlock < indexStart {
      // A block of the directory belongs to the run that has its first block.
      guard var block = Checked.roundedUp(extent.fileBlock, toMultipleOf: step) else { break }
      while block < min(extent.end, indexStart) {
        byteCount += UInt64(system.superblock.directoryBlockByteCount)
        guard byteCount <= XFSLimits.directoryByteCount else {
          throw .badSize(inode: inode.number, byteCount: byteCount)
        }
        var records = try entries(inBlock: block, of: extent)
        while let record = try records.next() {
          guard
            try show(
              records.view, record.nameOffset, record.nameByteCount, record.inode, visit)
          else { return }
        }
        try system.pay(.comparisons, records.stepCount)
        block += step
      }
    }
  }

  private func show(
    _ view: ByteView, _ nameOffset: Int, _ nameByteCount: Int, _ inode: UInt64,
    _ visit: (ByteString, XFSNode) -> Bool
  ) throws(XFSError) -> Bool {
    try system.pay(.names)
    let name = view.string(at: nameOffset, count: nameByteCount) ?? ""
    return name == "." || name == ".." || visit(name, XFSNode(inode: inode))
  }

  /// The block with entries that begins at `fileBlock`, which `extent` has if it is given.
  func entries(
    inBlock fileBlock: UInt64, of extent: ExtentRecord? = nil
  ) throws(XFSError) -> DirectoryBlock {
    let place = XFSStructure.directoryBlock(inode: inode.number, block: fileBlock)
    let view = try block(fileBlock, of: extent, .directory, at: place)
    return try DirectoryBlock(view, of: system.superblock, at: place)
  }

  /// The block of the index that begins at `fileBlock`.
  func index(_ fileBlock: UInt64) throws(XFSError) -> IndexBlock {
    let place = XFSStructure.directoryIndex(inode: inode.number, block: fileBlock)
    guard fileBlock >= indexStart else { throw .badDirectoryIndex(place) }
    let view = try block(fileBlock, of: nil, .index, at: place)
    return try IndexBlock(view, of: system.superblock, at: place)
  }

  /// A block of the directory, which may be in several pieces, with its header checked.
  private func block(
    _ fileBlock: UInt64, of extent: ExtentRecord?, _ header: BlockHeader, at place: XFSStructure
  ) throws(XFSError) -> ByteView {
    let superblock = system.superblock
    var firstByteOffset: UInt64?
    var view: ByteView?
    var bytes: [UInt8] = []
    var position = fileBlock
    var known = extent
    // Each turn takes a block at least.
    while position < fileBlock + step {
      let record: ExtentRecord
      if let extent = known { record = extent } else { record = try self.extent(at: position) }
      known = nil
      guard record.contains(position), !record.isUnwritten else {
        throw .directoryHole(inode: inode.number, block: position)
      }
      let count = min(record.end, fileBlock + step) - position
      let offset = superblock.byteOffset(ofBlock: record.block + (position - record.fileBlock))
      let piece = try system.bytes(at: offset, count: Int(count) * superblock.blockByteCount)
      firstByteOffset = firstByteOffset ?? offset
      if count == step { view = piece } else { bytes += piece.bytes }
      position += count
    }
    let whole = view ?? ByteView(bytes)
    if superblock.features.hasChecksums {
      try system.pay(.copiedBytes, whole.count)
      try header.verify(
        whole, byteOffset: firstByteOffset ?? 0, inode: inode.number, of: superblock, at: place)
    }
    return whole
  }

  /// The extent that has `fileBlock`.
  private func extent(at fileBlock: UInt64) throws(XFSError) -> ExtentRecord {
    var cursor = try ExtentCursor(inode, in: system, from: fileBlock)
    guard let record = try cursor.next(), record.contains(fileBlock) else {
      throw .directoryHole(inode: inode.number, block: fileBlock)
    }
    return record
  }
}
