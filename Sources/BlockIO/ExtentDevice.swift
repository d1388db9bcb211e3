// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A file that stands for a disk, as GRUB's `loopback` makes one of an image: its extents on the
/// volume that it is on.
public final class ExtentDevice<Base: BlockDevice>: BlockDevice {
  /// The name given to it.
  public let name: ByteString

  /// The size of the file in bytes.
  public let byteCount: UInt64

  /// 512: images have no sectors of their own.
  public var sectorByteCount: Int { 512 }

  /// The volume that the file is on.
  public let volume: Volume<Base>

  private let extents: [Extent]
  /// Where each extent starts in the file.
  private let starts: [UInt64]

  /// The file of `extents` on `volume`. Nil if their sizes add up to more than 64 bits.
  public init?(name: ByteString, extents: [Extent], on volume: Volume<Base>) {
    var starts: [UInt64] = []
    var end: UInt64 = 0
    for extent in extents {
      starts.append(end)
      guard let next = Checked.sum(end, extent.byteCount) else { return nil }
      end = next
    }
    self.name = name
    self.extents = extents
    self.starts = starts
    self.volume = volume
    byteCount = end
  }

  /// Reads from the pieces of the file.
  public func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(max(0, count))
    for piece in try pieces(at: byteOffset, byteCount: UInt64(max(0, count))) {
      result += try volume.read(piece)  // A part of `count`.
    }
    return result
  }

  /// Where a range of the file is on its volume: what a file inside the image is made of. Throws
  /// `BlockError.outOfRange` unless all of the range is in the file.
  public func pieces(
    at byteOffset: UInt64, byteCount count: UInt64
  ) throws(BlockError) -> [Extent] {
    guard byteOffset <= byteCount, count <= byteCount - byteOffset else {
      throw .outOfRange(byteOffset: byteOffset, byteCount: count, deviceByteCount: byteCount)
    }
    var result: [Extent] = []
    var position = byteOffset
    var rest = count
    var index = indexOfExtent(at: byteOffset)
    while rest > 0, index < extents.count {
      var piece = extents[index]
      // The first piece may begin inside its extent.
      if position > starts[index] {
        guard let tail = piece.split(at: position - starts[index]).tail else {
          index += 1
          continue
        }
        piece = tail
      }
      piece = piece.split(at: rest).head
      if piece.byteCount > 0 { result.append(piece) }
      position += piece.byteCount
      rest -= piece.byteCount
      index += 1
    }
    return result
  }

  /// The last extent that starts at or before a byte of the file; 0 if there is none.
  private func indexOfExtent(at byteOffset: UInt64) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= byteOffset { low = middle } else { high = middle }
    }
    return low
  }
}
