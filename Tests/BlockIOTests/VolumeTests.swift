// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Testing

struct VolumeTests {
  let device = MemoryDevice(name: "xvda", bytes: Array(0..<100))

  @Test func countsFromItsStart() throws {
    let volume = try #require(Volume(device, name: "xvda1", at: 10, count: 20))
    #expect(try volume.read(at: 3, count: 2) == [13, 14])
    #expect(try volume.read(at: 20, count: 0) == [])
  }

  @Test func endsWhereItEnds() throws {
    let volume = try #require(Volume(device, name: "xvda1", at: 10, count: 20))
    #expect(throws: BlockError.outOfRange(byteOffset: 19, byteCount: 2, deviceByteCount: 20)) {
      try volume.read(at: 19, count: 2)
    }
    #expect(throws: BlockError.outOfRange(byteOffset: .max, byteCount: 1, deviceByteCount: 20)) {
      try volume.read(at: .max, count: 1)
    }
  }

  @Test func isNotMadeBeyondTheDevice() {
    #expect((Volume(device, name: "x", at: 90, count: 11) as Volume?) == nil)
    #expect((Volume(device, name: "x", at: 101, count: 0) as Volume?) == nil)
    #expect((Volume(device, name: "x", at: .max, count: .max) as Volume?) == nil)
  }
}
