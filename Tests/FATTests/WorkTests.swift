// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import FAT

/// What a reader does is paid for.
struct WorkTests {
  @Test func entriesAndClustersArePaidFor() throws {
    for image in [EditedImage.fat12, EditedImage.fat16, EditedImage.fat32] {
      let volume = try image.get().volume
      let system = try FATFileSystem.open(volume)
      let root = try system.root()
      #expect(
        try LittleWork.isPaid(on: volume, FATError.device) { try system.entries(of: root) })
      volume.work.renew(limit: .max)
      #expect(UInt64(try system.entries(of: root).count) < volume.work.count(of: .names))
      #expect(
        try LittleWork.isPaid(on: volume, FATError.device) { try system.lookUp("none", in: root) })
      #expect(
        try LittleWork.isPaid(on: volume, FATError.device) {
          try ReaderError.look(at: "/a/first", in: system)
        })
    }
  }

  /// A directory whose only directory is itself: each name of a path is looked for in all of it.
  @Test func aWayThroughADirectoryInItselfIsGivenUp() throws {
    var image = try EditedImage.fat16.get()
    let boot = try image.cluster("/boot")
    let entry = try image.entry("GRUB       ")
    image.put(boot, byteCount: 2, at: entry + 26)
    let volume = image.volume
    let system = try FATFileSystem.open(volume)
    var path: ByteString = "/boot"
    for _ in 0..<400 { path += "/grub" }
    #expect(try PathWalk.resolve(path, in: system).node.firstCluster == boot)
    #expect(
      try LittleWork.isPaid(on: volume, FATError.device) { try PathWalk.resolve(path, in: system) })
    // A name is 40 times in it when it is looked for 40 times.
    volume.work.renew(limit: .max)
    _ = try PathWalk.resolve(path, in: system)
    #expect(volume.work.count(of: .names) > 400)
    for _ in 0..<200 { path += "/grub" }
    #expect(throws: FileError<FATError>.tooDeep(path, limit: PathLimits.depth)) {
      try PathWalk.resolve(path, in: system)
    }
  }
}
