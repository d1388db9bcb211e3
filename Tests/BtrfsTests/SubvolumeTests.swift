// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

/// What paths mean where there are subvolumes (decision 0039).
struct SubvolumeTests {
  func system(_ edit: (inout ImageBuilder) -> Void = { _ in }) throws -> System {
    var builder = try Sample.builder()
    edit(&builder)
    return try Sample.open(builder.image())
  }

  func text(_ path: ByteString, in system: System) throws -> String {
    String(decoding: try Sample.contents(path, in: system), as: UTF8.self)
  }

  /// As upstream GRUB has it, and Debian, Ubuntu and Fedora write it.
  @Test func pathsThroughSubvolumesStartAtTheTop() throws {
    let system = try system()
    #expect(try text("/@/snapshots/1/boot/vmlinuz", in: system) == "kernel")
    #expect(try text("/@/snapshots/1/boot/grub.cfg", in: system) == "hidden")
  }

  /// As openSUSE has it.
  @Test func pathsInTheDefaultSubvolumeAreFound() throws {
    let system = try system()
    #expect(try text("/only-default", in: system) == "default\n")
    // `/boot` is in both: its kernel is in the default subvolume alone.
    #expect(try text("/boot/vmlinuz", in: system) == "kernel")
  }

  @Test func theTopLevelGoesFirst() throws {
    let system = try system()
    #expect(try text("/boot/grub.cfg", in: system) == "top level\n")
    // Through a link as well.
    #expect(try text("/absolute", in: system) == "top level\n")
  }

  @Test func aDirectoryInBothListsBoth() throws {
    let system = try system()
    let boot = try PathWalk.resolve("/boot", in: system).node
    #expect(
      try system.entries(of: boot).map { $0.name } == ["grub.cfg", "kernel", "vmlinuz"])
    let names = try system.entries(of: system.root()).map { $0.name }
    #expect(names.filter { $0 == "boot" }.count == 1)
    #expect(names.last == "only-default")
    for entry in try system.entries(of: system.root()) {
      #expect(try system.lookUp(entry.name, in: system.root()) == entry.node)
    }
  }

  @Test func aFileHidesADirectoryOfTheSameName() throws {
    let system = try system { builder in
      builder.addFile("x", inode: 290, [.inline([1])])
      builder.addDirectory("x", inode: 290, tree: 257)
      builder.addDirectory("y", inode: 291)
      builder.addFile("y", inode: 291, tree: 257, [.inline([2])])
    }
    #expect(try Sample.contents("/x", in: system) == [1])
    let node = try PathWalk.resolve("/y", in: system).node
    #expect(node.under == nil)
    #expect(try system.entries(of: node).isEmpty)
  }

  @Test func parentsAreFound() throws {
    let system = try system()
    let root = try system.root()
    #expect(try system.lookUp("..", in: root) == root)
    let boot = try PathWalk.resolve("/boot", in: system).node
    #expect(try system.lookUp("..", in: boot) == root)
    let snapshot = try PathWalk.resolve("/@/snapshots/1", in: system).node
    let snapshots = try PathWalk.resolve("/@/snapshots", in: system).node
    #expect(snapshot.inode == BtrfsInode(tree: 257, inode: 256))
    #expect(try system.lookUp("..", in: snapshot) == snapshots)
    #expect(try PathWalk.resolve("/@/snapshots/1/..", in: system).path == "/@/snapshots")
    let nested = try PathWalk.resolve("/@/snapshots/1/boot", in: system).node
    #expect(try system.lookUp("..", in: nested) == snapshot)
  }

  @Test func parentsMustBeThere() throws {
    var builder = ImageBuilder()
    builder.addInode(257, in: 5, mode: 0x41ed, byteCount: 0)
    builder.addName(
      [0x61], in: 5, 256, to: TreeKey(257, ItemType.inode, 0), type: 2, index: 2)
    builder.addSubvolume("s", 256)
    builder.rootItems = []
    let system = try Sample.open(builder.image())
    let node = try PathWalk.resolve("/a", in: system).node
    #expect(throws: BtrfsError.missingInode(node.inode.place)) {
      try system.lookUp("..", in: node)
    }
    let subvolume = try PathWalk.resolve("/s", in: system).node
    #expect(throws: BtrfsError.missingTree(256)) { try system.lookUp("..", in: subvolume) }
  }

  @Test func withoutANameForItTheTopLevelIsTheDefault() throws {
    let system = try Sample.open(FileTests.simple())
    #expect(system.defaultSubvolume == 5)
    #expect(try system.root() == BtrfsNode(BtrfsInode(tree: 5, inode: 256)))
    #expect(try self.system().facts[2] == "default subvolume 257")
  }

  @Test func theDefaultSubvolumeMustBeThere() throws {
    var builder = ImageBuilder()
    builder.setDefault(400)
    #expect(Sample.error(builder.image(), at: "/") == .missingTree(400))
  }

  @Test func rootsOfTreesAreChecked() throws {
    func error(_ offset: Int, _ bytes: [UInt8]) -> BtrfsError? {
      var builder = ImageBuilder()
      builder.editNode = { tree, _, node in
        guard tree == 1 else { return }
        // The item of tree 5.
        for slot in 0..<Int(node[0x60]) where node[0x65 + 25 * slot] == 5 {
          let place = ByteView(node).u32(at: 0x65 + 25 * slot + 17) ?? 0
          let start = 0x65 + Int(place) + offset
          node.replaceSubrange(start..<start + bytes.count, with: bytes)
          if offset == 0 {
            node.replaceSubrange(0x65 + 25 * slot + 21..<0x65 + 25 * slot + 25, with: bytes)
          }
        }
      }
      return Sample.error(builder.image(), at: "/")
    }
    let place = BtrfsStructure.root(tree: 5)
    #expect(error(238, [8]) == .badField(place, field: "level", value: 8))
    #expect(error(168, [1]) == .badField(place, field: "root_dirid", value: 257))
    #expect(error(0, [238, 0, 0, 0]) == .badField(place, field: "size", value: 238))
    #expect(error(176, [0, 0, 0, 0, 0, 0, 0, 1]) == .unmapped(logical: 1 << 56))
  }
}
