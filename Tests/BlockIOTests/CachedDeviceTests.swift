// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

struct CachedDeviceTests {
  static let lineByteCount = 4096
  let contents: [UInt8]
  let base: FaultyDevice<MemoryDevice>
  let cache: CachedDevice<FaultyDevice<MemoryDevice>>

  init() {
    // Ends inside a line: 20 lines and 512 bytes.
    contents = (0..<20 * Self.lineByteCount + 512).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
    base = FaultyDevice(MemoryDevice(name: "xvda", bytes: contents))
    cache = CachedDevice(base, lineByteCount: Self.lineByteCount, lineCount: 3)
  }

  @Test func readsTheLineAroundOnce() throws {
    #expect(try cache.read(at: 100, count: 8) == Array(contents[100..<108]))
    #expect(try cache.read(at: 4000, count: 96) == Array(contents[4000..<4096]))
    #expect(base.readCount == 1)
  }

  @Test func readsAcrossLines() throws {
    #expect(try cache.read(at: 4090, count: 4110) == Array(contents[4090..<8200]))
    #expect(base.readCount == 3)
    #expect(try cache.read(at: 8000, count: 200) == Array(contents[8000..<8200]))
    #expect(base.readCount == 3)
  }

  @Test func readsLongRangesPastTheCache() throws {
    #expect(try cache.read(at: 1, count: 8193) == Array(contents[1..<8194]))
    #expect(base.readCount == 1)
    _ = try cache.read(at: 1, count: 1)
    #expect(base.readCount == 2)
  }

  @Test func forgetsTheLineThatWasUnusedLongest() throws {
    for line: UInt64 in [0, 1, 2, 0, 3] { _ = try cache.read(at: line * 4096, count: 1) }
    #expect(base.readCount == 4)
    _ = try cache.read(at: 0, count: 1)
    #expect(base.readCount == 4)
    _ = try cache.read(at: 4096, count: 1)
    #expect(base.readCount == 5)
  }

  @Test func readsTheShortLineAtTheEnd() throws {
    let end = contents.count
    #expect(try cache.read(at: UInt64(end - 1), count: 1) == [contents[end - 1]])
    #expect(try cache.read(at: UInt64(end - 600), count: 600) == Array(contents[(end - 600)...]))
    #expect(try cache.read(at: UInt64(end), count: 0) == [])
  }

  @Test func refusesToLeaveTheDevice() {
    let size = UInt64(contents.count)
    #expect(throws: BlockError.outOfRange(byteOffset: size, byteCount: 1, deviceByteCount: size)) {
      try cache.read(at: size, count: 1)
    }
    #expect(
      throws: BlockError.outOfRange(byteOffset: .max, byteCount: 2, deviceByteCount: size)
    ) { try cache.read(at: .max, count: 2) }
    #expect(throws: BlockError.outOfRange(byteOffset: 0, byteCount: 0, deviceByteCount: size)) {
      try cache.read(at: 0, count: -1)
    }
  }

  @Test func aBadSectorDoesNotHideItsNeighbours() throws {
    base.badSectors = 4..<5
    #expect(try cache.read(at: 0, count: 2048) == Array(contents[0..<2048]))
    #expect(throws: BlockError.readFailed(sector: 4)) { try cache.read(at: 2040, count: 20) }
    base.badSectors = 0..<0
    #expect(try cache.read(at: 2040, count: 20) == Array(contents[2040..<2060]))
  }

  @Test func aFailedReadIsNotRemembered() throws {
    base.failingRead = 1
    #expect(throws: BlockError.readFailed(sector: 0)) { try cache.read(at: 0, count: 4096) }
    #expect(try cache.read(at: 0, count: 4096) == Array(contents[0..<4096]))
  }

  @Test func readsAnewAfterRemoveAll() throws {
    _ = try cache.read(at: 0, count: 1)
    cache.removeAll()
    _ = try cache.read(at: 0, count: 1)
    #expect(base.readCount == 2)
  }
}
