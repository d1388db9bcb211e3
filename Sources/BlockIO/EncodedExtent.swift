// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A part of what a packed piece of a file unpacks to: a compressed extent of Btrfs, a block of
/// SquashFS, EROFS or zisofs. `ExtentReader` of FileSystem unpacks it.
public struct EncodedExtent: Equatable, Sendable {
  /// The most bytes that one piece unpacks to: EROFS's largest (Z_EROFS_PCLUSTER_MAX_DSIZE). Other
  /// file systems have 1 MiB at most.
  public static let decodedByteCountMax = 12 << 20

  /// The most bytes that it is packed in: SquashFS's and EROFS's largest block, and a little more,
  /// because noise in zlib, as zisofs stores it, gets longer.
  public static let storedByteCountMax = (1 << 20) + (1 << 12)

  /// The most runs that the packed bytes may lie in.
  public static let storedCountMax = 1024

  /// How the bytes are packed.
  public let format: BlockFormat
  /// Where the packed bytes are, in order: runs and inline bytes.
  public let stored: [Extent]
  /// Whether zeros in front of the packed bytes do not belong to them.
  public let isPaddedInFront: Bool
  /// The most bytes that come out.
  public let decodedByteCount: Int
  /// How many bytes of what comes out are not wanted at the front.
  public let skippedByteCount: Int
  /// How many bytes are wanted after those.
  public let byteCount: UInt64

  /// The bytes from `skippedByteCount` on, `byteCount` of them, of what `stored` unpacks to; nil if
  /// a size is beyond the limits, or more is wanted than there is.
  public init?(
    _ format: BlockFormat, stored: [Extent], isPaddedInFront: Bool = false,
    decodedByteCount: UInt64, skippedByteCount: UInt64 = 0, byteCount: UInt64
  ) {
    guard decodedByteCount <= UInt64(Self.decodedByteCountMax),
      skippedByteCount <= decodedByteCount, byteCount <= decodedByteCount - skippedByteCount,
      !stored.isEmpty, stored.count <= Self.storedCountMax
    else { return nil }
    var rest = UInt64(Self.storedByteCountMax)
    for extent in stored {
      if case .encoded = extent { return nil }
      guard extent.byteCount <= rest else { return nil }
      rest -= extent.byteCount
    }
    self.format = format
    self.stored = stored
    self.isPaddedInFront = isPaddedInFront
    self.decodedByteCount = Int(decodedByteCount)
    self.skippedByteCount = Int(skippedByteCount)
    self.byteCount = byteCount
  }

  /// The same packed bytes, of which another part is wanted; `count` is at most what is there.
  private init(_ whole: EncodedExtent, skipping skipped: Int, count: UInt64) {
    format = whole.format
    stored = whole.stored
    isPaddedInFront = whole.isPaddedInFront
    decodedByteCount = whole.decodedByteCount
    skippedByteCount = skipped
    byteCount = count
  }

  /// The first `count` bytes, and the rest; `count` is under `byteCount`.
  func split(at count: UInt64) -> (head: EncodedExtent, tail: EncodedExtent) {
    (
      EncodedExtent(self, skipping: skippedByteCount, count: count),
      EncodedExtent(self, skipping: skippedByteCount + Int(count), count: byteCount - count)
    )
  }

  /// Whether `other` is a part of the same packed bytes.
  public func isPacked(with other: EncodedExtent) -> Bool {
    format == other.format && decodedByteCount == other.decodedByteCount
      && isPaddedInFront == other.isPaddedInFront && stored == other.stored
  }
}
