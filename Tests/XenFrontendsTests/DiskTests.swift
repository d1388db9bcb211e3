// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskTests {
  @Test func readsBytesAtAnyPlace() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(
      guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 20), features: .plain)
    let disk = try guest.connectedDisk()
    #expect(disk.byteCount == 1 << 20)
    #expect(disk.sectorByteCount == 512)
    #expect(disk.ringEntryCount == 32)
    for (offset, count) in [(0, 1), (511, 2), (0, 4096), (1000, 300_000), (1 << 20 - 1, 1), (5, 0)]
    {
      let bytes = try disk.read(at: UInt64(offset), count: count)
      #expect(bytes == Array(backend.data[offset..<offset + count]))
    }
    try disk.close()
    guest.expectClean(backend)
  }

  @Test func closedDiskCanBeConnectedAgain() throws {
    let guest = try FakeGuest()
    let backend = FakeDisk(guest.daemon, data: FakeDisk.pattern(byteCount: 1 << 16))
    let disk = try guest.connectedDisk()
    for _ in 0..<3 {
      #expect(try disk.read(at: 512, count: 512) == Array(backend.data[512..<1024]))
      try disk.close()
      guest.expectClean(backend)
      #expect(throws: BlockError.disconnected) { try disk.read(at: 0, count: 1) }
      DiskFrontend.connect([disk], timeLimit: 1_000_000_000)
      #expect(disk.status == .connected)
    }
    try disk.close()
    guest.expectClean(backend)
  }
}
