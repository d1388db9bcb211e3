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

  /// A directory whose blocks are all the same one.
  @Test func aBlockThatIsInADirectoryAgainIsPaidForAgain() throws {
    var image = try EditedImage.plain.get()
    let count: UInt64 = 16
    let number = try image.inode("/many")
    let offset = try image.offset("/many")
    let block = UInt64(try image.offset(ofBlock: 0, in: "/many") / 4096)
    for index in 0..<count {
      let words = Run(fileBlock: index, block: block, count: 1).words
      image.put(words.high, at: offset + 100 + 16 * Int(index))
      image.put(words.low, at: offset + 108 + 16 * Int(index))
    }
    image.put(UInt32(count), at: offset + 76)
    image.put(4096 * count, at: offset + 56)
    let volume = image.volume
    let system = try XFSFileSystem.open(volume)
    let node = XFSNode(inode: number)
    volume.work.renew(limit: .max)
    let names = try system.entries(of: node).count
    #expect(names > 16 * 50 && names % 16 == 0 || names % 16 == 14, "\(names)")
    #expect(volume.work.count(of: .names) >= UInt64(names))
    #expect(try LittleWork.isPaid(on: volume, XFSError.device) { try system.entries(of: node) })
  }
}
