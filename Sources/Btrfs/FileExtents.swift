// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Collects where the contents of an inode are, in file order, so that they add up to its size.
struct FileExtents<Device: BlockDevice> {
  private let system: BtrfsFileSystem<Device>
  private let inode: BtrfsInode
  private let byteCount: UInt64
  private var runs = ExtentRuns()
  /// The bytes of the file up to here are listed.
  private var position: UInt64 = 0

  /// The extents of `inode`, whose size is `byteCount`.
  init(_ inode: BtrfsInode, byteCount: UInt64, in system: BtrfsFileSystem<Device>) {
    self.system = system
    self.inode = inode
    self.byteCount = byteCount
  }

  /// All extents. What no item tells of is a hole.
  mutating func read() throws(BtrfsError) -> [Extent] {
    var cursor = try TreeCursor(
      system, system.subvolume(inode.tree), from: TreeKey(inode.inode, ItemType.fileExtent, 0))
    // Ends with the tree. After the end there may be blocks allocated in advance.
    while position < byteCount, let item = try cursor.next(), item.key.object == inode.inode,
      item.key.type == ItemType.fileExtent
    {
      try add(item)
    }
    try addHole(upTo: byteCount)
    return runs.extents
  }

  private mutating func add(_ item: TreeItem) throws(BtrfsError) {
    let place = BtrfsStructure.fileExtent(
      tree: inode.tree, inode: inode.inode, offset: item.key.offset)
    let extent = try FileExtentItem(item.data, at: place)
    guard item.key.offset >= position, extent.byteCount > 0,
      let end = Checked.sum(item.key.offset, extent.byteCount)
    else { throw .badExtentOrder(place) }
    let start = item.key.offset
    try addHole(upTo: min(byteCount, start))
    guard start < byteCount else { return }
    let count = min(end, byteCount) - start
    switch extent.contents {
    case .hole: try add(.zeros(byteCount: count), at: place)
    case .inline(let bytes):
      if let compression = extent.compression {
        try addPacked([.inline(bytes)], compression, extent, count, at: place)
      } else {
        try add(.inline(Array(bytes.prefix(Int(count)))), at: place)
      }
    case .stored(let logical, let storedByteCount):
      guard let compression = extent.compression else {
        try addStored(logical + extent.skippedByteCount, count, at: place)
        return
      }
      var stored = ExtentRuns()
      try system.chunks.appendRuns(
        at: logical, byteCount: storedByteCount, copy: nil, to: &stored,
        countMax: EncodedExtent.storedCountMax, for: place, work: system.volume.work)
      try addPacked(stored.extents, compression, extent, count, at: place)
    }
  }

  private mutating func addStored(
    _ logical: UInt64, _ count: UInt64, at place: BtrfsStructure
  ) throws(BtrfsError) {
    try system.chunks.appendRuns(
      at: logical, byteCount: count, copy: nil, to: &runs, countMax: BtrfsLimits.extentCount,
      for: place, work: system.volume.work)
    position += count
  }

  private mutating func addPacked(
    _ stored: [Extent], _ compression: FileExtentItem.Compression, _ extent: FileExtentItem,
    _ count: UInt64, at place: BtrfsStructure
  ) throws(BtrfsError) {
    let format: BlockFormat =
      switch compression {
      case .zlib: .zlib
      case .lzo: .lzoSegments(sectorByteCount: system.superblock.sectorByteCount)
      case .zstd: .zstd
      }
    guard
      let packed = EncodedExtent(
        format, stored: stored, decodedByteCount: extent.decodedByteCount,
        skippedByteCount: extent.skippedByteCount, byteCount: count)
    else { throw .badField(place, field: "ram_bytes", value: extent.decodedByteCount) }
    try add(.encoded(packed), at: place)
  }

  private mutating func addHole(upTo end: UInt64) throws(BtrfsError) {
    guard end > position else { return }
    try add(.zeros(byteCount: end - position), at: inode.place)
  }

  private mutating func add(_ extent: Extent, at place: BtrfsStructure) throws(BtrfsError) {
    position += extent.byteCount
    do { try runs.append(extent, paidBy: system.volume.work) } catch { throw .device(error) }
    guard runs.extents.count <= BtrfsLimits.extentCount else { throw .tooFragmented(place) }
  }
}
