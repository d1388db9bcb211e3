// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

/// A small generator; its seed replays a failure.
private struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

@Suite struct RandomTests {
  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func plansOfAnyShapeAreFulfilled(_ seed: UInt64) throws {
    var random = Random(seed: seed)
    let guest = try FakeGuest(
      startIndex: UInt32(truncatingIfNeeded: random.next()),
      grantFrameCountMax: Int.random(in: 1...4, using: &random))
    let features = [
      FakeDisk.Features.blkback, .qdisk, .plain, .init(ringPageOrder: 1, indirectSegments: 17),
    ]
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 19),
      features: features[Int.random(in: 0..<4, using: &random)])
    backend.requestsATurn = Int.random(in: 1...40, using: &random)
    let disk = try guest.connectedDisk()
    let frameCount = 160
    let start = guest.xen.makeTarget(count: frameCount)
    var expected = [UInt8](repeating: 0xee, count: frameCount * 4096)
    var pieces: [ReadPlan.Piece] = []
    var unit = 0
    while unit < frameCount * 8 {
      let length = min(Int.random(in: 1...90, using: &random), frameCount * 8 - unit)
      if Int.random(in: 0..<4, using: &random) > 0 {
        let sector = Int.random(in: 0...1024 - length, using: &random)
        pieces.append(
          ReadPlan.Piece(
            deviceByteOffset: UInt64(sector * 512),
            place: .init(frame: start + UInt64(unit / 8), byteOffset: unit % 8 * 512),
            byteCount: UInt64(length * 512)))
        expected.replaceSubrange(
          unit * 512..<(unit + length) * 512,
          with: backend.data[sector * 512..<(sector + length) * 512])
      }
      unit += length
    }
    pieces.shuffle(using: &random)
    backend.lies.badSectors = 100..<300
    backend.lies.failureCount = Int.random(in: 0...2, using: &random)
    if backend.lies.failureCount == 0 { backend.lies.badSectors = 0..<0 }
    try disk.execute(ReadPlan(pieces: pieces))
    #expect(guest.xen.bytes(frame: start, count: frameCount * 4096) == expected)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func garbageInABlockRingIsNoHarm(_ seed: UInt64) throws {
    var random = Random(seed: seed)
    let guest = try FakeGuest()
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 18),
      features: seed % 2 == 0 ? .plain : .blkback)
    backend.requestsATurn = 3
    let disk = try guest.connectedDisk()
    let frame = guest.xen.makeTarget(count: 64)
    for round in 0..<30 {
      do {
        let piece = ReadPlan.Piece(
          deviceByteOffset: 0, place: .init(frame: frame, byteOffset: 0), byteCount: 1 << 18)
        try disk.submit(ReadPlan(pieces: [piece]))
        try disk.pump()
        backend.scribble(round % 3 == 0 ? 8..<12 : 0..<1024) {
          UInt8.random(in: 0...255, using: &random)
        }
        _ = try disk.read(at: 512, count: 100)
      } catch {}
    }
    // Any error will do, but it must end, and close must report what is left.
    backend.lies.isMute = true
    try? disk.close()
    #expect(guest.grants.activeCount == guest.xen.usedGrantCount)
    #expect(disk.heldGrantCount == guest.grants.activeCount)
    #expect(guest.xen.openPorts == [])
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func garbageInXenstoreIsNoHarm(_ seed: UInt64) throws {
    var random = Random(seed: seed)
    let guest = try FakeGuest()
    guest.store.timeLimit = 1_000_000
    let isWhole = seed % 2 == 0
    for _ in 0..<30 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...200, using: &random) {
        bytes.append(UInt8.random(in: 0...255, using: &random))
      }
      if isWhole {
        // A valid header around garbage.
        let header = XenStoreHeader(
          type: UInt32.random(in: 0...23, using: &random),
          requestID: guest.store.hasLostEvents ? 0 : UInt32.random(in: 0...9, using: &random),
          transactionID: 0, byteCount: UInt32(bytes.count))
        bytes = header.bytes + bytes
      }
      guest.daemon.sendRaw(bytes)
      _ = try? guest.store.directory("device/vbd")
      _ = try? guest.store.hasChange(tokens: ["t"])
    }
    try? guest.store.drain()
  }
}
