// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Testing

/// Our sort against the least that is right: the smallest of the rest, one after the other.
struct SortingTests {
  private struct Item: Equatable {
    let key: UInt64
    let place: Int
  }

  private func items(count: Int, keyCount: UInt64, seed: UInt64) -> [Item] {
    var state = seed
    return (0..<count).map { place in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Item(key: (state >> 33) % keyCount, place: place)
    }
  }

  private func reference(_ items: [Item]) -> [Item] {
    var rest = items
    var result: [Item] = []
    while let first = rest.first {
      var least = (index: 0, item: first)
      for (index, item) in rest.enumerated() where item.key < least.item.key {
        least = (index, item)
      }
      result.append(least.item)
      rest.remove(at: least.index)
    }
    return result
  }

  @Test(arguments: Array(0...33) + [64, 65, 100])
  func equalElementsKeepTheirOrder(_ count: Int) {
    for keyCount: UInt64 in [1, 3, 1000] {
      let items = items(count: count, keyCount: keyCount, seed: UInt64(count) + keyCount)
      #expect(items.sorted { $0.key < $1.key } == reference(items))
      var inPlace = items
      inPlace.sort { $0.key < $1.key }
      #expect(inPlace == reference(items))
    }
  }

  @Test func whatCanBeComparedNeedsNoClosure() {
    let names: [ByteString] = ["b", "", "ab", "a", "b"]
    #expect(names.sorted() == ["", "a", "ab", "b", "b"])
    var numbers = [3, 1, 2]
    numbers.sort()
    #expect(numbers == [1, 2, 3])
    #expect((0..<4).sorted { $0 > $1 } == [3, 2, 1, 0])
  }

  @Test func aNonsensicalOrderEnds() {
    let items = Array(0..<50)
    #expect(Set(items.sorted { _, _ in true }) == Set(items))
    #expect(items.sorted { _, _ in false } == items)
  }
}
