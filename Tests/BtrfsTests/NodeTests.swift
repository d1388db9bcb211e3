// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

struct NodeTests {
  /// The root of tree 5 is a leaf.
  static func small() -> ImageBuilder {
    var builder = ImageBuilder()
    builder.addFile("a", inode: 257, [.inline([1, 2, 3])])
    return builder
  }

  /// The error where the root of tree 5 is changed in front of its checksum.
  func error(_ edit: @escaping (inout [UInt8]) -> Void) -> (BtrfsError?, BtrfsStructure) {
    var builder = Self.small()
    var place = BtrfsStructure.chunkArray
    var logicals: [UInt64] = []
    builder.editNode = { tree, logical, node in
      if tree == 5 { edit(&node) }
    }
    let image = builder.image()
    for node in builder.nodes where node.tree == 5 { logicals.append(node.logical) }
    place = .node(tree: 5, logical: logicals[0])
    return (Sample.error(image, at: "/a"), place)
  }

  @Test func headersAreChecked() {
    let (foreign, place) = error { $0[0x20] ^= 1 }
    #expect(foreign == .foreignNode(place))
    guard case .node(_, let logical) = place else { return }
    #expect(
      error { $0[0x30] ^= 1 }.0
        == .wrongNode(place, field: "bytenr", value: logical ^ 1, expected: logical))
    #expect(
      error { $0[0x64] = 1 }.0 == .wrongNode(place, field: "level", value: 1, expected: 0))
    #expect(
      error { $0[0x50] = 8 }.0
        == .wrongNode(place, field: "generation", value: 8, expected: 9))
    #expect(
      error { $0.replaceSubrange(0x60..<0x64, with: [0xff, 0xff, 0xff, 0xff]) }.0
        == .badField(place, field: "nritems", value: 0xffff_ffff))
    #expect(error { $0[0x60] = 200 }.0 == .badField(place, field: "nritems", value: 200))
  }

  @Test func keysMustRise() {
    let (told, place) = error { $0[0x65 + 25 + 8] = 0 }
    #expect(told == .badKeyOrder(place, slot: 1))
    #expect(
      error { $0.replaceSubrange(0x65 + 25..<0x65 + 42, with: $0[0x65..<0x65 + 17]) }.0
        == .badKeyOrder(place, slot: 1))
  }

  @Test func itemsMustBeInTheirNode() {
    // The first item is the inode of the top directory.
    let (told, place) = error {
      $0.replaceSubrange(0x65 + 17..<0x65 + 21, with: [0xff, 0xff, 0xff, 0xff])
    }
    #expect(told == .badItem(place, slot: 0))
    #expect(error { $0[0x65 + 17 + 5] = 0xff }.0 == .badItem(place, slot: 0))
    // Data over the items themselves.
    #expect(
      error { $0.replaceSubrange(0x65 + 17..<0x65 + 21, with: [0, 0, 0, 0]) }.0
        == .badItem(place, slot: 0))
  }

  @Test func anEmptyTreeHasNoInodes() {
    #expect(error { $0[0x60] = 0 }.0 == .missingInode(.inode(tree: 5, inode: 256)))
  }

  /// Checksums of the only copy, of one of two, and of both.
  @Test func aBadCopyMakesWayForAGoodOne() {
    var builder = Self.small()
    var bytes = builder.image()
    let logical = builder.nodes.first { $0.tree == 5 }!.logical
    let place = BtrfsStructure.node(tree: 5, logical: logical)
    bytes[builder.offset(logical) + 200] ^= 1
    guard case .badChecksum(place, _, _) = Sample.error(bytes, at: "/a") else {
      Issue.record("no error")
      return
    }
    builder.profile = 0x20
    bytes = builder.image()
    bytes[builder.offset(logical) + 200] ^= 1
    #expect(Sample.error(bytes, at: "/a") == nil)
    bytes[builder.offset(logical, copy: 1) + 200] ^= 1
    guard case .badChecksum(place, _, _) = Sample.error(bytes, at: "/a") else {
      Issue.record("no error")
      return
    }
  }

  /// A tree of three levels whose inner nodes lie.
  func deep(_ edit: @escaping (UInt64, inout [UInt8]) -> Void) -> (ImageBuilder, BtrfsError?) {
    var builder = ImageBuilder()
    builder.addDirectory("many", inode: 257)
    for index in 0..<300 {
      let contents = [UInt8](repeating: 1, count: 1500)
      builder.addFile("file-\(index)", inode: 1000 + UInt64(index), in: 257, [.inline(contents)])
    }
    builder.editNode = { tree, logical, node in if tree == 5 { edit(logical, &node) } }
    let image = builder.image()
    do throws(BtrfsError) {
      let system = try System.open(Sample.volume(image))
      var cursor = try TreeCursor(system, system.subvolume(5), from: TreeKey(0, 0, 0))
      while try cursor.next() != nil {}
      return (builder, nil)
    } catch { return (builder, error) }
  }

  @Test func loopsInTreesEnd() {
    let (builder, none) = deep { _, _ in }
    #expect(none == nil)
    let root = builder.nodes.last { $0.tree == 5 }!
    #expect(root.level == 2)
    // The root leads to itself.
    let loop = deep { logical, node in
      guard node[0x64] == 2 else { return }
      node.replaceSubrange(0x65 + 17..<0x65 + 25, with: little(logical))
    }.1
    #expect(
      loop
        == .wrongNode(
          .node(tree: 5, logical: root.logical), field: "level", value: 2, expected: 1))
    // Two pointers to one node.
    let twice = deep { _, node in
      guard node[0x64] == 2 else { return }
      node.replaceSubrange(0x65 + 33 + 17..<0x65 + 33 + 25, with: node[0x65 + 17..<0x65 + 25])
    }.1
    let first = builder.nodes.first { $0.tree == 5 && $0.level == 1 }!
    #expect(twice == .badKeyOrder(.node(tree: 5, logical: first.logical), slot: 0))
    // An inner node without children.
    let empty = deep { _, node in if node[0x64] == 1 { node[0x60] = 0 } }.1
    #expect(
      empty == .badField(.node(tree: 5, logical: first.logical), field: "nritems", value: 0))
    // A pointer to no chunk.
    let nowhere = deep { _, node in
      if node[0x64] == 2 { node.replaceSubrange(0x65 + 17..<0x65 + 25, with: little(UInt64(5))) }
    }.1
    #expect(nowhere == .unmapped(logical: 5))
  }

  /// A leaf may be in order and yet go on after the next one's start.
  @Test func keysMustRiseFromLeafToLeaf() throws {
    let (builder, _) = deep { _, _ in }
    let leaves = builder.nodes.filter { $0.tree == 5 && $0.level == 0 }
    var edited = builder
    edited.editNode = { _, logical, node in
      guard logical == leaves[2].logical else { return }
      let last = 0x65 + 25 * (Int(node[0x60]) - 1)
      node.replaceSubrange(last..<last + 8, with: little(UInt64(1) << 60))
    }
    let system = try Sample.open(edited.image())
    #expect(throws: BtrfsError.badKeyOrder(.node(tree: 5, logical: leaves[3].logical), slot: 0)) {
      var cursor = try TreeCursor(system, system.subvolume(5), from: TreeKey(0, 0, 0))
      while try cursor.next() != nil {}
    }
  }

  @Test func theWalkOfATreeHasALimit() throws {
    // A thousand nodes of 64 KiB are within it; there are no images that large here.
    #expect(BtrfsLimits.walkByteCount >= 1000 * BtrfsLimits.nodeByteCount.upperBound)
    var builder = Self.small()
    let system = try Sample.open(builder.image())
    let place = NodePointer(try system.subvolume(5)).place
    #expect(throws: BtrfsError.tooFragmented(place)) {
      _ = try TreeCursor(system, system.subvolume(5), from: TreeKey(0, 0, 0), byteCountMax: 4095)
    }
  }
}
