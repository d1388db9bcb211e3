// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskWriteTests {
  @Test func writesSectorsAndNothingElse() throws {
    let guest = try FakeGuest()
    let before = FakeDisk.pattern(byteCount: 1 << 20)
    let backend = FakeDisk(guest.daemon, data: before, features: .plain)
    let disk = try guest.connectedDisk()
    #expect(disk.isWritable)
    let bytes = [UInt8](repeating: 0x5a, count: 200 * 1024)
    try disk.write(bytes, at: 512)
    #expect(Array(backend.data[512..<512 + bytes.count]) == bytes)
    #expect(Array(backend.data[..<512]) == Array(before[..<512]))
    #expect(Array(backend.data[(512 + bytes.count)...]) == Array(before[(512 + bytes.count)...]))
    #expect(try disk.read(at: 512, count: bytes.count) == bytes)
    #expect(backend.flushCount == 0)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func tellsTheBackendToFlushIfItCan() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 16))
    backend.nodeOverrides = ["feature-flush-cache": "1"]
    let disk = try guest.connectedDisk()
    try disk.write([UInt8](repeating: 1, count: 1024), at: 4096)
    #expect(backend.flushCount == 1)
    backend.lies.refusesFlush = true
    #expect(throws: BlockError.writeFailed(sector: 8)) {
      try disk.write([UInt8](repeating: 2, count: 1024), at: 4096)
    }
    #expect(try disk.read(at: 4096, count: 1024) == [UInt8](repeating: 2, count: 1024))
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func refusesWhatTheBackendSaysMayNotBeWritten() throws {
    let guest = try FakeGuest()
    let before = FakeDisk.pattern(byteCount: 1 << 16)
    let backend = FakeDisk(guest.daemon, data: before)
    backend.nodeOverrides = ["info": "4"]
    let disk = try guest.connectedDisk()
    #expect(!disk.isWritable)
    #expect(throws: BlockError.readOnly) {
      try disk.write([UInt8](repeating: 1, count: 512), at: 0)
    }
    #expect(backend.data == before)
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func namesTheSectorThatCanNotBeWritten() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 16))
    let disk = try guest.connectedDisk()
    backend.lies.badSectors = 16..<17
    #expect(throws: BlockError.writeFailed(sector: 16)) {
      try disk.write([UInt8](repeating: 1, count: 8192), at: 8192)
    }
    #expect(throws: BlockError.self) {
      try disk.write([UInt8](repeating: 1, count: 512), at: 1 << 16)
    }
    backend.lies.badSectors = 0..<0
    try disk.write([UInt8](repeating: 1, count: 8192), at: 8192)
    try disk.close()
    guest.expectClean(backend)
  }
}
