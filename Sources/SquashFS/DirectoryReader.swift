// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The names of one directory in the order of their bytes. A header says for up to 256 names in
/// which block of the table their inodes are (squashfs.rst, section 3.4).
struct DirectoryReader<Device: BlockDevice> {
  /// What Linux counts for `.` and `..`, which are stored nowhere.
  private static var unstoredByteCount: UInt64 { 3 }
  private static var headerByteCount: Int { 12 }

  private let metadata: Metadata<Device>
  private let place: SquashFSStructure
  private var cursor: MetadataCursor
  /// The bytes that are left of the directory.
  private var rest: UInt64
  /// What the last header said, and how many names are left behind it.
  private var inodeBlock: UInt32 = 0
  private var runCount: UInt32 = 0

  init(
    _ directory: Inode.Directory, of table: UInt64, in metadata: Metadata<Device>,
    _ place: SquashFSStructure
  ) throws(SquashFSError) {
    guard directory.byteCount <= SquashFSLimits.directoryByteCount else {
      throw .directoryTooLarge(place, byteCount: directory.byteCount)
    }
    self.metadata = metadata
    self.place = place
    // Where a sum wraps around, what is there is checked like anything else.
    cursor = MetadataCursor(
      block: table &+ UInt64(directory.block), offset: Int(directory.offset))
    rest = directory.byteCount - min(directory.byteCount, Self.unstoredByteCount)
  }

  /// Goes on at the last header that the index has whose first name is not after `name`.
  mutating func skip(
    to name: ByteString, by directory: Inode.Directory, of table: UInt64
  ) throws(SquashFSError) {
    var index = directory.index
    let whole = rest
    for _ in 0..<directory.indexCount {
      try metadata.pay(.names)
      let entry = try metadata.read(12, at: &index, for: place)
      guard let position = entry.u32(at: 0), let block = entry.u32(at: 4),
        let last = entry.u32(at: 8), last < UInt32(SquashFSLimits.nameByteCount)
      else { throw .badName(place) }
      let first = try metadata.read(Int(last) + 1, at: &index, for: place)
      if name < ByteString(first.bytes) { return }
      guard UInt64(position) <= whole else { throw .badDirectory(place) }
      rest = whole - UInt64(position)
      cursor = MetadataCursor(
        block: table &+ UInt64(block),
        offset: (Int(directory.offset) + Int(position)) % SquashFSLimits.metadataByteCount)
    }
  }

  /// The next name and where its inode is; nil at the end.
  mutating func next() throws(SquashFSError) -> (name: ByteString, inode: InodeReference)? {
    if runCount == 0 {
      if rest == 0 { return nil }
      let header = try take(Self.headerByteCount)
      guard let last = header.u32(at: 0), last < SquashFSLimits.runCount,
        let block = header.u32(at: 4)
      else { throw .badDirectory(place) }
      runCount = last + 1
      inodeBlock = block
    }
    runCount -= 1
    try metadata.pay(.names)
    try metadata.pay(.comparisons, SquashFSLimits.costOfName)
    let entry = try take(8)
    guard let offset = entry.u16(at: 0), let last = entry.u16(at: 6) else {
      throw .badDirectory(place)
    }
    guard Int(last) < SquashFSLimits.nameByteCount else { throw .badName(place) }
    let name = ByteString(try take(Int(last) + 1).bytes)
    guard name != ".", name != "..", !name.bytes.contains(ASCII.slash), !name.bytes.contains(0)
    else { throw .badName(place) }
    return (name, InodeReference(block: inodeBlock, offset: offset))
  }

  private mutating func take(_ count: Int) throws(SquashFSError) -> ByteView {
    guard UInt64(count) <= rest else { throw .badDirectory(place) }
    rest -= UInt64(count)
    return try metadata.read(count, at: &cursor, for: place)
  }
}
