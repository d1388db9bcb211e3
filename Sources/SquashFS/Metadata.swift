// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// A place in metadata: the byte of the volume at which a block's header is, and the byte in what
/// the block unpacks to.
struct MetadataCursor {
  var block: UInt64
  var offset: Int
}

/// Unpacks blocks of metadata and keeps the last few. A block has a header of 16 bits: its stored
/// size, and in the highest bit whether it is stored as it is. The next block is after it.
final class Metadata<Device: BlockDevice> {
  private struct Block {
    let byteOffset: UInt64
    let bytes: ByteView
    /// Where the next one's header is.
    let next: UInt64
  }

  private let volume: Volume<Device>
  private let format: BlockFormat
  /// The end of the file system.
  private let end: UInt64
  /// The one that was used last comes last.
  private var blocks: [Block] = []

  init(_ volume: Volume<Device>, _ superblock: Superblock) {
    self.volume = volume
    format = superblock.format
    end = superblock.usedByteCount
  }

  /// Forgets the blocks.
  func removeAll() { blocks = [] }

  /// The next `count` bytes, which may go over into other blocks. Moves `cursor` after them.
  func read(
    _ count: Int, at cursor: inout MetadataCursor, for place: SquashFSStructure
  ) throws(SquashFSError) -> ByteView {
    var result: [UInt8] = []
    do { try volume.work.payMemory(byteCount: count) } catch { throw .device(error) }
    // Ends: each turn takes a byte at least, or goes on to a block that is after.
    while true {
      let block = try block(at: cursor.block, for: place)
      guard cursor.offset <= block.bytes.count else { throw .metadataTooShort(place) }
      let part = min(count - result.count, block.bytes.count - cursor.offset)
      guard let view = block.bytes.slice(at: cursor.offset, count: part) else {
        throw .metadataTooShort(place)
      }
      cursor.offset += part
      if part == count { return view }
      result += view.bytes
      if result.count == count { return ByteView(result) }
      cursor = MetadataCursor(block: block.next, offset: 0)
    }
  }

  private func block(
    at byteOffset: UInt64, for place: SquashFSStructure
  ) throws(SquashFSError) -> Block {
    // Mostly the one that was used last.
    if let last = blocks.last, last.byteOffset == byteOffset { return last }
    try pay(.lookups)
    if let index = blocks.firstIndex(where: { $0.byteOffset == byteOffset }) {
      let block = blocks.remove(at: index)
      blocks.append(block)
      return block
    }
    let block = try load(byteOffset, for: place)
    if blocks.count == SquashFSLimits.cachedBlockCount { blocks.removeFirst() }
    blocks.append(block)
    return block
  }

  /// Pays for work.
  func pay(_ kind: WorkKind, _ count: Int = 1) throws(SquashFSError) {
    do { try volume.work.pay(kind, count) } catch { throw .device(error) }
  }

  private func load(
    _ byteOffset: UInt64, for place: SquashFSStructure
  ) throws(SquashFSError) -> Block {
    guard byteOffset <= end, end - byteOffset >= 2 else {
      throw .outOfRange(place, byteOffset: byteOffset)
    }
    let here = SquashFSStructure.metadata(byteOffset: byteOffset)
    guard let header = try view(at: byteOffset, count: 2).u16(at: 0) else {
      throw .metadataTooShort(here)
    }
    let start = byteOffset + 2
    let count = Int(header & 0x7fff)
    let isPacked = header & 0x8000 == 0
    guard UInt64(count) <= end - start,
      isPacked || count <= SquashFSLimits.metadataByteCount
    else { throw .outOfRange(here, byteOffset: start + UInt64(count)) }
    let bytes = isPacked ? try unpack(start, count, here) : try view(at: start, count: count)
    guard bytes.count > 0 else { throw .metadataTooShort(here) }
    return Block(byteOffset: byteOffset, bytes: bytes, next: start + UInt64(count))
  }

  private func unpack(
    _ byteOffset: UInt64, _ count: Int, _ place: SquashFSStructure
  ) throws(SquashFSError) -> ByteView {
    let most = UInt64(SquashFSLimits.metadataByteCount)
    guard
      let piece = EncodedExtent(
        format, stored: [.run(byteOffset: byteOffset, byteCount: UInt64(count))],
        decodedByteCount: most, byteCount: most)
    else { throw .metadataTooShort(place) }
    do { return ByteView(try ExtentReader(volume).readAll(piece)) } catch { throw .device(error) }
  }

  private func view(at byteOffset: UInt64, count: Int) throws(SquashFSError) -> ByteView {
    do { return ByteView(try volume.read(at: byteOffset, count: count)) } catch {
      throw .device(error)
    }
  }
}
