// SPDX-License-Identifier: GPL-2.0-or-later

/// Where names stand in a list, found without going through it. A dictionary would want hashing
/// with a seed, which the image has not.
public struct NameIndex: Equatable, Sendable {
  private struct Place: Equatable, Sendable {
    let name: ByteString
    let index: Int
  }

  /// In the order of the names, and of their places where names are equal.
  private let places: [Place]

  /// The names with their places in a list. Of equal names the first counts.
  public init(_ names: [(name: ByteString, index: Int)]) {
    places = names.map { Place(name: $0.name, index: $0.index) }.sorted { $0.name < $1.name }
  }

  /// The names of a list, in its order.
  public init(_ names: [ByteString]) {
    self.init(names.enumerated().map { (name: $0.element, index: $0.offset) })
  }

  /// The place of a name; nil if it is not there.
  @inline(never)
  public func index(of name: ByteString) -> Int? {
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if places[middle].name < name { low = middle + 1 } else { high = middle }
    }
    guard low < places.count, places[low].name == name else { return nil }
    return places[low].index
  }
}
