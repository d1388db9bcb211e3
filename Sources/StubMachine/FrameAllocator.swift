// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A domain's free frames as a sorted list of ranges.
///
/// A free frame is mapped nowhere. The list lives in a table of fixed size that somebody else owns,
/// since the heap stands on it; when the table is full, a freed range is forgotten, not kept.
public struct FrameAllocator {
  /// The table: pairs of a range's first frame and its number of frames.
  private let table: UnsafeMutablePointer<UInt64>?
  private let rangeCountMax: Int

  /// How many ranges of free frames there are.
  public private(set) var rangeCount = 0
  /// Frames that are free now.
  public private(set) var freeCount: UInt64 = 0
  /// The most frames that were free at one time.
  public private(set) var freeCountMax: UInt64 = 0
  /// The fewest.
  public private(set) var freeCountMin: UInt64 = .max

  /// No free frames. The table has room for `rangeCountMax` pairs and outlives this.
  public init(table: UnsafeMutablePointer<UInt64>?, rangeCountMax: Int) {
    self.table = table
    self.rangeCountMax = table == nil ? 0 : rangeCountMax
  }

  /// Range number `index`, less than `rangeCount`; in order of frames.
  public func range(_ index: Int) -> FrameRange {
    guard let table, index >= 0, index < rangeCount else {
      preconditionFailure("no such range of free frames")
    }
    // SAFETY: index < rangeCount <= rangeCountMax, by the line above.
    return FrameRange(first: table[2 * index], frameCount: table[2 * index + 1])
  }

  private func set(_ index: Int, _ range: FrameRange) {
    table?[2 * index] = range.lowerBound
    table?[2 * index + 1] = range.frameCount
  }

  private mutating func insert(_ new: FrameRange, at index: Int) {
    guard rangeCount < rangeCountMax else {
      freeCount -= new.frameCount
      return
    }
    var position = rangeCount
    while position > index {
      set(position, range(position - 1))
      position -= 1
    }
    rangeCount += 1
    set(index, new)
  }

  private mutating func remove(at index: Int) {
    for position in index..<rangeCount - 1 { set(position, range(position + 1)) }
    rangeCount -= 1
  }

  /// The index of the first range that ends behind `frame`.
  private func index(behind frame: FrameNumber) -> Int {
    var low = 0
    var high = rangeCount
    while low < high {
      let middle = (low + high) / 2
      if range(middle).upperBound <= frame { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Gives frames back.
  public mutating func free(_ frames: FrameRange) {
    guard !frames.isEmpty else { return }
    freeCount += frames.frameCount
    freeCountMax = max(freeCountMax, freeCount)
    let index = index(behind: frames.lowerBound)
    var new = frames
    let joinsNext = index < rangeCount && range(index).lowerBound == new.upperBound
    if joinsNext { new = new.lowerBound..<range(index).upperBound }
    if index > 0, range(index - 1).upperBound == frames.lowerBound {
      set(index - 1, range(index - 1).lowerBound..<new.upperBound)
      if joinsNext { remove(at: index) }
    } else if joinsNext {
      set(index, new)
    } else {
      insert(new, at: index)
    }
  }

  /// One free frame, from the top of memory, where payloads seldom want to be.
  public mutating func take() -> FrameNumber? { takeRun(countMax: 1)?.lowerBound }

  /// Up to `countMax` consecutive free frames, from the top of memory.
  public mutating func takeRun(countMax: UInt64) -> FrameRange? {
    guard rangeCount > 0, countMax > 0 else { return nil }
    let last = range(rangeCount - 1)
    let count = min(countMax, last.frameCount)
    let first = last.upperBound - count
    noteTaken(count)
    if first == last.lowerBound {
      rangeCount -= 1
    } else {
      set(rangeCount - 1, last.lowerBound..<first)
    }
    return first..<last.upperBound
  }

  private mutating func noteTaken(_ count: UInt64) {
    freeCount -= count
    freeCountMin = min(freeCountMin, freeCount)
  }

  /// Takes the frames from `first` on that are free, up to one in use or `countMax`; how many.
  public mutating func take(from first: FrameNumber, countMax: UInt64) -> UInt64 {
    let index = index(behind: first)
    guard index < rangeCount, countMax > 0 else { return 0 }
    let found = range(index)
    guard found.lowerBound <= first else { return 0 }
    let count = min(countMax, found.upperBound - first)
    let before = found.lowerBound..<first
    let behind = first + count..<found.upperBound
    // A full table can't hold both halves: the frames count as in use rather than losing some.
    if !before.isEmpty, !behind.isEmpty, rangeCount == rangeCountMax { return 0 }
    noteTaken(count)
    switch (before.isEmpty, behind.isEmpty) {
    case (false, false):
      set(index, before)
      insert(behind, at: index + 1)
    case (false, true): set(index, before)
    case (true, false): set(index, behind)
    case (true, true): remove(at: index)
    }
    return count
  }
}
