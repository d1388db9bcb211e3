// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An inode of the compact form, 32 bytes, or of the extended one, 64 (erofs_fs.h).
final class Inode {
  /// What every inode has at least.
  static let compactByteCount = 32
  static let extendedByteCount = 64

  /// How the contents are stored.
  enum Layout: Equatable {
    /// One run of blocks.
    case plain
    /// The same, but the rest of the last block is after the inode.
    case inline
    /// Blocks of a size of their own, anywhere.
    case chunks
    /// Packed, a list of clusters of 8 bytes each.
    case packed
    /// Packed, the list in fewer bytes.
    case packedCompactly
  }

  /// The number.
  let number: UInt64
  let layout: Layout
  /// The kind and the permission bits as POSIX has them.
  let mode: UInt16
  let byteCount: UInt64
  /// Seconds since 1970, or since the superblock's time if it is of the compact form.
  let modificationTime: UInt64
  let isExtended: Bool
  /// The first block, if all are in one run.
  let block: UInt64
  /// Whether there is no such block, and the file is zeros.
  let hasNoBlocks: Bool
  /// A form of chunks, or a device, by layout and kind.
  let word: UInt32
  /// Whether a directory has no entry for itself.
  let isPointOmitted: Bool
  /// Whether it is among the packed metadata, and what follows it too.
  let isInMetabox: Bool
  /// Where what follows the inode and its attributes is, in bytes of the volume or of the packed
  /// metadata.
  let end: UInt64

  /// Decodes the inode at `byteOffset`, of which `view` has 64 bytes, or fewer at the end of what
  /// it is in.
  init(_ view: ByteView, number: UInt64, at byteOffset: UInt64) throws(EROFSError) {
    let short = EROFSError.outOfRange(inode: number, byteOffset: byteOffset)
    guard let format = view.u16(at: 0), let attributes = view.u16(at: 2),
      let mode = view.u16(at: 4), let word = view.u32(at: 16), view.count >= Self.compactByteCount
    else { throw short }
    guard format >> 5 == 0 else {
      throw .unsupportedFile(inode: number, feature: "format \(hex: UInt64(format))")
    }
    switch format >> 1 & 7 {
    case 0: layout = .plain
    case 1: layout = .packed
    case 2: layout = .inline
    case 3: layout = .packedCompactly
    case 4: layout = .chunks
    default: throw .unsupportedFile(inode: number, feature: "layout \(format >> 1 & 7)")
    }
    isExtended = format & 1 != 0
    let isDirectory = mode & 0xf000 == 0x4000
    isPointOmitted = isDirectory && format & 0x10 != 0
    // The upper 16 bits are where the compact form has the number of links, unless that is one.
    let isWide = isExtended || (!isDirectory && format & 0x10 != 0)
    guard let high = view.u16(at: 6) else { throw short }
    let mask: UInt64 = isWide ? 1 << 48 - 1 : 1 << 32 - 1
    let first = (UInt64(word) | UInt64(high) << 32) & mask
    block = first
    hasNoBlocks = layout == .plain && first == mask
    if isExtended {
      guard let size = view.u64(at: 8), let time = view.u64(at: 32),
        view.count >= Self.extendedByteCount
      else { throw short }
      byteCount = size
      modificationTime = time
    } else {
      guard let size = view.u32(at: 8), let time = view.u32(at: 12) else { throw short }
      byteCount = UInt64(size)
      modificationTime = UInt64(time)
    }
    self.number = number
    isInMetabox = number >> 63 != 0
    self.mode = mode
    self.word = word
    // A header of 12 bytes and words; the offset was inside the volume.
    let attributeByteCount = attributes == 0 ? 0 : 8 + 4 * UInt64(attributes)
    let size = UInt64(isExtended ? Self.extendedByteCount : Self.compactByteCount)
    end = byteOffset &+ size &+ attributeByteCount
  }

  /// The kind's bits.
  var kindBits: UInt16 { mode & 0xf000 }
}
