// SPDX-License-Identifier: GPL-2.0-or-later

/// What is left of a file that is read a part at a time, from its start on.
public struct ExtentQueue: Sendable {
  private let extents: [Extent]
  private var index = 0
  /// What is left of the extent before `index`, if a part of it was taken.
  private var cut: Extent?

  /// All of the file that `extents` give.
  public init(_ extents: [Extent]) { self.extents = extents }

  /// Takes the next `byteCount` bytes, or those that are left if these are fewer.
  public mutating func take(byteCount: UInt64) -> [Extent] {
    var result: [Extent] = []
    var rest = byteCount
    while rest > 0 {
      if cut == nil {
        guard index < extents.count else { break }
        cut = extents[index]
        index += 1
      }
      guard let extent = cut else { break }
      let (head, tail) = extent.split(at: rest)
      if head.byteCount > 0 { result.append(head) }
      rest -= min(rest, head.byteCount)
      cut = tail
    }
    return result
  }
}
