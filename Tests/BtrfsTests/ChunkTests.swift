// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

struct ChunkTests {
  static let data = ImageBuilder.dataLogical

  /// The error where the data chunk's item is changed.
  func error(
    profile: UInt64 = 0, devices: Int = 1, chunk: UInt64 = data,
    _ edit: @escaping (inout [UInt8]) -> Void
  ) throws -> BtrfsError? {
    var builder = ImageBuilder()
    builder.addFile("a", inode: 257, [.stored([1, 2, 3])])
    (builder.profile, builder.deviceCount) = (profile, devices)
    builder.editChunk = { logical, item in if logical == chunk { edit(&item) } }
    let images = builder.build()
    do {
      let system = try #require(try SampleTests.join(images))
      let node = try #require(try system.lookUp("a", in: system.root()))
      _ = try system.extents(of: node)
      return nil
    } catch let error as BtrfsError { return error }
  }

  @Test func fieldsAreChecked() throws {
    let place = BtrfsStructure.chunk(Self.data)
    #expect(
      try error { $0.replaceSubrange(0..<8, with: little(UInt64(0))) }
        == .badField(place, field: "length", value: 0))
    #expect(
      try error { $0.replaceSubrange(0..<8, with: little(UInt64.max)) }
        == .badField(place, field: "length", value: .max))
    #expect(
      try error { $0.replaceSubrange(16..<24, with: little(UInt64(4096))) }
        == .badField(place, field: "stripe_len", value: 4096))
    #expect(try error { $0[44] = 0 } == .badField(place, field: "num_stripes", value: 0))
    #expect(try error { $0[44] = 2 } == .badField(place, field: "num_stripes", value: 2))
    #expect(
      try error(profile: 0x10, devices: 2) { $0.removeLast() }
        == .badField(place, field: "num_stripes", value: 2))
    #expect(
      try error(profile: 0x10, devices: 2) { $0[45] = 0xff }
        == .badField(place, field: "num_stripes", value: 0xff02))
    #expect(
      try error(profile: 0x40, devices: 4) { $0[46] = 1 }
        == .badField(place, field: "sub_stripes", value: 1))
    #expect(
      try error(profile: 0x40, devices: 4) { $0[44] = 3 }
        == .badField(place, field: "num_stripes", value: 3))
    #expect(
      try error(profile: 0x100, devices: 3) { $0[44] = 2 }
        == .badField(place, field: "num_stripes", value: 2))
    #expect(
      try error { $0.removeSubrange(40...) } == .badField(place, field: "size", value: 40))
  }

  @Test func unknownProfilesAreNamed() throws {
    #expect(try error { $0[25] = 8 } == .unsupportedFeature("block group type 0x801"))
    // Two profiles at once.
    #expect(try error { $0[24] = 0x31 } == .unsupportedFeature("block group type 0x31"))
  }

  @Test func chunksMayNotOverlap() throws {
    #expect(
      try error(chunk: ImageBuilder.systemLogical) {
        $0.replaceSubrange(0..<8, with: little(UInt64(1) << 40))
      } == .overlappingChunks(ImageBuilder.metadataLogical))
  }

  @Test func stripesMustBeOnTheirDevice() throws {
    #expect(
      try error { $0.replaceSubrange(56..<64, with: little(UInt64(1) << 40)) }
        == .outsideDevice(chunk: Self.data, deviceID: 1))
    #expect(
      try error { $0.replaceSubrange(56..<64, with: little(UInt64.max)) }
        == .outsideDevice(chunk: Self.data, deviceID: 1))
  }

  @Test func theNumberOfChunksIsLimited() throws {
    var map = ChunkMap([])
    var view = little(UInt64(4096)) + little(UInt64(2)) + little(UInt64(65536)) + little(UInt64(1))
    view += [UInt8](repeating: 0, count: 12) + [1, 0, 1, 0] + [UInt8](repeating: 0, count: 32)
    for index in 0..<UInt64(BtrfsLimits.chunkCount) {
      try map.append(try Chunk(ByteView(view), logical: index * 4096))
    }
    let one = try Chunk(ByteView(view), logical: 1 << 50)
    #expect(throws: BtrfsError.tooManyChunks) { try map.append(one) }
    #expect(map.count == BtrfsLimits.chunkCount)
  }

  @Test func theNumberOfRunsIsLimited() throws {
    var builder = try Sample.builder()
    (builder.profile, builder.deviceCount) = (0x8, 3)
    let system = try #require(try SampleTests.join(builder.build()))
    var runs = ExtentRuns()
    #expect(throws: BtrfsError.tooFragmented(.chunkArray)) {
      try system.chunks.appendRuns(
        at: Self.data, byteCount: 300_000, copy: nil, to: &runs, countMax: 4, for: .chunkArray,
        work: WorkAccount())
    }
  }

  /// The last unit of a chunk may be cut off, at the end of all addresses too.
  @Test func unitsEndWithTheirChunk() throws {
    var item = little(UInt64(5000)) + little(UInt64(2)) + little(UInt64(65536)) + little(UInt64(9))
    item += [UInt8](repeating: 0, count: 12) + [2, 0, 1, 0]
    for _ in 0..<2 { item += little(UInt64(1)) + [UInt8](repeating: 0, count: 24) }
    var map = ChunkMap([BtrfsMember(deviceID: 1, byteOffset: 0, byteCount: 1 << 20)])
    try map.append(try Chunk(ByteView(item), logical: .max - 5000))
    var runs = ExtentRuns()
    try map.appendRuns(
      at: .max - 4000, byteCount: 4000, copy: nil, to: &runs, countMax: 9, for: .chunkArray,
      work: WorkAccount())
    #expect(runs.extents == [.run(byteOffset: 1000, byteCount: 4000)])
    #expect(throws: BtrfsError.unmapped(logical: .max)) {
      try map.appendRuns(
        at: .max - 4000, byteCount: 65536, copy: nil, to: &runs, countMax: 9, for: .chunkArray,
        work: WorkAccount())
    }
  }

  /// With one device gone: mirrors go on, and striped files say which device they need.
  @Test(arguments: [
    (0x10 as UInt64, 2, true), (0x200, 3, true), (0x40, 4, true), (0x8, 3, false),
    (0x80, 3, false), (0x100, 4, false), (0x80, 2, true),
  ])
  func absentDevicesAreNamed(profile: UInt64, count: Int, isReadable: Bool) throws {
    var namedCount = 0
    for absent in 0..<count {
      var builder = try Sample.builder()
      (builder.profile, builder.deviceCount) = (profile, count)
      var devices: [[UInt8]?] = builder.build()
      devices[absent] = nil
      do {
        let system = try #require(try SampleTests.join(devices))
        #expect(system.remark == "\(count - 1) of \(count) devices are here")
        let contents = try Sample.contents("/boot/kernel", in: system)
        // A short file may be on the other devices alone.
        #expect(contents == Array(Sample.text[..<150_000]))
        continue
      } catch let error as BtrfsError {
        #expect(isAbsence(error, absent))
      } catch FileError<BtrfsError>.reader(let error) {
        #expect(isAbsence(error, absent))
      }
      namedCount += 1
    }
    #expect(isReadable ? namedCount == 0 : namedCount > 0)
  }

  private func isAbsence(_ error: BtrfsError, _ absent: Int) -> Bool {
    guard case .absentDevice(_, let id) = error else { return false }
    return id == UInt64(absent + 1) && error.family == .unsupported
  }

  @Test func devicesMustBelongTogether() throws {
    var builder = try Sample.builder()
    (builder.profile, builder.deviceCount) = (0x10, 2)
    let devices = builder.build()
    #expect(throws: BtrfsError.doubledDevice(deviceID: 1)) {
      try SampleTests.join([devices[0], devices[0]])
    }
    builder.editSuperblock = { $0[0x20] ^= 1 }
    let other = builder.build()
    #expect(throws: BtrfsError.foreignDevice(deviceID: 2)) {
      try SampleTests.join([devices[0], other[1]])
    }
    let membership = try #require(try System.membership(of: Sample.volume(devices[1])))
    #expect(membership.deviceID == 2)
    #expect(membership.deviceCount == 2)
    #expect(membership.uuid == "01020304-0506-0708-090a-0b0c0d0e0f10")
    // A device without a superblock is no part of anything.
    #expect(try SampleTests.join([devices[0], [0, 1, 2, 3]]) == nil)
  }

  /// The device that has seen the newest change leads.
  @Test func theNewestSuperblockCounts() throws {
    var builder = try Sample.builder()
    (builder.profile, builder.deviceCount) = (0x10, 2)
    let new = builder.build()
    builder.editSuperblock = { $0.replaceSubrange(0x48..<0x50, with: little(UInt64(3))) }
    let old = builder.build()
    let system = try #require(try SampleTests.join([old[0], new[1]]))
    #expect(system.superblock.generation == 9)
    #expect(try #require(try SampleTests.join([new[0], old[1]])).superblock.generation == 9)
  }
}
