// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem

/// Metadata that are themselves packed: the contents of one inode ("metabox"; Linux 6.17,
/// erofs_fs.h, `metabox_nid`). Inodes whose numbers have the highest bit are in there, 32 bytes for
/// each number, and what follows them is there too.
final class Metabox<Device: BlockDevice> {
  /// The bit of an inode's number that says so (EROFS_DIRENT_NID_METABOX_BIT).
  static var numberBit: UInt64 { 1 << 63 }

  let byteCount: UInt64

  private let volume: Volume<Device>
  private let extents: IndexedExtents
  /// What was unpacked last, the newest one at the end.
  private var kept: [(index: Int, bytes: [UInt8])] = []

  /// The contents of `inode`, whose `extents` add up to its size.
  init(_ inode: Inode, _ extents: [Extent], on volume: Volume<Device>) throws(EROFSError) {
    byteCount = inode.byteCount
    self.volume = volume
    for case .encoded(let piece) in extents {
      guard piece.decodedByteCount <= EROFSLimits.metaboxPieceByteCount else {
        throw .unsupportedFile(
          inode: inode.number, feature: "packed metadata in pieces of this size")
      }
    }
    do { self.extents = try IndexedExtents(extents, paidBy: volume.work) } catch {
      throw .device(error)
    }
  }

  /// `count` bytes from `byteOffset` on, which the caller has found to be inside.
  @inline(never)
  func view(at byteOffset: UInt64, count: Int) throws(EROFSError) -> ByteView {
    do throws(BlockError) {
      try volume.work.pay(.copiedBytes, count)
      try volume.work.payMemory(byteCount: count)
      var bytes: [UInt8] = []
      // Ends: an extent is found for a byte that it has.
      while bytes.count < count,
        let (index, skipped) = extents.find(byteOffset + UInt64(bytes.count))
      {
        try volume.work.pay(.lookups)
        let rest = extents.extents[index].byteCount - skipped
        bytes += try read(index, from: skipped, count: min(UInt64(count - bytes.count), rest))
      }
      return ByteView(bytes)
    } catch { throw .device(error) }
  }

  @inline(never)
  private func read(
    _ index: Int, from skipped: UInt64, count: UInt64
  ) throws(BlockError) -> [UInt8] {
    var reader = ExtentReader(volume)
    let extent = extents.extents[index]
    guard case .encoded = extent else {
      let rest = skipped == 0 ? extent : extent.split(at: skipped).tail
      guard let rest else { return [] }
      return try reader.read(rest.split(at: count).head)
    }
    if let place = kept.firstIndex(where: { $0.index == index }) {
      kept.append(kept.remove(at: place))
    } else {
      let bytes = try reader.read(extent)
      if kept.count == EROFSLimits.metaboxKeptCount { kept.removeFirst() }
      kept.append((index, bytes))
    }
    // As long as the extent, in which all of this is.
    guard let bytes = kept.last?.bytes else { return [] }
    return Array(bytes[Int(skipped)..<Int(skipped + count)])
  }
}
