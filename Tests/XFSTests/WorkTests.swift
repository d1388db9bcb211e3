// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import XFS

/// What a reader does is paid for, however often a block is in a directory.
struct WorkTests {
  @Test func namesArePaidFor() throws {
    for image in [EditedImage.plain, EditedImage.checked] {
      let volume = try image.get().volume
      let system = try XFSFileSystem.open(volume)
      for path: ByteString in ["/", "/boot", "/many"] {
        let node = try PathWalk.resolve(path, in: system).node
        #expect(
          try LittleWork.isPaid(on: volume, XFSError.device) { try system.entries(of: node) })
        volume.work.renew(limit: .max)
        #expect(UInt64(try system.entries(of: node).count) <= volume.work.count(of: .names))
        #expect(
          try LittleWork.isPaid(on: volume, XFSError.device) {
            try system.lookUp("none", in: node)
          })
      }
      #expect(
        try LittleWork.isPaid(on: volume, XFSError.device) {
          try ReaderError.look(at: "/boot/vmlinuz", in: system)
        })
    }
  }
}
