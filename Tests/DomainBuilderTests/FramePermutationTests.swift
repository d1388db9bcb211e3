// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import Testing

struct FramePermutationTests {
  /// A generator whose seed makes a failure repeatable.
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11 ^ state << 40
    }
  }

  /// Applies it to a list in which frame n is n + 1000.
  private func applied(_ permutation: FramePermutation, pageCount: Int) -> [UInt64] {
    var p2m = (0..<pageCount).map { UInt64($0) + 1000 }
    p2m.withUnsafeMutableBufferPointer { permutation.apply(to: $0) }
    return p2m
  }

  @Test func exchangesFramesWithTheirTargets() throws {
    let permutation = try FramePermutation(
      [FramePlacement(target: 2, source: 10, frameCount: 3)], outsideStart: 20, pageCount: 20)
    let p2m = applied(permutation, pageCount: 20)
    #expect(Array(p2m[2..<5]) == [1010, 1011, 1012])
    #expect(Array(p2m[10..<13]) == [1002, 1003, 1004])
    #expect(permutation.changedFrames == [2..<5, 10..<13])
    #expect(permutation.changedFrameCount == 6)
    #expect(permutation.source(of: 3) == 11)
    #expect(permutation.source(of: 6) == 6)
  }

  @Test func shiftsARunOntoItself() throws {
    let permutation = try FramePermutation(
      [FramePlacement(target: 3, source: 4, frameCount: 5)], outsideStart: 12, pageCount: 12)
    let p2m = applied(permutation, pageCount: 12)
    #expect(Array(p2m[3..<9]) == [1004, 1005, 1006, 1007, 1008, 1003])
    #expect(permutation.changedFrames == [3..<9])
  }

  @Test func leavesAloneWhatIsInItsPlace() throws {
    let permutation = try FramePermutation(
      [FramePlacement(target: 3, source: 3, frameCount: 5)], outsideStart: 12, pageCount: 12)
    #expect(permutation.moves.isEmpty)
    #expect(permutation.changedFrameCount == 0)
    #expect(applied(permutation, pageCount: 12) == (1000..<1012).map { UInt64($0) })
  }

  @Test func movesTheLoadersTablesOutside() throws {
    // Tables at 5 and 6, where new frames are to go, and at 9, where none go; at 17 one is outside.
    let permutation = try FramePermutation(
      [FramePlacement(target: 4, source: 15, frameCount: 3)],
      outside: [9..<10, 5..<7, 17..<18], outsideStart: 12, pageCount: 20)
    let p2m = applied(permutation, pageCount: 20)
    #expect(Array(p2m[4..<7]) == [1015, 1016, 1017] || p2m[17] == 1017)
    for frame: UInt64 in [1005, 1006, 1009] {
      let place = try #require(p2m.firstIndex(of: frame))
      #expect(place >= 12)
    }
  }

  @Test func refusesWhatIsNoPermutation() {
    func make(
      _ placements: [FramePlacement], outside: [FrameRange] = []
    ) throws -> FramePermutation {
      try FramePermutation(placements, outside: outside, outsideStart: 10, pageCount: 12)
    }
    let two = FramePlacement(target: 2, source: 4, frameCount: 2)
    #expect(throws: DomainBuilderError.placementsOverlap(frame: 3)) {
      try make([two, FramePlacement(target: 3, source: 8)])
    }
    #expect(throws: DomainBuilderError.placementsOverlap(frame: 5)) {
      try make([two, FramePlacement(target: 7, source: 5)])
    }
    #expect(throws: DomainBuilderError.placementOutside(frame: 11, limit: 12)) {
      try make([FramePlacement(target: 1, source: 11, frameCount: 2)])
    }
    #expect(throws: DomainBuilderError.placementOutside(frame: 10, limit: 10)) {
      try make([FramePlacement(target: 10, source: 1)])
    }
    #expect(throws: DomainBuilderError.placementOutside(frame: .max, limit: 12)) {
      try make([FramePlacement(target: .max, source: 1)])
    }
    #expect(throws: DomainBuilderError.noFramesOutside(neededFrameCount: 3, frameCount: 2)) {
      try make([], outside: [1..<4])
    }
    #expect(throws: DomainBuilderError.placementOutside(frame: 12, limit: 12)) {
      try make([], outside: [11..<13])
    }
    #expect(throws: DomainBuilderError.placementsOverlap(frame: 4)) {
      try make([two], outside: [4..<5])
    }
  }

  @Test func fillsTargetsFromRunsInOrder() throws {
    #expect(
      try FramePlacement.filling(10..<16, with: [3..<5, 5..<6, 40..<60]) == [
        FramePlacement(target: 10, source: 3, frameCount: 3),
        FramePlacement(target: 13, source: 40, frameCount: 3),
      ])
    #expect(throws: DomainBuilderError.placementTooShort(frameCount: 2, neededFrameCount: 3)) {
      try FramePlacement.filling(10..<13, with: [1..<3])
    }
    #expect(try FramePlacement.filling(10..<10, with: []).isEmpty)
  }

  @Test(arguments: 0..<200) func anyPlacementsMakeABijection(seed: Int) throws {
    var random = Random(state: UInt64(seed) &* 7919 &+ 1)
    let pageCount = Int.random(in: 40...300, using: &random)
    let outsideStart = Int.random(in: 20...pageCount - 10, using: &random)
    let placedCount = Int.random(in: 0...outsideStart, using: &random)
    let sources = Array((0..<pageCount).shuffled(using: &random))
    let targets = Array((0..<outsideStart).shuffled(using: &random))
    var placements: [FramePlacement] = []
    for index in 0..<placedCount {
      placements.append(
        FramePlacement(target: UInt64(targets[index]), source: UInt64(sources[index])))
    }
    let tables = sources[placedCount..<min(placedCount + 8, pageCount)]
    let permutation: FramePermutation
    do {
      permutation = try FramePermutation(
        placements, outside: tables.map { UInt64($0)..<UInt64($0) + 1 },
        outsideStart: UInt64(outsideStart), pageCount: UInt64(pageCount))
    } catch DomainBuilderError.noFramesOutside {
      return
    }
    let p2m = applied(permutation, pageCount: pageCount)
    #expect(p2m.sorted() == (0..<pageCount).map { UInt64($0) + 1000 })
    for placement in placements { #expect(p2m[Int(placement.target)] == placement.source + 1000) }
    for table in tables {
      #expect(try #require(p2m.firstIndex(of: UInt64(table) + 1000)) >= outsideStart)
    }
    let changed = permutation.changedFrames
    for place in 0..<pageCount {
      let isChanged = changed.contains { $0.contains(UInt64(place)) }
      #expect(isChanged == (p2m[place] != UInt64(place) + 1000))
      #expect(permutation.source(of: UInt64(place)) + 1000 == p2m[place])
    }
    var back = p2m
    back.withUnsafeMutableBufferPointer { permutation.inverse.apply(to: $0) }
    #expect(back == (0..<pageCount).map { UInt64($0) + 1000 })
  }

  @Test func aLargeDomainIsNoMoreWorkThanItsMoves() throws {
    // 64 GiB; its list of 32768 frames moves, and a module that lies in single frames.
    let pageCount: UInt64 = 16 << 20
    var placements = [FramePlacement(target: 0x6000, source: 0x20_0000, frameCount: 32768)]
    for index: UInt64 in 0..<2000 {
      placements.append(FramePlacement(target: 0x5000 + index, source: 0x80_0000 - 3 * index))
    }
    let permutation = try FramePermutation(
      placements, outside: [0x100..<0x180], outsideStart: 0x10_0000, pageCount: pageCount)
    #expect(permutation.changedFrameCount == 2 * (32768 + 2000 + 128))
    var swapCount = 0
    permutation.forEachSwap { _, _ in swapCount += 1 }
    #expect(swapCount < permutation.changedFrameCount)
  }
}
