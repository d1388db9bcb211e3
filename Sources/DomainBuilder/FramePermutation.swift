// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// New pseudo-physical numbers for the frames of the domain: what the p2m list becomes, so that
/// frames filled anywhere are where the new domain expects them.
///
/// A permutation: every frame keeps one number, every number one frame. Work and memory go by the
/// number of frames that move, not by the size of the domain.
public struct FramePermutation: Equatable, Sendable {
  /// Every frame that moves, by target; targets and sources are the same set of numbers.
  public let moves: [FramePlacement]

  /// The number of moved frames before each of `moves`.
  private let precedingCounts: [Int]

  /// Takes `placements` as given, moves the frames of `outside` to numbers from `outsideStart` on
  /// that no placement wants, and gives the frames in the way the numbers that became free.
  /// The placements' targets are to be below `outsideStart`.
  public init(
    _ placements: [FramePlacement], outside: [FrameRange] = [], outsideStart: UInt64,
    pageCount: UInt64
  ) throws(DomainBuilderError) {
    for placement in placements {
      try Self.check(placement, pageCount: pageCount)
      guard placement.targets.upperBound <= outsideStart else {
        throw .placementOutside(frame: placement.target, limit: outsideStart)
      }
    }
    var all = placements.filter { $0.frameCount > 0 }
    all += try Self.placementsOutside(outside, start: outsideStart, pageCount: pageCount)
    let targets = try Self.set(all.map { $0.targets })
    let sources = try Self.set(all.map { $0.sources })
    all += Self.pairs(
      targets: sources.subtracting(targets), sources: targets.subtracting(sources))
    self.init(complete: all)
  }

  /// The permutation that undoes this one.
  public var inverse: FramePermutation {
    FramePermutation(
      complete: moves.map {
        FramePlacement(target: $0.source, source: $0.target, frameCount: $0.frameCount)
      })
  }

  /// The numbers that get another frame, sorted: for these the hypervisor's list is to be updated.
  public var changedFrames: [FrameRange] { FrameSet(moves.map { $0.targets }).runs }

  /// How many numbers get another frame.
  public var changedFrameCount: Int {
    guard let move = moves.last, let before = precedingCounts.last else { return 0 }
    return before + Int(move.frameCount)
  }

  /// The number that the frame, which is to have `frame`, has now.
  public func source(of frame: UInt64) -> UInt64 {
    guard let index = moveIndex(of: frame) else { return frame }
    return moves[index].source + (frame - moves[index].target)
  }

  /// Exchanges pairs of entries, in order, until every frame has its new number. Each pair is
  /// given as the numbers of its places.
  public func forEachSwap(_ swap: (UInt64, UInt64) -> Void) {
    var visited = [UInt64](repeating: 0, count: changedFrameCount / 64 + 1)
    for (index, move) in moves.enumerated() {
      for offset in 0..<Int(move.frameCount) {
        let start = move.target + UInt64(offset)
        var place = start
        var position = precedingCounts[index] + offset
        // Follows one cycle. The frame that started at `start` travels along until its place comes.
        while visited[position / 64] & 1 << UInt64(position % 64) == 0 {
          visited[position / 64] |= 1 << UInt64(position % 64)
          let next = source(of: place)
          if next == start { break }
          swap(place, next)
          place = next
          guard let nextIndex = moveIndex(of: next) else {
            preconditionFailure("targets and sources are the same set")
          }
          position = precedingCounts[nextIndex] + Int(next - moves[nextIndex].target)
        }
      }
    }
  }

  /// Makes `p2m`, the list of the domain as it is, the list as it is to be.
  public func apply(to p2m: UnsafeMutableBufferPointer<UInt64>) {
    if let last = moves.last {
      precondition(last.targets.upperBound <= UInt64(p2m.count), "a list of another domain")
    }
    forEachSwap { p2m.swapAt(Int($0), Int($1)) }
  }

  private init(complete: [FramePlacement]) {
    moves = complete.filter { $0.target != $0.source }.sorted { $0.target < $1.target }
    var counts: [Int] = []
    counts.reserveCapacity(moves.count)
    var count = 0
    for move in moves {
      counts.append(count)
      count += Int(move.frameCount)
    }
    precedingCounts = counts
  }

  /// The move whose targets `frame` is among.
  private func moveIndex(of frame: UInt64) -> Int? {
    var low = 0
    var high = moves.count
    while low < high {
      let middle = (low + high) / 2
      if moves[middle].target <= frame { low = middle + 1 } else { high = middle }
    }
    guard low > 0, moves[low - 1].targets.contains(frame) else { return nil }
    return low - 1
  }

  private static func check(
    _ placement: FramePlacement, pageCount: UInt64
  ) throws(DomainBuilderError) {
    guard placement.frameCount <= pageCount,
      placement.target <= pageCount - placement.frameCount,
      placement.source <= pageCount - placement.frameCount
    else {
      throw .placementOutside(
        frame: max(placement.target, placement.source), limit: pageCount)
    }
  }

  private static func set(_ ranges: [FrameRange]) throws(DomainBuilderError) -> FrameSet {
    if let set = FrameSet(disjoint: ranges) { return set }
    var end: UInt64 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound < end { throw .placementsOverlap(frame: range.lowerBound) }
      end = range.upperBound
    }
    throw .placementsOverlap(frame: end)
  }

  /// New numbers for those of `frames` that are below `start`.
  private static func placementsOutside(
    _ frames: [FrameRange], start: UInt64, pageCount: UInt64
  ) throws(DomainBuilderError) -> [FramePlacement] {
    let all = FrameSet(frames)
    if let last = all.runs.last, last.upperBound > pageCount {
      throw .placementOutside(frame: last.upperBound - 1, limit: pageCount)
    }
    let inside = all.subtracting(FrameSet([start..<max(start, pageCount)]))
    let room = FrameSet([start..<max(start, pageCount)]).subtracting(all)
    guard inside.frameCount <= room.frameCount else {
      throw .noFramesOutside(neededFrameCount: inside.frameCount, frameCount: room.frameCount)
    }
    return pairs(targets: room, sources: inside)
  }

  /// Pairs the frames of both sets, in order, until one of them is used up.
  private static func pairs(targets: FrameSet, sources: FrameSet) -> [FramePlacement] {
    var result: [FramePlacement] = []
    var targetIndex = 0
    var targetOffset: UInt64 = 0
    for run in sources.runs {
      var source = run.lowerBound
      while source < run.upperBound, targetIndex < targets.runs.count {
        let target = targets.runs[targetIndex]
        let count = min(run.upperBound - source, target.frameCount - targetOffset)
        result.append(
          FramePlacement(
            target: target.lowerBound + targetOffset, source: source, frameCount: count))
        source += count
        targetOffset += count
        if targetOffset == target.frameCount {
          targetIndex += 1
          targetOffset = 0
        }
      }
    }
    return result
  }
}
