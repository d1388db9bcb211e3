// SPDX-License-Identifier: GPL-2.0-or-later

/// Tries all ways to match, and tells each. What a step costs does not depend on the text or the
/// expression: groups are a list that is shared, and looking whether an end is known is a step for
/// each end that is looked at.
struct RegularExpressionMatcher {
  /// Where a match of a part may end, and the groups up to there.
  struct Place {
    private var storedOffset: Int32
    /// The number of the group that was closed last in `closed`; -1 if there is none.
    fileprivate var group: Int32

    fileprivate init(offset: Int, group: Int32 = -1) {
      storedOffset = Int32(clamping: offset)
      self.group = group
    }

    /// The bytes of the text before it.
    var offset: Int { Int(storedOffset) }
  }

  /// A group that was closed, and the number of the one before.
  private struct Group {
    var number: Int32
    var start: Int32
    var end: Int32
    var previous: Int32
  }

  /// Places, of which each has another offset. The first found are kept.
  private struct Places {
    var all: [Place] = []
    var least = Int.max
    var greatest = Int.min

    /// Adds a place; the steps that this took.
    mutating func add(_ place: Place) -> Int {
      var stepCount = 1
      if place.offset >= least, place.offset <= greatest {
        for known in all {
          if known.offset == place.offset { return stepCount }
          stepCount += 1
        }
      }
      least = min(least, place.offset)
      greatest = max(greatest, place.offset)
      all.append(place)
      return stepCount
    }
  }

  /// The steps so far.
  private(set) var stepCount = 0
  private let text: [UInt8]
  private var closed: [Group] = []

  /// A matcher of a text.
  init(text: [UInt8]) { self.text = text }

  private var isSpent: Bool { stepCount >= RegularExpression.stepCountMax }

  /// All places where a match from an offset may end.
  mutating func matches(_ node: RegularExpression.Node, at offset: Int) -> [Place] {
    closed.removeAll(keepingCapacity: true)
    var ends = Places()
    collect(node, Place(offset: offset), &ends)
    return ends.all
  }

  /// The groups at a place; of a number that was closed several times the last counts.
  func groups(of place: Place, count: Int) -> [Range<Int>?] {
    var result = [Range<Int>?](repeating: nil, count: count)
    var index = Int(place.group)
    while closed.indices.contains(index) {
      let group = closed[index]
      let number = Int(group.number)
      if result.indices.contains(number), result[number] == nil {
        result[number] = Int(group.start)..<Int(group.end)
      }
      index = Int(group.previous)
    }
    return result
  }

  /// Adds all places where a match of a part from a place may end. It calls itself for parts within
  /// parts, `RegularExpression.heightMax` deep.
  private mutating func collect(
    _ node: RegularExpression.Node, _ place: Place, _ ends: inout Places
  ) {
    stepCount += 1
    guard !isSpent else { return }
    let byte = place.offset < text.count ? text[place.offset] : nil
    switch node {
    case .byte(let wanted): if byte == wanted { step(place, &ends) }
    case .any: if byte != nil { step(place, &ends) }
    case .set(let set): if let byte, set.contains(byte) { step(place, &ends) }
    case .start: if place.offset == 0 { add(place, &ends) }
    case .end: if byte == nil { add(place, &ends) }
    case .group(let inner, let number): group(inner, number, place, &ends)
    case .sequence(let nodes): sequence(nodes, place, &ends)
    case .choice(let nodes): for node in nodes where !isSpent { collect(node, place, &ends) }
    case .repeated(let inner, let from, let to): `repeat`(inner, from, to, place, &ends)
    }
  }

  private mutating func add(_ place: Place, _ ends: inout Places) { stepCount += ends.add(place) }

  private mutating func step(_ place: Place, _ ends: inout Places) {
    add(Place(offset: place.offset + 1, group: place.group), &ends)
  }

  private mutating func group(
    _ inner: RegularExpression.Node, _ number: Int, _ place: Place, _ ends: inout Places
  ) {
    var inside = Places()
    collect(inner, place, &inside)
    for end in inside.all where !isSpent {
      closed.append(
        Group(
          number: Int32(clamping: number), start: Int32(clamping: place.offset),
          end: Int32(clamping: end.offset), previous: end.group))
      add(Place(offset: end.offset, group: Int32(clamping: closed.count - 1)), &ends)
    }
  }

  private mutating func sequence(
    _ nodes: [RegularExpression.Node], _ place: Place, _ ends: inout Places
  ) {
    var places = [place]
    for node in nodes {
      var next = Places()
      for place in places where !isSpent { collect(node, place, &next) }
      places = next.all
      if places.isEmpty { return }
    }
    for place in places { add(place, &ends) }
  }

  private mutating func `repeat`(
    _ node: RegularExpression.Node, _ from: Int, _ to: Int, _ start: Place, _ ends: inout Places
  ) {
    var places = [start]
    var rounds: [[Place]] = from == 0 ? [places] : []
    var count = 0
    while count < to, !places.isEmpty, !isSpent {
      var next = Places()
      for place in places where !isSpent {
        var found = Places()
        collect(node, place, &found)
        for end in found.all where end.offset > place.offset || count < from { add(end, &next) }
      }
      places = next.all
      count += 1
      if count >= from { rounds.append(places) }
    }
    // The longest repetition comes first.
    for round in rounds.reversed() {
      for place in round where !isSpent { add(place, &ends) }
    }
  }
}
