// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An extent of a file: 21 bytes of head, then the contents themselves, or 32 bytes that say where
/// they are (`struct btrfs_file_extent_item`).
struct FileExtentItem {
  enum Contents {
    /// Nothing is stored, or blocks were allocated and never written.
    case hole
    case inline([UInt8])
    /// A range of logical addresses.
    case stored(logical: UInt64, byteCount: UInt64)
  }

  enum Compression: UInt8 {
    case zlib = 1
    case lzo = 2
    case zstd = 3
  }

  let contents: Contents
  /// How what is stored is packed; nil if it is not.
  let compression: Compression?
  /// How many bytes unpack from it.
  let decodedByteCount: UInt64
  /// How many of these, or of the stored ones, are before those of this file.
  let skippedByteCount: UInt64
  /// How many bytes of the file these are.
  let byteCount: UInt64

  init(_ view: ByteView, at place: BtrfsStructure) throws(BtrfsError) {
    guard let decoded = view.u64(at: 8), let packing = view.u8(at: 16),
      let encryption = view.u8(at: 17), let encoding = view.u16(at: 18),
      let type = view.u8(at: 20)
    else { throw .badField(place, field: "item size", value: UInt64(view.count)) }
    let compression = Compression(rawValue: packing)
    guard packing == 0 || compression != nil else {
      throw .unsupportedFile(place, feature: "compression \(packing)")
    }
    guard encryption == 0 else { throw .unsupportedFile(place, feature: "encryption") }
    guard encoding == 0 else { throw .unsupportedFile(place, feature: "encoding \(encoding)") }
    guard compression == nil || decoded <= BtrfsLimits.encodedByteCount else {
      throw .badField(place, field: "ram_bytes", value: decoded)
    }
    self.compression = compression
    decodedByteCount = decoded
    if type == 0 {
      let bytes = view.suffix(from: 21)?.bytes ?? []
      contents = .inline(bytes)
      skippedByteCount = 0
      byteCount = compression == nil ? UInt64(bytes.count) : decoded
      return
    }
    guard type <= 2 else { throw .badField(place, field: "type", value: UInt64(type)) }
    guard let logical = view.u64(at: 21), let stored = view.u64(at: 29),
      let skipped = view.u64(at: 37), let count = view.u64(at: 45)
    else { throw .badField(place, field: "item size", value: UInt64(view.count)) }
    skippedByteCount = skipped
    byteCount = count
    // Address 0 is a hole.
    if type == 2 || logical == 0 {
      contents = .hole
      return
    }
    guard Checked.sum(logical, stored) != nil else {
      throw .badField(place, field: "disk_num_bytes", value: stored)
    }
    // Of bytes that are not packed no more can be wanted than there are.
    guard compression != nil || (skipped <= stored && count <= stored - skipped) else {
      throw .badField(place, field: "num_bytes", value: count)
    }
    guard compression == nil || (stored > 0 && stored <= BtrfsLimits.encodedByteCount) else {
      throw .badField(place, field: "disk_num_bytes", value: stored)
    }
    contents = .stored(logical: logical, byteCount: stored)
  }
}
