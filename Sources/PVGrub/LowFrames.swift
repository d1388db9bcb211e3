// SPDX-License-Identifier: GPL-2.0-or-later
import DomainBuilder
import MiniOS

/// Free frames of a PVH domain by number: there a frame's number is its address, and stays so.
enum LowFrames {
  /// The end of the frames below 4 GiB.
  private static let end: UInt64 = 1 << 20

  /// All free frames.
  static var free: [DomainBuilder.FrameRange] {
    var result: [DomainBuilder.FrameRange] = []
    result.reserveCapacity(FrameAllocator.rangeCount + 1)
    for index in 0..<FrameAllocator.rangeCount {
      let range = FrameAllocator.range(index)
      result.append(range.first..<range.end)
    }
    return result
  }

  /// Takes those of `frames` that are free, each as a range or a part of one.
  static func takeFree(in frames: DomainBuilder.FrameRange) -> [DomainBuilder.FrameRange] {
    var taken: [DomainBuilder.FrameRange] = []
    var frame = frames.lowerBound
    while frame < frames.upperBound {
      let count = FrameAllocator.take(first: frame, countMax: frames.upperBound - frame)
      if count > 0 { taken.append(frame..<frame + count) }
      // What follows a run that was free is in use.
      frame += count + 1
    }
    return taken
  }

  /// Takes all of `frames`; false, and none taken, if one of them is in use.
  static func take(_ frames: DomainBuilder.FrameRange) -> Bool {
    let taken = takeFree(in: frames)
    if frames.isEmpty || taken == [frames] { return true }
    for range in taken { release(range) }
    return false
  }

  /// Takes one frame below 4 GiB that is not among `kept`, the highest there is.
  static func takeOne(outside kept: DomainBuilder.FrameRange) -> UInt64? {
    var index = FrameAllocator.rangeCount
    while index > 0 {
      index -= 1
      let range = FrameAllocator.range(index)
      var last = min(range.end, end)
      if last > kept.lowerBound, last <= kept.upperBound { last = kept.lowerBound }
      if last > range.first, FrameAllocator.take(last - 1) { return last - 1 }
    }
    return nil
  }

  /// Gives `frames` back.
  static func release(_ frames: DomainBuilder.FrameRange) {
    FrameAllocator.free(first: frames.lowerBound, count: frames.frameCount)
  }
}
