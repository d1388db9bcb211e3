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

  private let work: WorkAccount
  private var contents: ContentsReader<Device>

  /// A directory whose contents are `extents`, which add up to its size.
  init(
    _ inode: Inode, _ extents: [Extent], blockByteCount: UInt64, on volume: Volume<Device>
  ) throws(EROFSError) {
    do { contents = try ContentsReader(extents, on: volume) } catch { throw .device(error) }
    self.inode = inode
    self.blockByteCount = blockByteCount
    work = volume.work
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
      var found: Entry?
      _ = try visit(middle) { entry in
        found = entry
        return false
      }
      guard let first = found else { throw bad(middle) }
      if name == first.name { return first.inode }
      if name < first.name { high = middle } else { low = middle }
    }
    guard low < high else { return nil }
    var number: UInt64?
    _ = try visit(low) { entry in
      guard entry.name == name else { return true }
      number = entry.inode
      return false
    }
    return number
  }

  /// Goes through the entries of one block in order, `.` and `..` among them, until `body` gives
  /// false; gives what that gave last. The first entry says where names begin, and so how many
  /// there are.
  @inline(never)
  mutating func visit(
    _ block: UInt64, _ body: (Entry) -> Bool
  ) throws(EROFSError) -> Bool {
    let view = try self.view(ofBlock: block)
    guard let start = view.u16(at: 8), start > 0, Int(start) % Self.entryByteCount == 0,
      Int(start) <= view.count
    else { throw bad(block) }
    for index in 0..<Int(start) / Self.entryByteCount {
      guard body(try entry(index, of: view, namesAt: start, block)) else { return false }
    }
    return true
  }

  private func entry(
    _ index: Int, of view: ByteView, namesAt start: UInt16, _ block: UInt64
  ) throws(EROFSError) -> Entry {
    do { try work.pay(.names) } catch { throw .device(error) }
    let place = Self.entryByteCount * index
    guard let number = view.u64(at: place), let from = view.u16(at: place + 8) else {
      throw bad(block)
    }
    let name: ByteString?
    if place + Self.entryByteCount < Int(start) {
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
    return Entry(name: name, inode: number)
  }

  private func bad(_ block: UInt64) -> EROFSError {
    .badDirectory(inode: inode.number, block: block)
  }

  private mutating func view(ofBlock block: UInt64) throws(EROFSError) -> ByteView {
    let start = block * blockByteCount  // Inside the directory, whose size is limited.
    let count = min(blockByteCount, inode.byteCount - start)
    do { return ByteView(try contents.read(at: start, count: Int(count))) } catch {
      throw .device(error)
    }
  }
}
