// SPDX-License-Identifier: GPL-2.0-or-later

/// The number of a page frame of the domain: its guest-physical address over the size of a page.
/// Machine frames, which only Xen and page tables of a PV domain know, are plain `UInt64`.
public typealias FrameNumber = UInt64

/// Page frames with consecutive numbers.
public typealias FrameRange = Range<FrameNumber>

extension FrameRange {
  /// The number of frames.
  public var frameCount: UInt64 { upperBound - lowerBound }

  /// `frameCount` frames from `first` on.
  public init(first: FrameNumber, frameCount: UInt64) { self = first..<first + frameCount }

  /// Frames in the order of a file, as runs.
  public static func runs(_ frames: ArraySlice<FrameNumber>) -> [FrameRange] {
    var result: [FrameRange] = []
    for frame in frames {
      if let last = result.last, last.upperBound == frame {
        result[result.count - 1] = last.lowerBound..<frame + 1
      } else {
        result.append(frame..<frame + 1)
      }
    }
    return result
  }
}

/// The one size of a page: 4 KiB on every architecture that Xen's interface runs on
/// (xen/io/blkif.h, grant_table.h and start_info count in it).
public enum Page {
  /// Bytes of a page.
  public static let byteCount: UInt64 = 4096
  /// The logarithm of that.
  public static let shift: UInt64 = 12

  /// The number of pages that hold `byteCount` bytes.
  public static func count(ofBytes byteCount: UInt64) -> UInt64 {
    byteCount / Page.byteCount + (byteCount % Page.byteCount == 0 ? 0 : 1)
  }
}
