// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import SquashFS

/// What a reader does is paid for: names, and metadata that are unpacked.
struct WorkTests {
  @Test func namesArePaidFor() throws {
    for image in [EditedImage.plain, EditedImage.packed] {
      let volume = try image.get().volume
      let system = try SquashFSFileSystem.open(volume)
      let many = try PathWalk.resolve("/many", in: system).node
      #expect(
        try LittleWork.isPaid(on: volume, SquashFSError.device) { try system.entries(of: many) })
      volume.work.renew(limit: .max)
      #expect(UInt64(try system.entries(of: many).count) == volume.work.count(of: .names))
      #expect(
        try LittleWork.isPaid(on: volume, SquashFSError.device) {
          try system.lookUp("zzz", in: many)
        })
    }
  }

  @Test func metadataThatAreUnpackedAgainArePaidForAgain() throws {
    let volume = try EditedImage.packed.get().volume
    let system = try SquashFSFileSystem.open(volume)
    let many = try PathWalk.resolve("/many", in: system).node
    volume.work.renew(limit: .max)
    for round in 1...3 {
      system.emptyCache()
      let before = volume.work.count(of: .unpackedBytes)
      _ = try system.entries(of: many)
      #expect(volume.work.count(of: .unpackedBytes) > before, "\(round)")
    }
    #expect(
      LittleWork.endsWithin(LittleWork.limit / 5, on: volume, SquashFSError.device) {
        while true {
          system.emptyCache()
          _ = try system.entries(of: many)
        }
      })
  }

  @Test func aDirectoryKnowsThoseAboveIt() throws {
    let system = try EditedImage.plain.get().open()
    let boot = try PathWalk.resolve("/boot", in: system).node
    let up = try #require(try system.lookUp("..", in: boot))
    #expect(up.reference == (try system.root()).reference)
    #expect(try #require(try system.lookUp("..", in: up)).reference == up.reference)
  }
}
