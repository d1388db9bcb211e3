// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

/// What a reader does is paid for, nodes that are in memory too.
struct WorkTests {
  @Test(arguments: [ChecksumType.crc32c, .xxHash64, .sha256, .blake2b])
  func namesAndNodesArePaidFor(checksum: ChecksumType) throws {
    var builder = try Sample.builder()
    builder.checksum = checksum
    let volume = Sample.volume(builder.image())
    let system = try BtrfsFileSystem.open(volume)
    let many = try PathWalk.resolve("/many", in: system).node
    #expect(
      try LittleWork.isPaid(on: volume, BtrfsError.device) { try system.entries(of: many) })
    volume.work.renew(limit: .max)
    #expect(try system.entries(of: many).count == 200)
    #expect(volume.work.count(of: .names) == 200)
    // Nothing is read any more.
    #expect(volume.work.count(of: .readBytes) == 0)
    #expect(
      try LittleWork.isPaid(on: volume, BtrfsError.device) {
        try system.lookUp("none", in: many)
      })
    #expect(
      try LittleWork.isPaid(on: volume, BtrfsError.device) {
        try ReaderError.look(at: "/packed-zlib", in: system)
      })
    #expect(
      try LittleWork.isPaid(on: volume, BtrfsError.device) {
        try PathWalk.resolve("/boot/../boot/../boot/kernel", in: system)
      })
  }

  @Test func directoriesOfTwoSubvolumesAreVisitedOneAfterTheOther() throws {
    var builder = try Sample.builder()
    let system = try Sample.open(builder.image())
    let boot = try PathWalk.resolve("/boot", in: system).node
    #expect(boot.under != nil)
    var names: [ByteString] = []
    try system.visitEntries(of: boot) { name, _ in
      names.append(name)
      return name != "kernel"
    }
    // What is under it comes last, and is not asked for.
    #expect(names == ["grub.cfg", "kernel"])
    #expect(try system.entries(of: boot).map { $0.name } == ["grub.cfg", "kernel", "vmlinuz"])
  }
}
