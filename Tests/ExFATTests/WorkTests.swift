// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ExFAT

/// What a reader does is paid for.
struct WorkTests {
  @Test func entriesAndClustersArePaidFor() throws {
    let volume = try EditedImage.small.get().volume
    let system = try ExFATFileSystem.open(volume)
    for path: ByteString in ["/", "/boot"] {
      let node = try PathWalk.resolve(path, in: system).node
      #expect(
        try LittleWork.isPaid(on: volume, ExFATError.device) { try system.entries(of: node) })
      volume.work.renew(limit: .max)
      #expect(UInt64(try system.entries(of: node).count) < volume.work.count(of: .names))
      #expect(
        try LittleWork.isPaid(on: volume, ExFATError.device) {
          try system.lookUp("none", in: node)
        })
    }
  }

  /// Each entry of a table of capitals that is damaged leads to the table again.
  @Test func damagedTablesOfCapitalsArePaidFor() throws {
    var image = try EditedImage.small.get()
    let root = try image.cluster(image.u32(96))
    let table = stride(from: root, to: root + 4096, by: 32).first {
      image.bytes[$0] == EditedImage.capitals
    }
    var entry = Array(image.bytes[try #require(table)..<(try #require(table)) + 32])
    entry[4] ^= 1
    for place in stride(from: root, to: root + 512, by: 32) {
      image.bytes.replaceSubrange(place..<place + 32, with: entry)
    }
    let volume = image.volume
    #expect(
      try LittleWork.isPaid(on: volume, ExFATError.device) { try ExFATFileSystem.open(volume) })
    volume.work.renew(limit: .max)
    #expect(
      try ExFATFileSystem.open(volume).remark == "the table of capital letters is damaged")
    let size = ByteView(entry).u64(at: 24) ?? 0
    #expect(volume.work.count(of: .copiedBytes) > 16 * size)
  }
}
