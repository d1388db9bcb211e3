// SPDX-License-Identifier: GPL-2.0-or-later

/// A run of pseudo-physical frame numbers.
public typealias FrameRange = Range<UInt64>

extension FrameRange {
  /// The number of frames.
  public var frameCount: UInt64 { upperBound - lowerBound }

  /// A run of `frameCount` frames from `first` on.
  init(first: UInt64, frameCount: UInt64) { self = first..<first + frameCount }
}

/// The size of a page in bytes.
let pageByteCount: UInt64 = 4096

/// The number of pages that hold `byteCount` bytes.
func pageCount(ofBytes byteCount: UInt64) -> UInt64 {
  byteCount / pageByteCount + (byteCount % pageByteCount == 0 ? 0 : 1)
}
