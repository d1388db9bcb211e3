// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import TestSupport
import Testing

@testable import FuzzTargets

/// The targets of `tools/fuzz` without libFuzzer, a few inputs each, so that they do not rot. What
/// should not be ends the program.
struct SmokeTests {
  /// How many seeds are taken, from all over, and how many damaged ones of each.
  static let seedCount = 6
  static let damagedCount = 2

  @Test(arguments: FuzzTargets.all().map { $0.name })
  func takesItsSeedsAndDamagedOnes(name: String) throws {
    let target = try #require(FuzzTargets.named(name))
    var made: [MadeImages] = []
    // One base is enough, and the rest of the seeds takes it too.
    if let recipe = target.recipes.first {
      made.append(try recipe.make(data: recipe.memberCount > 0 ? FuzzTargets.memberContents() : []))
    }
    target.use(try made.map { try #require(BaseImage(paths: $0.paths)) })
    let seeds = target.seeds()
    try #require(!seeds.isEmpty)
    let work = WorkAccount()
    var random = SplitMix(seed: 19)
    for index in 0..<Self.seedCount {
      let seed = seeds[index * seeds.count / Self.seedCount]
      #expect(seed.count <= target.byteCountMax)
      for round in 0...Self.damagedCount {
        var input = seed
        if round > 0 { _ = random.damage(&input, in: [0..<input.count]) }
        work.renew(limit: WorkLimits.search)
        target.run(input[...], work)
        #expect(work.spent <= WorkLimits.search * 2)
      }
    }
  }

  @Test func aPatchStaysWhereItCame() {
    let patches = PatchList()
    let replace = PatchList.encode(read: 1, place: 2, [7, 8])
    let add: [UInt8] = [0, 0, 9, 0, 0x11, 0xff, 0x01]
    patches.begin((replace + add)[...])
    var bytes = [UInt8](repeating: 1, count: 10)
    patches.apply(to: &bytes, disk: 0, at: 1000)
    // The second one is for the first read: byte 9, of which the next one is not read yet.
    #expect(bytes == [1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    bytes = [1, 1, 1, 1]
    patches.apply(to: &bytes, disk: 0, at: 2000)
    #expect(bytes == [1, 1, 7, 8])
    bytes = [1, 1, 1, 1]
    patches.apply(to: &bytes, disk: 0, at: 2002)
    #expect(bytes == [7, 8, 1, 1])
    bytes = [1, 1, 1]
    patches.apply(to: &bytes, disk: 0, at: 1009)
    #expect(bytes == [0, 3, 1])
    bytes = [1, 1, 1, 1]
    patches.apply(to: &bytes, disk: 1, at: 2000)
    #expect(bytes == [1, 1, 1, 1])
  }

  @Test func aPatchWithoutBytesIsNone() {
    let patches = PatchList()
    for count in 0..<6 {
      patches.begin([UInt8](repeating: 0, count: count)[...])
      var bytes: [UInt8] = [1, 2]
      patches.apply(to: &bytes, disk: 0, at: 0)
      #expect(bytes == [1, 2])
    }
  }
}
