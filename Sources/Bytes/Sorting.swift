// SPDX-License-Identifier: GPL-2.0-or-later

// The standard library's sort is compiled once for each type of elements, some 3 KB each. Of these,
// which hide it, only the comparison and the copies are (decision 0052).

extension Array {
  /// Puts the elements in order. Those of which neither is before the other stay as they were.
  public mutating func sort(by isBefore: (Element, Element) -> Bool) {
    let elements = self
    let order = withoutActuallyEscaping(isBefore) { isBefore in
      SortOrder { isBefore(elements[$0], elements[$1]) }.indices(elementCount: elements.count)
    }
    self = order.map { elements[$0] }
  }
}

extension Array where Element: Comparable {
  /// Puts the elements in order, the least one first.
  public mutating func sort() { sort { $0 < $1 } }
}

extension Sequence {
  /// The elements in order. Those of which neither is before the other stay as they were.
  public func sorted(by isBefore: (Element, Element) -> Bool) -> [Element] {
    var elements = Array(self)
    elements.sort(by: isBefore)
    return elements
  }
}

extension Sequence where Element: Comparable {
  /// The elements in order, the least one first.
  public func sorted() -> [Element] { sorted { $0 < $1 } }
}

/// The order of elements that are known by their indices. It holds the comparison, since a function
/// that takes a closure is compiled once for each one.
private final class SortOrder {
  private let isBefore: (Int, Int) -> Bool

  @inline(never)
  init(_ isBefore: @escaping (Int, Int) -> Bool) { self.isBefore = isBefore }

  /// The indices of that many elements in the order that `isBefore` makes: a merge sort, from pairs
  /// upwards.
  @inline(never)
  func indices(elementCount: Int) -> [Int] {
    var order = Array(0..<elementCount)
    var merged = order
    var runCount = 1
    while runCount < elementCount {
      var start = 0
      while start < elementCount {
        let middle = Swift.min(start + runCount, elementCount)
        let end = Swift.min(middle + runCount, elementCount)
        merge(order, start..<middle, middle..<end, to: &merged)
        start = end
      }
      swap(&order, &merged)
      runCount *= 2
    }
    return order
  }

  /// Merges two runs, of which each is in order; of equals those of the first run come first.
  private func merge(
    _ order: [Int], _ first: Range<Int>, _ second: Range<Int>, to merged: inout [Int]
  ) {
    var left = first.lowerBound
    var right = second.lowerBound
    for place in first.lowerBound..<second.upperBound {
      let takesRight =
        left == first.upperBound
        || (right < second.upperBound && isBefore(order[right], order[left]))
      merged[place] = takesRight ? order[right] : order[left]
      if takesRight { right += 1 } else { left += 1 }
    }
  }
}
