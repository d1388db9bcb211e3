// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The files of a directory in order. Each has a set of entries of 32 bytes: one for the file, one
/// for its clusters, and some with fifteen units of its name each (sections 6 and 7).
struct DirectoryReader<Device: BlockDevice> {
  /// A file with its name in UTF-16.
  struct File {
    let name: [UInt16]
    let node: ExFATNode
  }

  private static var entryByteCount: Int { 32 }
  private static var chunkByteCount: UInt64 { 4096 }
  /// Types of entries (section 6.2.1 and table 4).
  private static var fileType: UInt8 { 0x85 }
  private static var streamType: UInt8 { 0xc0 }
  private static var nameType: UInt8 { 0xc1 }

  private let system: ExFATFileSystem<Device>
  private let directory: ExFATNode
  private var runs: [Extent]
  private var chunk = ByteView([])
  private var offset = 0
  /// An entry that was read and belongs to what comes next.
  private var pending: ByteView?
  private var entryCount: UInt64 = 0
  /// The number of the first entry of a set that is damaged; nil if none was met.
  private(set) var firstBadEntry: UInt64?

  /// A walk over `directory`.
  init(_ directory: ExFATNode, in system: ExFATFileSystem<Device>) throws(ExFATError) {
    self.system = system
    self.directory = directory
    runs = try system.directoryRuns(of: directory).reversed()
  }

  /// The next file; nil at the end. Sets that are damaged are passed over, as Windows does.
  @inline(never)
  mutating func next() throws(ExFATError) -> File? {
    // Ends: each turn takes 32 bytes of a directory, whose size is limited.
    while let entry = try nextEntry() {
      guard entry.u8(at: 0) == Self.fileType else { continue }
      let number = entryCount - 1
      if let file = try file(entry) { return file }
      if firstBadEntry == nil { firstBadEntry = number }
    }
    return nil
  }

  /// The next entry that is not a part of a file, for the root's own ones; nil at the end.
  @inline(never)
  mutating func nextEntry() throws(ExFATError) -> ByteView? {
    // Ends: each turn takes 32 bytes of a directory, whose size is limited.
    while let entry = try rawEntry() {
      guard let type = entry.u8(at: 0), type != 0 else { return nil }
      // Not in use, or it belongs to one that was passed over.
      if type & 0x80 == 0 || type & 0x40 != 0 { continue }
      return entry
    }
    return nil
  }

  /// The file whose set begins with `first`; nil if the set is damaged. Reads its entries as far as
  /// they belong to it.
  @inline(never)
  private mutating func file(_ first: ByteView) throws(ExFATError) -> File? {
    guard let count = first.u8(at: 1), (2...18).contains(count), let stored = first.u16(at: 2)
    else { return nil }
    var sum = Self.checksum(first, after: 0, isFirst: true)
    var stream: ByteView?
    var name: [UInt16] = []
    for index in 1...count {
      guard let entry = try rawEntry(), let type = entry.u8(at: 0) else { return nil }
      guard type & 0xc0 == 0xc0 else {
        pending = entry
        entryCount -= 1
        return nil
      }
      sum = Self.checksum(entry, after: sum, isFirst: false)
      if index == 1 {
        guard type == Self.streamType else { return nil }
        stream = entry
      } else if type == Self.nameType {
        for place in stride(from: 2, to: Self.entryByteCount, by: 2) {
          name.append(entry.u16(at: place) ?? 0)
        }
      }
      // Others belong to the file, and say nothing that is needed (section 8.2).
    }
    guard ChecksumRule.matches(stored, sum), let stream, let length = stream.u8(at: 3), length > 0,
      Int(length) <= name.count, let node = ExFATNode(file: first, stream: stream, in: directory)
    else { return nil }
    name.removeSubrange(Int(length)...)
    // No path can have such a name.
    guard name.allSatisfy({ $0 >= 0x20 && $0 != 0x2f }) else { return nil }
    return File(name: name, node: node)
  }

  /// The sum over an entry, of which the first one of a set has the sum itself at 2.
  private static func checksum(_ entry: ByteView, after sum: UInt16, isFirst: Bool) -> UInt16 {
    var result = sum
    let bytes = entry.bytes
    for index in bytes.indices where !isFirst || (index != 2 && index != 3) {
      result = Checksum.next(result, bytes[index])
    }
    return result
  }

  @inline(never)
  private mutating func rawEntry() throws(ExFATError) -> ByteView? {
    if let entry = pending {
      pending = nil
      entryCount += 1
      return entry
    }
    if offset + Self.entryByteCount > chunk.count {
      guard case .run(let start, let count) = runs.popLast() else { return nil }
      let here = min(count, Self.chunkByteCount)
      if here < count { runs.append(.run(byteOffset: start + here, byteCount: count - here)) }
      chunk = try system.bytes(at: start, count: Int(here))
      offset = 0
    }
    // A name has several entries, of which each costs as much as a short name elsewhere.
    try system.pay(.names)
    let entry = chunk.slice(at: offset, count: Self.entryByteCount)
    offset += Self.entryByteCount
    entryCount += 1
    return entry
  }
}
