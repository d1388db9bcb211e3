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
  private let extents: [Extent]
  /// Where in the contents each extent ends.
  private let ends: [UInt64]
  /// What was unpacked last, the newest one at the end.
  private var kept: [(index: Int, bytes: [UInt8])] = []

  /// The contents of `inode`, whose `extents` add up to its size.
  init(_ inode: Inode, _ extents: [Extent], on volume: Volume<Device>) throws(EROFSError) {
    byteCount = inode.byteCount
    self.volume = volume
    self.extents = extents
    var ends: [UInt64] = []
    ends.reserveCapacity(extents.count)
    var end: UInt64 = 0
    for extent in extents {
      if case .encoded(let piece) = extent {
        guard piece.decodedByteCount <= EROFSLimits.metaboxPieceByteCount else {
          throw .unsupportedFile(
            inode: inode.number, feature: "packed metadata in pieces of this size")
        }
      }
      end += extent.byteCount
      ends.append(end)
    }
    self.ends = ends
  }

  /// `count` bytes from `byteOffset` on, which the caller has found to be inside.
  @inline(never)
  func view(at byteOffset: UInt64, count: Int) throws(EROFSError) -> ByteView {
    var bytes: [UInt8] = []
    var index = self.index(of: byteOffset)
    while bytes.count < count, index < extents.count {
      let start = index == 0 ? 0 : ends[index - 1]
      let skipped = byteOffset + UInt64(bytes.count) - start
      let wanted = min(UInt64(count - bytes.count), ends[index] - start - skipped)
      bytes += try read(index, from: skipped, count: wanted)
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

  @inline(never)
  private func read(
    _ index: Int, from skipped: UInt64, count: UInt64
  ) throws(EROFSError) -> [UInt8] {
    var reader = ExtentReader(volume)
    do {
      guard case .encoded = extents[index] else {
        let rest = skipped == 0 ? extents[index] : extents[index].split(at: skipped).tail
        guard let rest else { return [] }
        return try reader.read(rest.split(at: count).head)
      }
      if let place = kept.firstIndex(where: { $0.index == index }) {
        kept.append(kept.remove(at: place))
      } else {
        let bytes = try reader.read(extents[index])
        if kept.count == EROFSLimits.metaboxKeptCount { kept.removeFirst() }
        kept.append((index, bytes))
      }
    } catch { throw .device(error) }
    // As long as the extent, in which all of this is.
    guard let bytes = kept.last?.bytes else { return [] }
    return Array(bytes[Int(skipped)..<Int(skipped + count)])
  }
}
