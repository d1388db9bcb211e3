// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

struct FaultTests {
  typealias System = Ext4FileSystem<FaultyDevice<MemoryDevice>>

  /// Reads a menu by a link, a fragmented file's map and a name in an index.
  func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<Ext4Error>) {
    let volume = Volume(whole: device)
    let system: System
    do { system = try System.open(volume) } catch { throw .reader(error) }
    _ = try FileContents.readAll("/absolute", in: system, on: volume, limit: 1000)
    let pieces = try PathWalk.resolve("/pieces", in: system)
    do { _ = try system.extents(of: pieces.node) } catch { throw .reader(error) }
    _ = try PathWalk.resolve("/many/an-entry-with-quite-a-long-name-000123", in: system)
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try EditedImage.checksummed.get().bytes)
    let good = FaultyDevice(memory)
    try readAll(good)
    #expect(good.readCount > 30)
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      do {
        try readAll(device)
        Issue.record("read \(failing) failed and nobody noticed")
      } catch {
        #expect(device.readCount == failing)
        #expect(error.family == .device)
        #expect(
          error.message.hasPrefix("ext4: read error at sector ")
            || error.message.hasPrefix("read error at sector "))
      }
    }
  }
}
