// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

/// Volumes of several segments, and plans to read from them.
struct VolumeMapTests {
  private let one = MemoryDevice(name: "xvda", bytes: (0..<65536).map { UInt8($0 % 251) })
  private let two = MemoryDevice(
    name: "xvdb", bytes: (0..<65536).map { UInt8(($0 * 7 + 3) % 241) }, sectorByteCount: 4096)

  private func run(_ device: MemoryDevice, _ start: UInt64, _ count: UInt64)
    -> VolumeSegment<MemoryDevice>
  {
    VolumeSegment(.device(device), at: start, byteCount: count)
  }

  /// A bit of everything, and what it holds.
  private func mixture() throws -> (volume: Volume<MemoryDevice>, bytes: [UInt8]) {
    let layout = try #require(
      StripeLayout(.none, memberCount: 2, chunkByteCount: 4096, memberByteCount: 16384))
    let set = try #require(
      StripedSet(
        [Volume(one, name: "a", at: 512, count: 16384), Volume(whole: two)], layout))
    let volume = try #require(
      Volume(
        name: "mixture",
        segments: [
          run(two, 4096, 8192), run(one, 1000, 3000), VolumeSegment(.zeros, at: 0, byteCount: 700),
          VolumeSegment(.inline([9, 8, 7, 6, 5]), at: 1, byteCount: 3),
          VolumeSegment(.striped(set), at: 2048, byteCount: 20000), run(one, 0, 4096),
        ]))
    var striped: [UInt8] = []
    for chunk in 0..<8 {
      let start = chunk / 2 * 4096
      striped +=
        chunk % 2 == 0
        ? one.bytes[512 + start..<512 + start + 4096] : two.bytes[start..<start + 4096]
    }
    let parts: [ArraySlice<UInt8>] = [
      two.bytes[4096..<12288], one.bytes[1000..<4000], ArraySlice(repeating: 0, count: 700),
      [8, 7, 6], striped[2048..<22048], one.bytes[0..<4096],
    ]
    return (volume, parts.flatMap { $0 })
  }

  @Test func readsEveryRange() throws {
    let (volume, bytes) = try mixture()
    #expect(volume.byteCount == UInt64(bytes.count))
    #expect(volume.devices.map { $0.name } == ["xvdb", "xvda"])
    #expect(volume.sectorByteCount == 4096)
    #expect(try volume.read(at: 0, count: bytes.count) == bytes)
    #expect(try volume.readAgain(at: 0, count: bytes.count) == bytes)
    var generator = SplitMix(seed: 1)
    for _ in 0..<500 {
      let start = generator.below(bytes.count + 1)
      let count = generator.below(bytes.count - start + 1)
      #expect(
        try volume.read(at: UInt64(start), count: count) == Array(bytes[start..<start + count]))
    }
  }

  @Test func aPartOfAVolumeIsAVolume() throws {
    let (volume, bytes) = try mixture()
    for start in stride(from: 0, through: bytes.count, by: 997) {
      let count = UInt64(bytes.count - start)
      let part = try #require(Volume(volume, name: "part", at: UInt64(start), count: count))
      #expect(try part.read(at: 0, count: bytes.count - start) == Array(bytes[start...]))
      #expect(part.isAssembled)
    }
    #expect(Volume(volume, name: "x", at: 1, count: volume.byteCount) == nil)
    #expect(Volume(volume, name: "x", at: .max, count: 1) == nil)
  }

  @Test func refusesWhatIsBeyondIt() throws {
    let (volume, _) = try mixture()
    for (start, count) in [(volume.byteCount, 1), (0, Int(volume.byteCount) + 1), (.max, 1)]
      as [(UInt64, Int)]
    {
      #expect(
        throws: BlockError.outOfRange(
          byteOffset: start, byteCount: UInt64(count), deviceByteCount: volume.byteCount)
      ) { try volume.read(at: start, count: count) }
    }
  }

  @Test func segmentsMustBeInsideWhatTheyAreOf() throws {
    #expect(Volume(name: "x", segments: [run(one, 65536, 1)]) == nil)
    #expect(Volume(name: "x", segments: [run(one, .max, 1)]) == nil)
    #expect(
      Volume<MemoryDevice>(
        name: "x", segments: [VolumeSegment(.inline([1]), at: 0, byteCount: 2)]) == nil)
    let endless = VolumeSegment<MemoryDevice>(.zeros, at: 0, byteCount: .max)
    #expect(Volume(name: "x", segments: [endless, endless]) == nil)
    #expect(Volume<MemoryDevice>(name: "x", segments: [])?.byteCount == 0)
  }

  @Test func setsMustHaveTheMembersThatTheyNeed() throws {
    let layout = try #require(
      StripeLayout(
        .parity(.leftSymmetric), memberCount: 3, chunkByteCount: 4096, memberByteCount: 65536))
    let whole = Volume(whole: one)
    #expect(StripedSet([whole, whole, nil], layout) != nil)
    #expect(StripedSet([whole, nil, nil], layout) == nil)
    #expect(StripedSet([whole, whole], layout) == nil)
    let short = Volume(one, name: "short", at: 0, count: 65535)
    #expect(StripedSet([whole, short, nil], layout) == nil)
  }

  @Test func layoutsHaveLimits() {
    func layout(
      _ redundancy: StripeLayout.Redundancy, _ members: Int = 4, chunk: UInt64 = 4096,
      size: UInt64 = 1 << 20
    ) -> StripeLayout? {
      StripeLayout(
        redundancy, memberCount: members, chunkByteCount: chunk, memberByteCount: size)
    }
    #expect(layout(.none)?.byteCount == 4 << 20)
    #expect(layout(.none, 0) == nil)
    #expect(layout(.none, StripeLayout.memberCountMax + 1) == nil)
    #expect(layout(.none, chunk: 2048) == nil)
    #expect(layout(.none, chunk: 5000) == nil)
    #expect(layout(.none, chunk: 2 << 30) == nil)
    #expect(layout(.none, size: .max) == nil)
    #expect(layout(.parity(.leftSymmetric), 1) == nil)
    #expect(layout(.parity(.rotatingNRestart)) == nil)
    #expect(layout(.doubleParity(.leftSymmetric), 3) == nil)
    #expect(layout(.doubleParity(.leftSymmetric), 256) == nil)
    #expect(layout(.copies(near: 0, far: 1, isOffset: false)) == nil)
    #expect(layout(.copies(near: 1, far: 0, isOffset: false)) == nil)
    #expect(layout(.copies(near: 3, far: 2, isOffset: false)) == nil)
    #expect(layout(.copies(near: .max, far: .max, isOffset: false)) == nil)
  }

  @Test func whatIsPutTogetherIsNeverWritten() throws {
    one.isWritable = true
    let plain = Volume(whole: one)
    #expect(plain.isWritable)
    let assembled = try #require(Volume(name: "lvm/a-b", segments: [run(one, 0, 65536)]))
    #expect(!assembled.isWritable)
    #expect(throws: BlockError.readOnly) { try assembled.write([1], at: 0) }
    let part = try #require(Volume(assembled, name: "x", at: 0, count: 512))
    #expect(throws: BlockError.readOnly) { try part.write([1], at: 0) }
    #expect(one.bytes[0] == 0)
  }

  @Test func aReadThatFailsOnAnyDiskIsTold() throws {
    let faulty = FaultyDevice(one)
    faulty.badSectors = 100..<101
    let volume = try #require(
      Volume(
        name: "x",
        segments: [
          VolumeSegment(.device(faulty), at: 0, byteCount: 512),
          VolumeSegment(.device(faulty), at: 100 * 512, byteCount: 512),
        ]))
    #expect(try volume.read(at: 0, count: 512).count == 512)
    #expect(throws: BlockError.readFailed(sector: 100)) { try volume.read(at: 500, count: 100) }
  }

  @Test func aPlanHasThePiecesOfEachDevice() throws {
    let (volume, _) = try mixture()
    let plan = try ReadPlan(
      [.run(byteOffset: 0, byteCount: volume.byteCount)], on: volume,
      target: .init(frames: [FrameRange(first: 10, frameCount: 16)]))
    #expect(plan.deviceCount == 2)
    #expect(plan.pieces(onDevice: 0) + plan.pieces(onDevice: 1) != [])
    #expect(plan.pieces(onDevice: 0).allSatisfy { $0.deviceByteOffset % 4096 == 0 })
    #expect(
      plan.pieces(onDevice: 0).first
        == .init(
          device: 0, deviceByteOffset: 4096, place: .init(frame: 10, byteOffset: 0),
          byteCount: 8192))
  }

  @Test func plansBringTheBytesThatReadsGive() throws {
    let (mixture, mixed) = try mixture()
    let layout = try #require(
      StripeLayout(
        .doubleParity(.leftSymmetric), memberCount: 5, chunkByteCount: 4096,
        memberByteCount: 16384))
    let members: [Volume<MemoryDevice>?] = [
      Volume(one, name: "a", at: 0, count: 16384), nil, Volume(whole: two), nil,
      Volume(one, name: "b", at: 16384, count: 16384),
    ]
    let set = try #require(StripedSet(members, layout))
    let computed = try #require(
      Volume(
        name: "raid", segments: [VolumeSegment(.striped(set), at: 0, byteCount: set.byteCount)]))
    let raid = try computed.read(at: 0, count: Int(computed.byteCount))
    var generator = SplitMix(seed: 9)
    for _ in 0..<60 {
      for (volume, bytes) in [(mixture, mixed), (computed, raid)] {
        let start = generator.below(bytes.count) / 512 * 512
        let count = 1 + generator.below(bytes.count - start)
        let offset = generator.below(3) * 512
        let plan = try ReadPlan(
          [.zeros(byteCount: 5), .run(byteOffset: UInt64(start), byteCount: UInt64(count))],
          on: volume,
          target: .init(
            frames: [FrameRange(first: 3, frameCount: 2), FrameRange(first: 9, frameCount: 20)],
            byteOffset: UInt64(offset)))
        let memory = try PlanMemory(plan, volume)
        let expected = [0, 0, 0, 0, 0] + bytes[start..<start + count]
        #expect(memory.bytes(from: offset, count: expected.count) == expected)
      }
    }
  }
}

