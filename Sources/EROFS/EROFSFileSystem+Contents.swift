// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

extension EROFSFileSystem {
  /// The extents of an inode's contents, which add up to its size.
  func contents(of inode: Inode) throws(EROFSError) -> [Extent] {
    if inode.byteCount == 0 { return [] }
    switch inode.layout {
    case .plain:
      if inode.hasNoBlocks { return [.zeros(byteCount: inode.byteCount)] }
      return [try run(of: inode, atBlock: inode.block, count: inode.byteCount)]
    case .inline: return try inlineExtents(of: inode)
    case .chunks: return try chunks(of: inode)
    case .packed, .packedCompactly:
      return try packedExtents(of: inode, from: 0, count: inode.byteCount)
    }
  }

  /// A run of whole blocks, or of the front of the last one.
  private func run(
    of inode: Inode, atBlock block: UInt64, count: UInt64
  ) throws(EROFSError) -> Extent {
    // Under 2^64: the block has 48 bits, the exponent is 16 at most.
    .run(
      byteOffset: try checked(block << superblock.blockShift, count, of: inode), byteCount: count)
  }

  /// `offset`, from which there are `count` bytes of data on the volume.
  @inline(never)
  func checked(_ offset: UInt64, _ count: UInt64, of inode: Inode) throws(EROFSError) -> UInt64 {
    guard offset <= volume.byteCount, count <= volume.byteCount - offset else {
      if let device = devices.number(ofBlock: offset >> superblock.blockShift) {
        throw onAnother(device, inode)
      }
      throw .outOfRange(inode: inode.number, byteOffset: offset)
    }
    return offset
  }

  private func onAnother(_ device: Int, _ inode: Inode) -> EROFSError {
    .onAnotherDevice(
      inode: inode.number, device: device, tag: devices.slots[device - 1].tag)
  }

  /// Whole blocks as in a plain file; the rest is after the inode and does not leave its block.
  private func inlineExtents(of inode: Inode) throws(EROFSError) -> [Extent] {
    let size = superblock.blockByteCount
    let whole = (inode.byteCount - 1) / size * size  // There is a byte at least.
    let rest = try metadataExtent(of: inode, at: inode.end, count: inode.byteCount - whole)
    var result = ExtentRuns()
    if whole > 0 {
      result.append(try run(of: inode, atBlock: inode.block, count: whole))
    }
    result.append(rest)
    return result.extents
  }

  /// Pieces of some blocks each, listed after the inode: a block number each, or 8 bytes with a
  /// device's number too.
  private func chunks(of inode: Inode) throws(EROFSError) -> [Extent] {
    let form = inode.word & 0xffff
    guard form & ~0x7f == 0 else {
      throw .unsupportedFile(inode: inode.number, feature: "chunks of form \(hex: UInt64(form))")
    }
    let hasIndexes = form & 0x20 != 0
    let mask: UInt64 = form & 0x60 == 0x60 ? 1 << 48 - 1 : 1 << 32 - 1
    let chunkByteCount: UInt64 = 1 << (superblock.blockShift + UInt64(form & 0x1f))
    let count = (inode.byteCount - 1) / chunkByteCount + 1
    guard count <= EROFSLimits.chunkCount else { throw .tooManyExtents(inode: inode.number) }
    let unit: UInt64 = hasIndexes ? 8 : 4
    let start = (inode.end &+ (unit - 1)) / unit * unit
    let table = try metadata(of: inode, at: start, count: count * unit)
    var result = ExtentRuns()
    var left = inode.byteCount
    for index in 0..<Int(count) {
      let byteCount = min(left, chunkByteCount)
      left -= byteCount
      let place = index * Int(unit)
      let high = hasIndexes ? table.u16(at: place) : 0
      let device = hasIndexes ? table.u16(at: place + 2) : 0
      guard let high, let device, let low = table.u32(at: hasIndexes ? place + 4 : place) else {
        throw .outOfRange(inode: inode.number, byteOffset: start)
      }
      let block = (UInt64(low) | UInt64(high) << 32) & mask
      // All ones stand for no block: a hole.
      let extent: Extent =
        block == mask
        ? .zeros(byteCount: byteCount)
        : try chunk(of: inode, atBlock: block, device & devices.numberMask, byteCount)
      do { try result.append(extent, paidBy: volume.work) } catch { throw .device(error) }
    }
    return result.extents
  }

  /// A piece on the first device, or on a further one if that is on the volume too.
  @inline(never)
  private func chunk(
    of inode: Inode, atBlock block: UInt64, _ device: UInt16, _ count: UInt64
  ) throws(EROFSError) -> Extent {
    if device == 0 { return try run(of: inode, atBlock: block, count: count) }
    guard Int(device) <= devices.slots.count else {
      throw .badInode(inode.number, field: "a device's number", value: UInt64(device))
    }
    let slot = devices.slots[Int(device) - 1]
    let size = superblock.blockByteCount
    let all = volume.byteCount
    // Both numbers have 48 bits. All of the device must be there, or none of it is.
    guard slot.firstBlock > 0, slot.firstBlock + slot.blockCount <= all / size else {
      throw onAnother(Int(device), inode)
    }
    return try run(of: inode, atBlock: slot.firstBlock + block, count: count)
  }
}
