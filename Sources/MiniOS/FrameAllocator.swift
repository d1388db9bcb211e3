// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS

/// The domain's free pseudo-physical frames as a sorted list of ranges.
///
/// A free frame is mapped nowhere. The list lives in a fixed table, since the heap stands on it;
/// when the table is full, a freed range is forgotten rather than kept.
public enum FrameAllocator {
  /// A run of frames: number of the first, and how many.
  public struct Range {
    /// The first frame.
    public var first: UInt64
    /// How many.
    public var count: UInt64

    /// The frame behind the last.
    public var end: UInt64 { first + count }
  }

  /// How many ranges of free frames there are.
  public nonisolated(unsafe) private(set) static var rangeCount = 0

  /// Frames that are free now.
  public nonisolated(unsafe) private(set) static var freeCount: UInt64 = 0

  /// The most frames that were free at one time.
  public nonisolated(unsafe) private(set) static var freeCountMax: UInt64 = 0
  /// The fewest.
  public nonisolated(unsafe) private(set) static var freeCountMin: UInt64 = .max

  /// Range number `index`, less than `rangeCount`; in order of frames.
  public static func range(_ index: Int) -> Range {
    precondition(index >= 0 && index < rangeCount, "no such range")
    let table = minios_free_ranges()
    // SAFETY: index < rangeCount <= MINIOS_FREE_RANGE_MAX, by the line above.
    return Range(first: table[2 * index], count: table[2 * index + 1])
  }

  private static func set(_ index: Int, _ range: Range) {
    let table = minios_free_ranges()
    table[2 * index] = range.first
    table[2 * index + 1] = range.count
  }

  private static func insert(_ new: Range, at index: Int) {
    guard rangeCount < Int(MINIOS_FREE_RANGE_MAX) else {
      freeCount -= new.count
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

  private static func remove(at index: Int) {
    for position in index..<rangeCount - 1 { set(position, range(position + 1)) }
    rangeCount -= 1
  }

  /// The index of the first range that ends behind `frame`.
  private static func index(behind frame: UInt64) -> Int {
    var low = 0
    var high = rangeCount
    while low < high {
      let middle = (low + high) / 2
      if range(middle).end <= frame { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Gives back `count` frames from `first` on.
  public static func free(first: UInt64, count: UInt64) {
    guard count > 0 else { return }
    freeCount += count
    freeCountMax = max(freeCountMax, freeCount)
    let index = index(behind: first)
    var new = Range(first: first, count: count)
    let joinsNext = index < rangeCount && range(index).first == new.end
    if joinsNext { new.count += range(index).count }
    if index > 0, range(index - 1).end == first {
      new = Range(first: range(index - 1).first, count: range(index - 1).count + new.count)
      set(index - 1, new)
      if joinsNext { remove(at: index) }
    } else if joinsNext {
      set(index, new)
    } else {
      insert(new, at: index)
    }
  }

  /// One free frame, from the top of memory, where payloads seldom want to be.
  public static func allocate() -> UInt64? { allocateRun(countMax: 1)?.first }

  /// Up to `countMax` consecutive free frames, from the top of memory.
  public static func allocateRun(countMax: UInt64) -> Range? {
    guard rangeCount > 0, countMax > 0 else { return nil }
    var last = range(rangeCount - 1)
    let count = min(countMax, last.count)
    last.count -= count
    freeCount -= count
    freeCountMin = min(freeCountMin, freeCount)
    if last.count == 0 { rangeCount -= 1 } else { set(rangeCount - 1, last) }
    return Range(first: last.end, count: count)
  }

  /// Takes exactly the frame `frame`; false if it is in use.
  public static func take(_ frame: UInt64) -> Bool { take(first: frame, countMax: 1) == 1 }

  /// Takes the frames from `first` on that are free, up to one in use or `countMax`; how many.
  public static func take(first frame: UInt64, countMax: UInt64) -> UInt64 {
    let index = index(behind: frame)
    guard index < rangeCount, countMax > 0 else { return 0 }
    let found = range(index)
    guard found.first <= frame else { return 0 }
    let count = min(countMax, found.end - frame)
    // A full table can't hold both halves: the frames count as in use rather than losing some.
    let isInside = frame > found.first && frame + count < found.end
    if isInside, rangeCount == Int(MINIOS_FREE_RANGE_MAX) { return 0 }
    freeCount -= count
    freeCountMin = min(freeCountMin, freeCount)
    let before = Range(first: found.first, count: frame - found.first)
    let behind = Range(first: frame + count, count: found.end - frame - count)
    switch (before.count > 0, behind.count > 0) {
    case (true, true):
      set(index, before)
      insert(behind, at: index + 1)
    case (true, false): set(index, before)
    case (false, true): set(index, behind)
    case (false, false): remove(at: index)
    }
    return count
  }
}