/// Frames 3, 4, and 9 to 28, as a plan leaves them.
private struct PlanMemory {
  private static let frames: [UInt64] = [3, 4] + (9..<29)
  private var bytes = [UInt8](repeating: 0xee, count: 22 * 4096)

  init(_ plan: ReadPlan, _ volume: Volume<MemoryDevice>) throws {
    for (index, device) in volume.devices.enumerated() {
      for piece in plan.pieces(onDevice: index) {
        let sector = UInt64(device.sectorByteCount)
        #expect(piece.deviceByteOffset % sector == 0 && piece.byteCount % sector == 0)
        #expect(UInt64(piece.place.byteOffset) % sector == 0)
        try put(device.read(at: piece.deviceByteOffset, count: Int(piece.byteCount)), piece.place)
      }
    }
    for copy in plan.copies { try put(copy.bytes, copy.place) }
    for read in plan.reads {
      try put(volume.read(at: read.volumeByteOffset, count: Int(read.byteCount)), read.place)
    }
    for zeros in plan.zeros {
      try put([UInt8](repeating: 0, count: Int(zeros.byteCount)), zeros.place)
    }
  }

  private mutating func put(_ new: [UInt8], _ place: ReadPlan.Place) throws {
    var rest = new[...]
    var frame = place.frame
    var offset = place.byteOffset
    while !rest.isEmpty {
      let index = try #require(Self.frames.firstIndex(of: frame))
      let part = rest.prefix(4096 - offset)
      let start = index * 4096 + offset
      bytes.replaceSubrange(start..<start + part.count, with: part)
      rest = rest.dropFirst(part.count)
      frame += 1
      offset = 0
    }
  }

  func bytes(from start: Int, count: Int) -> [UInt8] { Array(bytes[start..<start + count]) }
}
