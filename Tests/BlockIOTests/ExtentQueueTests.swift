// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Testing

struct ExtentQueueTests {
  private let extents: [Extent] = [
    .run(byteOffset: 4096, byteCount: 5000), .zeros(byteCount: 100), .inline([1, 2, 3, 4, 5]),
    .run(byteOffset: 0, byteCount: 1),
  ]

  @Test func partsFollowEachOther() {
    var queue = ExtentQueue(extents)
    #expect(queue.take(byteCount: 4096) == [.run(byteOffset: 4096, byteCount: 4096)])
    #expect(
      queue.take(byteCount: 1006) == [
        .run(byteOffset: 8192, byteCount: 904), .zeros(byteCount: 100), .inline([1, 2]),
      ])
    #expect(
      queue.take(byteCount: .max) == [.inline([3, 4, 5]), .run(byteOffset: 0, byteCount: 1)])
    #expect(queue.take(byteCount: 1).isEmpty)
  }

  @Test(arguments: [1, 7, 512, 5000, 5001, 10_000] as [UInt64])
  func everyByteComesOnceWhateverTheParts(byteCount: UInt64) {
    var queue = ExtentQueue(extents)
    var sum: UInt64 = 0
    while true {
      let part = queue.take(byteCount: byteCount)
      if part.isEmpty { break }
      let count = part.reduce(0) { $0 + $1.byteCount }
      sum += count
      #expect(count == byteCount || sum == 5106)
    }
    #expect(sum == 5106)
  }

  @Test func emptyExtentsAreLeftOut() {
    var queue = ExtentQueue([.zeros(byteCount: 0), .inline([]), .inline([9])])
    #expect(queue.take(byteCount: 8) == [.inline([9])])
    #expect(queue.take(byteCount: 8).isEmpty)
    var none = ExtentQueue([])
    #expect(none.take(byteCount: 8).isEmpty)
  }
}
