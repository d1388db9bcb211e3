// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import KernelImage

/// Which frames the pages of a kernel are in while it is being loaded: what the implementer of
/// `KernelMemory` keeps. Pages are numbered by `p_paddr` over 4096.
///
/// Frames come on demand, and pages that turn out to be zero can give theirs back: of Debian's 61
/// MiB, 27 are zeros, which need no memory as long as the decoder needs it.
public struct KernelFrames: Equatable, Sendable {
  /// Sorted by page; runs that go on in both numbers are one.
  private var runs: [FramePlacement] = []

  /// No pages.
  public init() {}

  /// The number of pages that have frames.
  public var pageCount: UInt64 { runs.reduce(0) { $0 + $1.frameCount } }

  /// The frame of `page`; nil if it has none.
  public func frame(ofPage page: UInt64) -> UInt64? {
    let index = indexAfter(page)
    guard index > 0, runs[index - 1].targets.contains(page) else { return nil }
    return runs[index - 1].source + (page - runs[index - 1].target)
  }

  /// Gives `frames` to the pages from `page` on, which have none yet.
  public mutating func set(page: UInt64, frames: FrameRange) {
    guard !frames.isEmpty else { return }
    var run = FramePlacement(
      target: page, source: frames.lowerBound, frameCount: frames.frameCount)
    var index = indexAfter(page)
    precondition(
      (index == 0 || runs[index - 1].targets.upperBound <= page)
        && (index == runs.count || runs[index].target >= run.targets.upperBound),
      "a page with two frames")
    if index > 0, let joined = Self.joined(runs[index - 1], run) {
      index -= 1
      runs.remove(at: index)
      run = joined
    }
    if index < runs.count, let joined = Self.joined(run, runs[index]) {
      runs[index] = joined
    } else {
      runs.insert(run, at: index)
    }
  }

  /// Takes the frame of `page` away and returns it.
  public mutating func remove(page: UInt64) -> UInt64? {
    guard let frame = frame(ofPage: page) else { return nil }
    let index = indexAfter(page) - 1
    let run = runs.remove(at: index)
    let before = page - run.target
    let after = run.frameCount - before - 1
    if after > 0 {
      runs.insert(
        FramePlacement(target: page + 1, source: frame + 1, frameCount: after), at: index)
    }
    if before > 0 {
      runs.insert(
        FramePlacement(target: run.target, source: run.source, frameCount: before), at: index)
    }
    return frame
  }

  /// The pages that `physicalAddresses` touch and that have no frame: bss, gaps and pages of zeros.
  /// They are to get zeroed frames before the kernel starts.
  public func missingPages(in physicalAddresses: Range<UInt64>) -> [Range<UInt64>] {
    guard !physicalAddresses.isEmpty else { return [] }
    let first = physicalAddresses.lowerBound / Page.byteCount
    let end = (physicalAddresses.upperBound - 1) / Page.byteCount + 1
    return FrameSet([first..<end]).subtracting(FrameSet(runs.map { $0.targets })).runs
  }

  /// The pages that have frames, as targets, and these frames as sources.
  public var placements: [FramePlacement] { runs }

  /// Where the frames go in the domain of `kernel`.
  public func placements(for kernel: PVKernel) throws(DomainBuilderError) -> [FramePlacement] {
    let offset = kernel.physicalOffset / Page.byteCount
    var result: [FramePlacement] = []
    result.reserveCapacity(runs.count)
    for run in runs {
      guard run.target >= offset else {
        throw .placementOutside(frame: run.target, limit: offset)
      }
      result.append(
        FramePlacement(
          target: run.target - offset, source: run.source, frameCount: run.frameCount))
    }
    return result
  }

  /// The index of the first run that starts behind `page`.
  private func indexAfter(_ page: UInt64) -> Int {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].target <= page { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func joined(_ left: FramePlacement, _ right: FramePlacement) -> FramePlacement? {
    guard left.targets.upperBound == right.target, left.sources.upperBound == right.source else {
      return nil
    }
    return FramePlacement(
      target: left.target, source: left.source, frameCount: left.frameCount + right.frameCount)
  }
}
