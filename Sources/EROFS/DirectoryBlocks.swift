// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// The names of one directory. They are in order, in blocks that each begin with entries of 12
/// bytes and have the names after these (erofs.rst, "Directories").
struct DirectoryBlocks<Device: BlockDevice> {
  struct Entry {
    let name: ByteString
    let inode: UInt64
  }

  private static var entryByteCount: Int { 12 }

  let inode: Inode
  let extents: [Extent]
  let volume: Volume<Device>
  let blockByteCount: UInt64

  /// The last block may not be full.
  var blockCount: UInt64 {
    inode.byteCount / blockByteCount + (inode.byteCount % blockByteCount > 0 ? 1 : 0)
  }

  /// The inode that `name` leads to; nil if there is none. Halves the number of blocks that may
  /// have it until one is left.
  func number(of name: ByteString) throws(EROFSError) -> UInt64? {
    var low: UInt64 = 0
    var high = blockCount
    // At most 64 turns: the distance is halved.
    while high - low > 1 {
      let middle = low + (high - low) / 2
      guard let first = try entries(ofBlock: middle).first else { throw bad(middle) }
      if name == first.name { return first.inode }
      if name < first.name { high = middle } else { low = middle }
    }
    guard low < high else { return nil }
    return try entries(ofBlock: low).first { $0.name == name }?.inode
  }

  /// The entries of one block in order, `.` and `..` among them. The first one says where names
  /// begin, and so how many there are.
  func entries(ofBlock block: UInt64) throws(EROFSError) -> [Entry] {
    let view = try self.view(ofBlock: block)
    guard let start = view.u16(at: 8), start > 0, Int(start) % Self.entryByteCount == 0,
      Int(start) <= view.count
    else { throw bad(block) }
    let count = Int(start) / Self.entryByteCount
    var result: [Entry] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      let place = Self.entryByteCount * index
      guard let number = view.u64(at: place), let from = view.u16(at: place + 8) else {
        throw bad(block)
      }
      let name: ByteString?
      if index + 1 < count {
        guard let to = view.u16(at: place + Self.entryByteCount + 8), from >= start, to >= from
        else { throw bad(block) }
        name = view.string(at: Int(from), count: Int(to) - Int(from))
      } else {
        // Zeros may be after the last one.
        guard from >= start, Int(from) <= view.count else { throw bad(block) }
        name = view.terminatedString(at: Int(from), count: view.count - Int(from))
      }
      guard let name else { throw bad(block) }
      guard !name.isEmpty, name.count <= EROFSLimits.nameByteCount,
        !name.bytes.contains(ASCII.slash), !name.bytes.contains(0)
      else { throw .badName(inode: inode.number, block: block) }
      result.append(Entry(name: name, inode: number))
    }
    return result
  }

  private func bad(_ block: UInt64) -> EROFSError {
    .badDirectory(inode: inode.number, block: block)
  }

  private func view(ofBlock block: UInt64) throws(EROFSError) -> ByteView {
    let start = block * blockByteCount  // Inside the directory, whose size is limited.
    var skipped = start
    var rest = min(blockByteCount, inode.byteCount - start)
    var bytes: [UInt8] = []
    var reader = ExtentReader(volume)
    for extent in extents where rest > 0 {
      if skipped >= extent.byteCount {
        skipped -= extent.byteCount
        continue
      }
      // What is left of it begins with what is wanted.
      guard let wanted = skipped == 0 ? extent : extent.split(at: skipped).tail else { break }
      skipped = 0
      let part = wanted.split(at: rest).head
      rest -= part.byteCount
      do { bytes += try reader.read(part) } catch { throw .device(error) }
    }
    return ByteView(bytes)
  }
}
