// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension SquashFSFileSystem {
  /// A block's or a fragment's size as stored: 24 bits, and one that says that it is not packed.
  private struct StoredSize {
    let byteCount: UInt64
    let isPacked: Bool

    /// Nil if there are other bits.
    init?(_ word: UInt32) {
      guard word >> 25 == 0 else { return nil }
      byteCount = UInt64(word & 0xff_ffff)
      isPacked = word & 0x100_0000 == 0
    }
  }

  /// The extents of a file: its blocks lie one after the other, and one without bytes is a hole.
  /// The rest is in a fragment, or is a last block that unpacks to less (squashfs.rst, section
  /// 3.6).
  func extents(of file: Inode.File, _ place: SquashFSStructure) throws(SquashFSError) -> [Extent] {
    let size = superblock.blockByteCount
    let (whole, rest) = file.byteCount.quotientAndRemainder(dividingBy: size)
    let count = whole + (rest > 0 && file.fragment == nil ? 1 : 0)  // The quotient is under 2^52.
    guard count <= SquashFSLimits.fileBlockCount else {
      throw .tooManyBlocks(place, count: count)
    }
    var cursor = file.sizes
    let sizes = try metadata.read(4 * Int(count), at: &cursor, for: place)
    var result = ExtentRuns()
    var offset = file.byteOffset
    var left = file.byteCount
    for index in 0..<Int(count) {
      let wanted = min(left, size)
      guard let word = sizes.u32(at: 4 * index) else { throw .metadataTooShort(place) }
      guard let stored = StoredSize(word), stored.byteCount <= size else {
        throw .badBlockSize(place, block: UInt64(index), byteCount: UInt64(word & 0xff_ffff))
      }
      guard offset <= superblock.usedByteCount,
        stored.byteCount <= superblock.usedByteCount - offset
      else { throw .outOfRange(place, byteOffset: offset) }
      let extent = try extent(stored, at: offset, count: wanted, UInt64(index), place)
      do { try result.append(extent, paidBy: volume.work) } catch { throw .device(error) }
      offset += stored.byteCount
      left -= wanted
    }
    if left > 0, let fragment = file.fragment {
      result.append(try end(left, in: fragment.index, at: UInt64(fragment.offset), place))
    }
    return result.extents
  }

  private func extent(
    _ stored: StoredSize, at offset: UInt64, count: UInt64, _ index: UInt64,
    _ place: SquashFSStructure
  ) throws(SquashFSError) -> Extent {
    if stored.byteCount == 0 { return .zeros(byteCount: count) }
    let bad = SquashFSError.badBlockSize(place, block: index, byteCount: stored.byteCount)
    if !stored.isPacked {
      guard stored.byteCount >= count else { throw bad }
      return .run(byteOffset: offset, byteCount: count)
    }
    guard
      let piece = EncodedExtent(
        superblock.format, stored: [.run(byteOffset: offset, byteCount: stored.byteCount)],
        decodedByteCount: count, byteCount: count)
    else { throw bad }
    return .encoded(piece)
  }

  /// The last bytes of a file, which share a block with those of others.
  private func end(
    _ count: UInt64, in index: UInt32, at offset: UInt64, _ place: SquashFSStructure
  ) throws(SquashFSError) -> Extent {
    guard index < superblock.fragmentCount else { throw .noFragment(place, fragment: index) }
    let (start, stored) = try fragment(index)
    let here = SquashFSStructure.fragment(index)
    guard start <= superblock.usedByteCount,
      stored.byteCount <= superblock.usedByteCount - start
    else { throw .outOfRange(here, byteOffset: start) }
    // Offset and count are of 32 bits.
    let most = stored.isPacked ? superblock.blockByteCount : stored.byteCount
    guard offset + count <= most else {
      throw .outsideOfFragment(place, fragment: index, offset: offset + count)
    }
    if !stored.isPacked { return .run(byteOffset: start + offset, byteCount: count) }
    guard
      let piece = EncodedExtent(
        superblock.format, stored: [.run(byteOffset: start, byteCount: stored.byteCount)],
        decodedByteCount: most, skippedByteCount: offset, byteCount: count)
    else { throw .badBlockSize(here, block: 0, byteCount: stored.byteCount) }
    return .encoded(piece)
  }

  /// Where a fragment is, and its stored size. A list of pointers leads to the blocks of metadata
  /// that hold the table, 512 entries each.
  private func fragment(
    _ index: UInt32
  ) throws(SquashFSError) -> (byteOffset: UInt64, StoredSize) {
    let entryByteCount = 16
    let perBlock = UInt32(SquashFSLimits.metadataByteCount / entryByteCount)
    let here = SquashFSStructure.fragment(index)
    let pointer = superblock.fragmentTable &+ 8 * UInt64(index / perBlock)
    guard pointer <= superblock.usedByteCount, superblock.usedByteCount - pointer >= 8 else {
      throw .outOfRange(here, byteOffset: pointer)
    }
    let block: UInt64?
    do { block = ByteView(try volume.read(at: pointer, count: 8)).u64(at: 0) } catch {
      throw .device(error)
    }
    guard let block else { throw .metadataTooShort(here) }
    var cursor = MetadataCursor(block: block, offset: entryByteCount * Int(index % perBlock))
    let entry = try metadata.read(entryByteCount, at: &cursor, for: here)
    guard let start = entry.u64(at: 0), let word = entry.u32(at: 8) else {
      throw .metadataTooShort(here)
    }
    guard let size = StoredSize(word), size.byteCount <= superblock.blockByteCount else {
      throw .badBlockSize(here, block: 0, byteCount: UInt64(word & 0xff_ffff))
    }
    return (start, size)
  }
}
