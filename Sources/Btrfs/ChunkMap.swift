// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// Where logical addresses are on the volume: all chunks in the order of their addresses, and the
/// devices that are here.
struct ChunkMap {
  private var chunks: [Chunk] = []
  let members: [BtrfsMember]

  /// A map without chunks, for `members`, no two with the same number.
  init(_ members: [BtrfsMember]) { self.members = members }

  /// The map with only the chunks in the superblock, which are enough to read the tree of chunks.
  init(_ superblock: Superblock, _ members: [BtrfsMember]) throws(BtrfsError) {
    self.init(members)
    let array = superblock.chunkArray
    var offset = 0
    // Ends: each turn goes on by 48 bytes at least.
    while offset < array.count {
      guard let key = TreeKey(array, at: offset), key.type == ItemType.chunk,
        let rest = array.suffix(from: offset + TreeKey.byteCount)
      else { throw .badField(.chunkArray, field: "key at byte", value: UInt64(offset)) }
      let chunk = try Chunk(rest, logical: key.offset)
      offset += TreeKey.byteCount + chunk.itemByteCount
      chunks.append(chunk)
    }
    // They need not be in order, and are few: 2048 bytes hold 20.
    chunks.sort { $0.logical < $1.logical }
    for index in chunks.indices where index > 0 && chunks[index].logical < chunks[index - 1].end {
      throw .overlappingChunks(chunks[index].logical)
    }
  }

  /// Adds a chunk after all others.
  mutating func append(_ chunk: Chunk) throws(BtrfsError) {
    guard chunks.count < BtrfsLimits.chunkCount else { throw .tooManyChunks }
    if let last = chunks.last, chunk.logical < last.end {
      throw .overlappingChunks(chunk.logical)
    }
    chunks.append(chunk)
  }

  /// How many chunks there are.
  var count: Int { chunks.count }

  /// How many copies of what is at `logical` there are, on whatever devices.
  func copyCount(at logical: UInt64) throws(BtrfsError) -> Int {
    let chunk = try chunk(at: logical)
    return chunk.place(of: logical - chunk.logical).copies.count
  }

  /// The runs on the volume that hold the bytes from `logical` on: copy `copy` of them, or where
  /// that is nil the first whose device is here. Adds them to `list`.
  func appendRuns(
    at logical: UInt64, byteCount: UInt64, copy: Int?, to list: inout ExtentRuns,
    countMax: Int, for place: BtrfsStructure, work: WorkAccount
  ) throws(BtrfsError) {
    var position = logical
    var rest = byteCount
    // Ends: each turn takes a byte or more, and no more than `countMax` runs are made.
    while rest > 0 {
      let chunk = try chunk(at: position)
      let part = chunk.place(of: position - chunk.logical)
      let count = min(rest, part.byteCount)
      let start = try volumeOffset(
        chunk, part.copies, copy, inStripe: part.inStripe, byteCount: count)
      do throws(BlockError) {
        // The devices are gone through for each copy.
        try work.pay(.comparisons, part.copies.count)
        try list.append(.run(byteOffset: start, byteCount: count), paidBy: work)
      } catch { throw .device(error) }
      guard list.extents.count <= countMax else { throw .tooFragmented(place) }
      rest -= count
      // The chunk's end fits, so this does.
      position += count
    }
  }

  private func volumeOffset(
    _ chunk: Chunk, _ copies: Range<Int>, _ copy: Int?, inStripe: UInt64, byteCount: UInt64
  ) throws(BtrfsError) -> UInt64 {
    var absent: UInt64 = 0
    for (index, stripeIndex) in copies.enumerated() where copy == nil || copy == index {
      let stripe = chunk.stripes[stripeIndex]
      guard let member = member(stripe.deviceID) else {
        absent = stripe.deviceID
        continue
      }
      guard let start = Checked.sum(stripe.byteOffset, inStripe),
        let end = Checked.sum(start, byteCount), end <= member.byteCount
      else { throw .outsideDevice(chunk: chunk.logical, deviceID: stripe.deviceID) }
      // The member is on the volume, whose size fits.
      return member.byteOffset + start
    }
    throw .absentDevice(chunk: chunk.logical, deviceID: absent)
  }

  private func member(_ id: UInt64) -> BtrfsMember? {
    for member in members where member.deviceID == id { return member }
    return nil
  }

  private func chunk(at logical: UInt64) throws(BtrfsError) -> Chunk {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if chunks[middle].end <= logical { low = middle + 1 } else { high = middle }
    }
    guard low < chunks.count, chunks[low].logical <= logical else {
      throw .unmapped(logical: logical)
    }
    return chunks[low]
  }
}
