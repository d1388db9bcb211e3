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
  let blockByteCount: UInt64

  private let extents: [Extent]
  /// Where in the directory each extent ends.
  private let ends: [UInt64]
  private var reader: ExtentReader<Device>

  /// A directory whose contents are `extents`, which add up to its size.
  init(_ inode: Inode, _ extents: [Extent], blockByteCount: UInt64, on volume: Volume<Device>) {
    self.inode = inode
    self.extents = extents
    self.blockByteCount = blockByteCount
    var end: UInt64 = 0
    ends = extents.map { extent in
      end += extent.byteCount
      return end
    }
    reader = ExtentReader(volume)
  }

  /// The last block may not be full.
  var blockCount: UInt64 {
    inode.byteCount / blockByteCount + (inode.byteCount % blockByteCount > 0 ? 1 : 0)
  }

  /// The inode that `name` leads to; nil if there is none. Halves the number of blocks that may
  /// have it until one is left.
  mutating func number(of name: ByteString) throws(EROFSError) -> UInt64? {
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
  mutating func entries(ofBlock block: UInt64) throws(EROFSError) -> [Entry] {
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

  private mutating func view(ofBlock block: UInt64) throws(EROFSError) -> ByteView {
    let start = block * blockByteCount  // Inside the directory, whose size is limited.
    let count = min(blockByteCount, inode.byteCount - start)
    var index = self.index(of: start)
    var bytes: [UInt8] = []
    while UInt64(bytes.count) < count, index < extents.count {
      let place = start + UInt64(bytes.count)
      let skipped = place - (index == 0 ? 0 : ends[index - 1])
      let wanted = skipped == 0 ? extents[index] : extents[index].split(at: skipped).tail
      if let part = wanted?.split(at: count - UInt64(bytes.count)).head {
        do { bytes += try reader.read(part) } catch { throw .device(error) }
      }
      index += 1
    }
    return ByteView(bytes)
  }

  /// The first extent that ends after `byteOffset`.
  private func index(of byteOffset: UInt64) -> Int {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = low + (high - low) / 2
      if ends[middle] <= byteOffset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
