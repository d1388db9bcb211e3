// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Bytes

extension BtrfsFileSystem {
  /// Opens the file system on `volume`, a device. Throws `BtrfsError.notBtrfs` if there is none.
  public static func open(_ volume: Volume<Device>) throws(BtrfsError) -> BtrfsFileSystem {
    guard let system = try probe(volume) else { throw .notBtrfs }
    return system
  }

  /// Opens the file system on `volume`; nil if there is no superblock with the magic number.
  /// Throws if there is one that can't be used.
  public static func probe(_ volume: Volume<Device>) throws(BtrfsError) -> BtrfsFileSystem? {
    try probe(volume, partByteCounts: [volume.byteCount])
  }

  /// The same for a volume that consists of several devices of these sizes, in this order.
  @inline(never)
  public static func probe(
    _ volume: Volume<Device>, partByteCounts: [UInt64]
  ) throws(BtrfsError) -> BtrfsFileSystem? {
    var newest: Superblock?
    var members: [BtrfsMember] = []
    var start: UInt64 = 0
    for byteCount in partByteCounts {
      precondition(byteCount <= volume.byteCount - start, "parts that the volume has not")
      guard let superblock = try superblock(at: start, count: byteCount, of: volume) else {
        return nil
      }
      let id = superblock.deviceID
      guard superblock.uuid == (newest ?? superblock).uuid else {
        throw .foreignDevice(deviceID: id)
      }
      for member in members where member.deviceID == id { throw .doubledDevice(deviceID: id) }
      guard superblock.deviceByteCount <= byteCount else {
        throw .largerThanVolume(
          byteCount: superblock.deviceByteCount, volumeByteCount: byteCount)
      }
      members.append(BtrfsMember(deviceID: id, byteOffset: start, byteCount: byteCount))
      if superblock.generation > newest?.generation ?? 0 || newest == nil { newest = superblock }
      start += byteCount
    }
    guard let newest else { return nil }
    return try system(on: volume, newest, members)
  }

  /// What the superblock of `volume`, a device, says about the devices of its file system; nil if
  /// there is no superblock with the magic number.
  public static func membership(
    of volume: Volume<Device>
  ) throws(BtrfsError) -> BtrfsMembership? {
    try superblock(at: 0, count: volume.byteCount, of: volume).map { BtrfsMembership($0) }
  }

  private static func system(
    on volume: Volume<Device>, _ superblock: Superblock, _ members: [BtrfsMember]
  ) throws(BtrfsError) -> BtrfsFileSystem {
    let first = BtrfsFileSystem(volume, superblock, try ChunkMap(superblock, members))
    var chunks = ChunkMap(members)
    var cursor = try TreeCursor(
      first, superblock.chunkTree, from: TreeKey(TreeID.firstChunk, ItemType.chunk, 0),
      byteCountMax: BtrfsLimits.chunkTreeByteCount)
    while let item = try cursor.next(), item.key.object == TreeID.firstChunk,
      item.key.type == ItemType.chunk
    {
      // Each has its list of stripes.
      try first.payChunk(chunks.count, byteCount: MemoryLayout<Chunk>.stride)
      try chunks.append(try Chunk(item.data, logical: item.key.offset))
    }
    let second = BtrfsFileSystem(volume, superblock, chunks)
    return BtrfsFileSystem(
      volume, superblock, chunks, defaultSubvolume: try second.namedSubvolume())
  }

  private func payChunk(_ count: Int, byteCount: Int) throws(BtrfsError) {
    do throws(BlockError) {
      try volume.work.pay(.segments)
      try volume.work.payGrowth(elementCount: count, elementByteCount: byteCount)
    } catch { throw .device(error) }
  }

  /// The superblock of the device at `start` of the volume, or a copy if the first is bad. A device
  /// without the magic number in the first place has none: a copy may be all that is left of a
  /// file system from before the one that is there now.
  private static func superblock(
    at start: UInt64, count: UInt64, of volume: Volume<Device>
  ) throws(BtrfsError) -> Superblock? {
    var failure: BtrfsError?
    for offset in Superblock.byteOffsets {
      // At most 256 GiB and a bit.
      guard offset + UInt64(Superblock.byteCount) <= count else { break }
      do throws(BtrfsError) {
        let bytes: [UInt8]
        do throws(BlockError) {
          bytes = try volume.read(at: start + offset, count: Superblock.byteCount)
        } catch { throw .device(error) }
        let view = ByteView(bytes)
        guard Superblock.isPresent(in: view) else {
          if failure == nil { return nil }
          continue
        }
        return try Superblock(view, at: offset)
      } catch {
        if error.family == .unsupported { throw error }
        if failure == nil { failure = error }
      }
    }
    if let failure { throw failure }
    return nil
  }
}
