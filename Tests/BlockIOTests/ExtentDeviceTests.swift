// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

struct ExtentDeviceTests {
  let disk = MemoryDevice(name: "xvda", bytes: (0..<200).map { UInt8($0) })

  /// Bytes 50 to 59, five zeros, `abc`, bytes 10 to 29 of a volume that starts at byte 100.
  func device() throws -> ExtentDevice<MemoryDevice> {
    let volume = try #require(Volume(disk, name: "xvda1", at: 100, count: 100))
    return try #require(
      ExtentDevice(
        name: "loop",
        extents: [
          .run(byteOffset: 50, byteCount: 10), .zeros(byteCount: 5), .inline([97, 98, 99]),
          .run(byteOffset: 10, byteCount: 20),
        ], on: volume))
  }

  let contents: [UInt8] =
    Array(150..<160) + [0, 0, 0, 0, 0, 97, 98, 99] + Array(110..<130)

  @Test func readsEveryRangeOfTheFile() throws {
    let device = try device()
    #expect(device.byteCount == 38)
    #expect(device.sectorByteCount == 512)
    for start in 0...38 {
      for end in start...38 {
        let bytes = try device.read(at: UInt64(start), count: end - start)
        #expect(bytes == Array(contents[start..<end]))
      }
    }
  }

  @Test func tellsWhereARangeIsOnItsVolume() throws {
    let device = try device()
    #expect(
      try device.pieces(at: 8, byteCount: 12) == [
        .run(byteOffset: 58, byteCount: 2), .zeros(byteCount: 5), .inline([97, 98, 99]),
        .run(byteOffset: 10, byteCount: 2),
      ])
    #expect(try device.pieces(at: 38, byteCount: 0) == [])
  }

  @Test func refusesWhatIsBeyondTheFile() throws {
    let device = try device()
    for (start, count) in [(39, 0), (38, 1), (0, 39), (UInt64.max, 1)] as [(UInt64, Int)] {
      #expect(
        throws: BlockError.outOfRange(
          byteOffset: start, byteCount: UInt64(count), deviceByteCount: 38)
      ) { try device.read(at: start, count: count) }
    }
  }

  @Test func anEmptyFileIsAnEmptyDevice() throws {
    let empty = try #require(
      ExtentDevice(name: "loop", extents: [], on: Volume(whole: disk)))
    #expect(try empty.read(at: 0, count: 0) == [])
    #expect(empty.byteCount == 0)
    #expect(
      ExtentDevice(
        name: "loop", extents: [.zeros(byteCount: .max), .zeros(byteCount: 1)],
        on: Volume(whole: disk)) == nil)
  }

  @Test func aFailedReadOfTheDiskIsTold() throws {
    let faulty = FaultyDevice(disk)
    faulty.failingRead = 1
    let device = try #require(
      ExtentDevice(
        name: "loop", extents: [.run(byteOffset: 0, byteCount: 4)], on: Volume(whole: faulty)))
    #expect(throws: BlockError.readFailed(sector: 0)) { try device.read(at: 0, count: 4) }
  }
}
