// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import XFS

struct FaultTests {
  typealias System = XFSFileSystem<FaultyDevice<MemoryDevice>>

  /// Reads a menu by a link, a file by the tree that its map is, a long link, and names in every
  /// form of directory. Gives the state of the log, which is no reason to fail.
  func readAll(_ device: FaultyDevice<MemoryDevice>) throws(FileError<XFSError>) -> LogState {
    let volume = Volume(whole: device)
    let system: System
    do { system = try System.open(volume) } catch { throw .reader(error) }
    _ = try FileContents.readAll("/absolute", in: system, on: volume, limit: 1000)
    let kernel = try PathWalk.resolve("/vmlinuz", in: system).node
    do { _ = try system.extents(of: kernel) } catch { throw .reader(error) }
    let link = try PathWalk.resolve("/link-1000", in: system, followingLastLink: false).node
    do { _ = try system.linkTarget(of: link) } catch { throw .reader(error) }
    _ = try PathWalk.resolve("/many/\(ByteString(EditedImage.many))", in: system)
    _ = try PathWalk.resolve("/leaf/an-entry-with-quite-a-long-name-000003", in: system)
    _ = try PathWalk.resolve("/medium/medium-007", in: system)
    return system.log
  }

  @Test func everyFailedReadIsToldWithItsSector() throws {
    var image = try EditedImage.checked.get()
    _ = try image.makeTree()
    let memory = MemoryDevice(name: "xvda", bytes: image.bytes)
    let good = FaultyDevice(memory)
    #expect(try readAll(good) == .clean)
    #expect(good.readCount > 50)
    var logReadCount = 0
    for failing in 1...good.readCount {
      let device = FaultyDevice(memory)
      device.failingRead = failing
      do {
        guard case .unreadable(let error) = try readAll(device) else {
          Issue.record("read \(failing) failed and nobody noticed")
          continue
        }
        logReadCount += 1
        #expect(error.family == .device)
      } catch {
        #expect(device.readCount == failing)
        #expect(error.family == .device)
        #expect(error.message.hasPrefix("read error at sector "))
      }
    }
    #expect(logReadCount > 5 && logReadCount < 30)
  }
}
