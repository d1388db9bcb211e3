// SPDX-License-Identifier: GPL-2.0-or-later

/// Where a piece of a file's contents comes from. A file is a list of them, in file order, whose
/// byte counts add up to the file's size exactly.
public enum Extent: Equatable, Sendable {
  /// A run of bytes on the volume, `byteOffset` counted from the volume's start.
  case run(byteOffset: UInt64, byteCount: UInt64)
  /// Zeros that are stored nowhere: a hole, or blocks allocated but never written.
  case zeros(byteCount: UInt64)
  /// Bytes kept in metadata.
  case inline([UInt8])
  /// Bytes that must be unpacked.
  indirect case encoded(EncodedExtent)

  /// The number of bytes of the file that this piece gives.
  public var byteCount: UInt64 {
    switch self {
    case .run(_, let count), .zeros(let count): count
    case .inline(let bytes): UInt64(bytes.count)
    case .encoded(let piece): piece.byteCount
    }
  }

  /// The first `byteCount` bytes, and what follows them; no second part if there are no more.
  public func split(at byteCount: UInt64) -> (head: Extent, tail: Extent?) {
    guard byteCount < self.byteCount else { return (self, nil) }
    switch self {
    case .run(let offset, let count):
      return (
        .run(byteOffset: offset, byteCount: byteCount),
        .run(byteOffset: offset + byteCount, byteCount: count - byteCount)
      )
    case .zeros(let count):
      return (.zeros(byteCount: byteCount), .zeros(byteCount: count - byteCount))
    case .inline(let bytes):
      let count = Int(byteCount)
      return (.inline(Array(bytes[..<count])), .inline(Array(bytes[count...])))
    case .encoded(let piece):
      let (head, tail) = piece.split(at: byteCount)
      return (.encoded(head), .encoded(tail))
    }
  }
}
