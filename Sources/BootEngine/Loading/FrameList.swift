// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import StubMachine

/// Frames taken for a part of the new domain: those at the wanted numbers where these are free, any
/// other where not. A hand-over gives every frame its number in the end.
struct FrameList {
  /// Frames that stay free for the loader's own heap, whatever a kernel or an initrd wants: 4 MiB.
  /// Without them the heap would end the domain where an error should lead back to the menu.
  static let reserve: UInt64 = 1024

  /// The frames in the order of the part.
  private(set) var frames: [FrameNumber] = []

  /// The frames as runs.
  var runs: [FrameRange] { FrameRange.runs(frames[...]) }

  /// Takes `count` frames for the numbers from `target` on.
  mutating func take<M: Machine>(
    _ count: UInt64, target: FrameNumber, reserve: UInt64 = reserve, for purpose: ByteString,
    from machine: M
  ) throws(MemoryError) {
    frames.reserveCapacity(frames.count + Int(count))
    var done: UInt64 = 0
    while done < count {
      let run = machine.takeFrames(
        wanted: target + done, countMax: count - done, reserve: reserve)
      guard let run else { throw .outOfMemory(purpose: purpose) }
      frames.append(contentsOf: run)
      done += run.frameCount
    }
  }

  /// Takes exactly the frames of `range`; false, and none taken, if one of them is in use.
  mutating func takeAll<M: Machine>(_ range: FrameRange, from machine: M) -> Bool {
    // Room first: the heap may grow by it.
    frames.reserveCapacity(frames.count + range.count)
    guard machine.takeAll(range) else { return false }
    frames.append(contentsOf: range)
    return true
  }

  /// Gives all frames back.
  mutating func release<M: Machine>(to machine: M) {
    for run in runs { machine.giveBack(run) }
    frames = []
  }
}

extension Machine {
  /// Frames in a row, at least one and up to `countMax`: those from `wanted` on if they are free,
  /// else any one; nil if only the reserve is left.
  func takeFrames(
    wanted: FrameNumber, countMax: UInt64, reserve: UInt64 = FrameList.reserve
  ) -> FrameRange? {
    guard freeFrameCount > reserve else { return nil }
    let count = takeFrames(from: wanted, countMax: min(countMax, freeFrameCount - reserve))
    if count > 0 { return wanted..<wanted + count }
    return takeFrameRun(countMax: 1)
  }

  /// All free frames.
  var freeFrames: [FrameRange] {
    var result: [FrameRange] = []
    // The list itself may take a range apart.
    result.reserveCapacity(freeRangeCount + 1)
    for index in 0..<freeRangeCount { result.append(freeRange(index)) }
    return result
  }

  /// Takes those of `frames` that are free, each as a range or a part of one.
  func takeFree(in frames: FrameRange) -> [FrameRange] {
    var taken: [FrameRange] = []
    var frame = frames.lowerBound
    while frame < frames.upperBound {
      let count = takeFrames(from: frame, countMax: frames.upperBound - frame)
      if count > 0 { taken.append(frame..<frame + count) }
      // What follows a run that was free is in use.
      frame += count + 1
    }
    return taken
  }

  /// Takes all of `frames`; false, and none taken, if one of them is in use.
  func takeAll(_ frames: FrameRange) -> Bool {
    let taken = takeFree(in: frames)
    if frames.isEmpty || taken == [frames] { return true }
    for range in taken { giveBack(range) }
    return false
  }

  /// Takes one frame below 4 GiB that is not among `kept`, the highest there is.
  func takeLowFrame(outside kept: FrameRange) -> FrameNumber? {
    let end: FrameNumber = (1 << 32) / Page.byteCount
    var index = freeRangeCount
    while index > 0 {
      index -= 1
      let range = freeRange(index)
      var last = min(range.upperBound, end)
      if last > kept.lowerBound, last <= kept.upperBound { last = kept.lowerBound }
      if last > range.lowerBound, takeFrames(from: last - 1, countMax: 1) == 1 { return last - 1 }
    }
    return nil
  }
}
