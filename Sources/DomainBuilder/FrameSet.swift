// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A set of frames as sorted runs that neither overlap nor touch.
struct FrameSet: Equatable {
  private(set) var runs: [FrameRange] = []

  /// The set of all frames of `ranges`; nil if a frame is in two of them.
  init?(disjoint ranges: [FrameRange]) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = runs.last, last.upperBound > range.lowerBound { return nil }
      append(range)
    }
  }

  /// The set of all frames of `ranges`.
  init(_ ranges: [FrameRange]) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      append(range)
    }
  }

  var frameCount: UInt64 { runs.reduce(0) { $0 + $1.frameCount } }

  /// The frames of this set that are not in `other`.
  func subtracting(_ other: FrameSet) -> FrameSet {
    var result: [FrameRange] = []
    var index = 0
    for run in runs {
      var position = run.lowerBound
      while index < other.runs.count, other.runs[index].upperBound <= position { index += 1 }
      var probe = index
      while probe < other.runs.count, other.runs[probe].lowerBound < run.upperBound {
        if position < other.runs[probe].lowerBound {
          result.append(position..<other.runs[probe].lowerBound)
        }
        position = max(position, other.runs[probe].upperBound)
        probe += 1
      }
      if position < run.upperBound { result.append(position..<run.upperBound) }
      // The last run looked at may reach into the next run of this set.
      index = max(index, probe - 1)
    }
    return FrameSet(result)
  }

  /// Adds a range that starts no earlier than the last run.
  private mutating func append(_ range: FrameRange) {
    if let last = runs.last, last.upperBound >= range.lowerBound {
      runs[runs.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
    } else {
      runs.append(range)
    }
  }
}
