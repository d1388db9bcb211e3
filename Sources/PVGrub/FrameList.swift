// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import DomainBuilder
import MiniOS

/// Frames taken for a part of the new domain: those at the wanted numbers where these are free, any
/// other where not. The hand-over gives every frame its number in the end.
struct FrameList {
  /// The frames in the order of the part.
  private(set) var frames: [UInt64] = []

  /// No frames yet.
  init() {}

  /// Frames that were taken before.
  init(_ frames: ArraySlice<UInt64>) { self.frames = Array(frames) }

  /// Takes `count` frames for the numbers from `target` on.
  mutating func take(
    _ count: UInt64, target: UInt64, reserve: UInt64 = reserve, for purpose: ByteString
  ) throws(MemoryError) {
    frames.reserveCapacity(frames.count + Int(count))
    var done: UInt64 = 0
    while done < count {
      let run = FrameList.take(from: target + done, countMax: count - done, reserve: reserve)
      guard let run else { throw .outOfMemory(purpose: purpose) }
      frames.append(contentsOf: run)
      done += run.frameCount
    }
  }

  /// Takes exactly the frames of `range`; false, and none taken, if one of them is in use.
  mutating func takeAll(_ range: DomainBuilder.FrameRange) -> Bool {
    // Room first: the heap may grow by it.
    frames.reserveCapacity(frames.count + range.count)
    guard LowFrames.take(range) else { return false }
    frames.append(contentsOf: range)
    return true
  }

  /// Frames that stay free for the loader's own heap, whatever a kernel or an initrd wants: 4 MiB.
  /// Without them the heap would end the domain where an error should lead back to the menu.
  static let reserve: UInt64 = 1024

  /// Frames in a row, at least one and up to `countMax`: those from `wanted` on if they are free,
  /// else any one; nil if only the reserve is left.
  static func take(
    from wanted: UInt64, countMax: UInt64, reserve: UInt64 = reserve
  ) -> DomainBuilder.FrameRange? {
    guard FrameAllocator.freeCount > reserve else { return nil }
    let count = FrameAllocator.take(
      first: wanted, countMax: min(countMax, FrameAllocator.freeCount - reserve))
    if count > 0 { return wanted..<wanted + count }
    return FrameAllocator.allocate().map { $0..<$0 + 1 }
  }

  /// Gives all frames back.
  mutating func release() {
    for frame in frames { FrameAllocator.free(first: frame, count: 1) }
    frames = []
  }

  /// The frames as runs.
  var runs: [DomainBuilder.FrameRange] {
    BlockIO.FrameRange.runs(frames[...]).map { $0.start..<$0.start + $0.count }
  }
}
