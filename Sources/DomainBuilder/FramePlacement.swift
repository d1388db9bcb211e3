// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Frames that are to get other pseudo-physical numbers: those that are now at `source` and behind
/// go to `target` and behind.
public struct FramePlacement: Equatable, Sendable {
  /// The first number that the frames are to have.
  public let target: UInt64
  /// The first number that they have now.
  public let source: UInt64
  /// The number of frames.
  public let frameCount: UInt64

  /// A placement of `frameCount` frames.
  public init(target: UInt64, source: UInt64, frameCount: UInt64 = 1) {
    self.target = target
    self.source = source
    self.frameCount = frameCount
  }

  /// The numbers that the frames are to have.
  public var targets: FrameRange { FrameRange(first: target, frameCount: frameCount) }

  /// The numbers that the frames have now.
  public var sources: FrameRange { FrameRange(first: source, frameCount: frameCount) }

  /// Placements that fill `targets` with `sources`, in order. Sources that are left over stay where
  /// they are; too few throw.
  public static func filling(
    _ targets: FrameRange, with sources: [FrameRange]
  ) throws(DomainBuilderError) -> [FramePlacement] {
    var result: [FramePlacement] = []
    var next = targets.lowerBound
    for source in sources where next < targets.upperBound && !source.isEmpty {
      let count = min(source.frameCount, targets.upperBound - next)
      // Runs that go on where the last one ended become one.
      if let last = result.last, last.source + last.frameCount == source.lowerBound {
        result[result.count - 1] = FramePlacement(
          target: last.target, source: last.source, frameCount: last.frameCount + count)
      } else {
        result.append(FramePlacement(target: next, source: source.lowerBound, frameCount: count))
      }
      next += count
    }
    guard next == targets.upperBound else {
      throw .placementTooShort(
        frameCount: next - targets.lowerBound, neededFrameCount: targets.frameCount)
    }
    return result
  }
}
