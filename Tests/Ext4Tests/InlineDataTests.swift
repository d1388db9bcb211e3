// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

struct InlineDataTests {
  /// The menu of `ext4-inline-data` is 76 bytes: 60 in `i_block`, 16 in an attribute.
  struct Fixture {
    let device: MemoryDevice
    let system: Ext4FileSystem<MemoryDevice>
    let inode: Inode

    init() throws {
      device = MemoryDevice(name: "xvda", bytes: try TestImage("ext4-inline-data").bytes())
      system = try Ext4FileSystem.open(Volume(whole: device))
      let target = try PathWalk.resolve("/boot/grub/menu.lst", in: system)
      inode = try system.inode(target.node.inode)
    }
  }

  @Test func contentsAreOneInlineExtent() throws {
    let fixture = try Fixture()
    let extents = try fixture.system.extents(of: Ext4Node(inode: fixture.inode.number))
    guard case .inline(let bytes) = extents.first, extents.count == 1 else {
      Issue.record("\(extents)")
      return
    }
    #expect(bytes.count == 76)
    #expect(ByteString(bytes).hasSuffix("root=/dev/xvda\n"))
  }

  @Test func aFileLongerThanItsDataEndsInZeros() throws {
    let system = try Fixture().system
    let node = try PathWalk.resolve("/all-hole", in: system).node
    #expect(
      try system.extents(of: node)
        == [.inline([UInt8](repeating: 0, count: 60)), .zeros(byteCount: 4940)])
  }

  @Test func aLinkIsWhole() throws {
    let fixture = try Fixture()
    let target = try PathWalk.resolve("/link-60", in: fixture.system, followingLastLink: false)
    #expect(try fixture.system.linkTarget(of: target.node).count == 60)
    // A feature less, so that checksums are not in the way, and a byte more than there is.
    fixture.device.bytes[1024 + 0x65] &= ~0x04
    let system = try Ext4FileSystem.open(Volume(whole: fixture.device))
    let stored = try fixture.system.inode(target.node.inode).raw.bytes
    let place = try #require(fixture.place(of: stored))
    fixture.device.bytes[place + 4] = 61
    #expect(throws: Ext4Error.badInlineData(inode: target.node.inode)) {
      try system.linkTarget(of: target.node)
    }
  }

  @Test func anEmptyFileHasNoExtents() throws {
    let system = try Fixture().system
    let node = try PathWalk.resolve("/empty", in: system).node
    #expect(try system.extents(of: node) == [])
  }

  @Test func dotAndDotDotAreFound() throws {
    let system = try Fixture().system
    let boot = try PathWalk.resolve("/boot", in: system).node
    #expect(try system.lookUp(".", in: boot) == boot)
    #expect(try system.lookUp("..", in: boot) == Ext4Node(inode: 2))
    #expect(try system.lookUp("nothing", in: boot) == nil)
  }

  @Test func theAttributeIsChecked() throws {
    let fixture = try Fixture()
    let raw = fixture.inode.raw.bytes
    let start = 128 + 32 + 4
    let bad = Ext4Error.badInlineData(inode: 77)
    /// The error of inline data in an inode with some bytes changed.
    func error(_ edits: [(offset: Int, value: UInt8)]) -> Ext4Error? {
      var bytes = raw
      for edit in edits { bytes[start + edit.offset] = edit.value }
      do {
        let superblock = try fixture.superblockWithoutChecksums()
        let inode = try Inode(ByteView(bytes), number: 77, of: superblock)
        if try InlineData(inode).prefix(inode.byteCount).count < 76 { return bad }
      } catch { return error as? Ext4Error }
      return nil
    }
    #expect(error([]) == nil)
    #expect(error([(2, 0xff), (3, 0xff)]) == bad)
    #expect(error([(4, 1)]) == bad)
    #expect(error([(8, 15)]) == bad)
    #expect(error([(11, 0xff)]) == bad)
    #expect(error([(1, 6)]) == bad)
    #expect(error([(-2, 0)]) == bad)
  }
}

extension InlineDataTests.Fixture {
  /// Where an inode with these bytes is in the image.
  func place(of inode: [UInt8]) -> Int? {
    stride(from: 0, to: device.bytes.count - inode.count, by: inode.count).first {
      device.bytes[$0] == inode[0] && device.bytes[$0..<$0 + inode.count].elementsEqual(inode)
    }
  }

  func superblockWithoutChecksums() throws -> Superblock {
    var bytes = Array(device.bytes[1024..<2048])
    bytes[0x65] &= ~0x04
    return try Superblock(ByteView(bytes))
  }
}
