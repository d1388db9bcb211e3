// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ISO9660

/// What a reader does is paid for.
struct WorkTests {
  @Test func recordsArePaidFor() throws {
    for image in [EditedImage.rockRidge, EditedImage.plain, EditedImage.joliet] {
      let volume = try image.get().volume
      let system = try ISO9660FileSystem.open(volume)
      let root = try system.root()
      #expect(
        try LittleWork.isPaid(on: volume, ISO9660Error.device) { try system.entries(of: root) })
      volume.work.renew(limit: .max)
      // The directory itself and its parent have records too.
      #expect(UInt64(try system.entries(of: root).count + 2) <= volume.work.count(of: .names))
      #expect(
        try LittleWork.isPaid(on: volume, ISO9660Error.device) {
          try system.lookUp("none", in: root)
        })
    }
  }

  @Test func entriesOfRockRidgeArePaidFor() throws {
    let volume = try EditedImage.rockRidge.get().volume
    let system = try ISO9660FileSystem.open(volume)
    let root = try system.root()
    volume.work.renew(limit: .max)
    let count = try system.entries(of: root).count
    // A name has an entry, and a few more: what it is, and when it was changed.
    #expect(volume.work.count(of: .lookups) > UInt64(3 * count))
    let plain = try EditedImage.plain.get().volume
    let other = try ISO9660FileSystem.open(plain)
    plain.work.renew(limit: .max)
    _ = try other.entries(of: try other.root())
    #expect(plain.work.count(of: .lookups) < volume.work.count(of: .lookups))
  }

  @Test func blocksOfPackedFilesArePaidFor() throws {
    let image = try EditedImage.zisofs.get()
    let volume = image.volume
    let system = try ISO9660FileSystem.open(volume)
    let root = try system.root()
    let packed = try system.entries(of: root).first { entry in
      if case .encoded? = try? system.extents(of: entry.node).first { return true }
      return false
    }
    let path = "/" + (try #require(packed)).name
    volume.work.renew(limit: .max)
    let bytes = try FileContents.readAll(path, in: system, on: volume, limit: 8 << 20)
    // Some of its blocks are zeros, and stored nowhere.
    let unpacked = volume.work.count(of: .unpackedBytes)
    #expect(unpacked > 0 && unpacked < UInt64(bytes.count))
    #expect(volume.work.count(of: .segments) > 0)
  }

  @Test func componentsOfLinksArePaidFor() throws {
    let volume = try EditedImage.rockRidge.get().volume
    let system = try ISO9660FileSystem.open(volume)
    let link = try system.entries(of: try system.root()).first { entry in
      (try? system.attributes(of: entry.node).kind) == .symbolicLink
    }
    let node = try #require(link).node
    volume.work.renew(limit: .max)
    let target = try system.linkTarget(of: node)
    #expect(volume.work.count(of: .comparisons) > UInt64(target.count))
  }
}
