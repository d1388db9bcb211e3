// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

struct FileTests {
  static let inode = BtrfsStructure.inode(tree: 5, inode: 257)
  static let first = BtrfsStructure.fileExtent(tree: 5, inode: 257, offset: 0)

  /// The error of a file of pieces, some bytes of whose extent at `offset` are changed.
  func error(
    _ pieces: [ImageBuilder.Piece], byteCount: UInt64? = nil, at offset: UInt64 = 0,
    _ edit: (inout [UInt8]) -> Void = { _ in }
  ) -> BtrfsError? {
    var builder = ImageBuilder()
    builder.addFile("a", inode: 257, byteCount: byteCount, pieces)
    builder.edit(TreeKey(257, ItemType.fileExtent, offset), in: 5, edit)
    return Sample.error(builder.image(), at: "/a")
  }

  @Test func whatIsNotKnownIsNamed() {
    let stored: [ImageBuilder.Piece] = [.stored([1])]
    #expect(error(stored) { $0[16] = 4 } == .unsupportedFile(Self.first, feature: "compression 4"))
    #expect(error(stored) { $0[17] = 1 } == .unsupportedFile(Self.first, feature: "encryption"))
    #expect(error(stored) { $0[19] = 2 } == .unsupportedFile(Self.first, feature: "encoding 512"))
    #expect(error(stored) { $0[20] = 3 } == .badField(Self.first, field: "type", value: 3))
  }

  @Test func sizesOfExtentsAreChecked() {
    let stored: [ImageBuilder.Piece] = [.stored([UInt8](repeating: 1, count: 8192))]
    #expect(
      error(stored) { $0.removeLast() } == .badField(Self.first, field: "item size", value: 52))
    #expect(
      error(stored) { $0 = Array($0[..<20]) }
        == .badField(Self.first, field: "item size", value: 20))
    #expect(
      error(stored) { $0.replaceSubrange(45..<53, with: little(UInt64(8193))) }
        == .badField(Self.first, field: "num_bytes", value: 8193))
    #expect(
      error(stored) { $0.replaceSubrange(37..<45, with: little(UInt64.max)) }
        == .badField(Self.first, field: "num_bytes", value: 8192))
    #expect(
      error(stored) { $0.replaceSubrange(29..<37, with: little(UInt64.max)) }
        == .badField(Self.first, field: "disk_num_bytes", value: .max))
    #expect(
      error(stored) { $0.replaceSubrange(21..<29, with: little(UInt64(4096))) }
        == .unmapped(logical: 4096))
    #expect(
      error(stored) { $0.replaceSubrange(45..<53, with: little(UInt64(0))) }
        == .badExtentOrder(Self.first))
  }

  @Test func sizesOfPackedExtentsAreChecked() {
    let packed: [ImageBuilder.Piece] = [.packed(1, [1, 2], decoded: 8192, part: 0..<8192)]
    #expect(error(packed) == nil)
    #expect(
      error(packed) { $0.replaceSubrange(8..<16, with: little(UInt64(1) << 21)) }
        == .badField(Self.first, field: "ram_bytes", value: 1 << 21))
    // More is wanted than unpacks.
    #expect(
      error(packed) { $0.replaceSubrange(37..<45, with: little(UInt64(1))) }
        == .badField(Self.first, field: "ram_bytes", value: 8192))
    #expect(
      error(packed) { $0.replaceSubrange(29..<37, with: little(UInt64(1) << 21)) }
        == .badField(Self.first, field: "disk_num_bytes", value: 1 << 21))
    #expect(
      error(packed) { $0.replaceSubrange(29..<37, with: little(UInt64(0))) }
        == .badField(Self.first, field: "disk_num_bytes", value: 0))
  }

  @Test func extentsMayNotOverlap() {
    let pieces: [ImageBuilder.Piece] = [.stored([UInt8](repeating: 1, count: 8192)), .stored([2])]
    #expect(
      error(pieces, byteCount: 12288) {
        $0.replaceSubrange(
          29..<53, with: little(UInt64(12288)) + little(UInt64(0)) + little(UInt64(8193)))
      }
        == .badExtentOrder(.fileExtent(tree: 5, inode: 257, offset: 8192)))
    let huge: [ImageBuilder.Piece] = [.nothing(4096), .hole(4096)]
    #expect(
      error(huge, at: 4096) { $0.replaceSubrange(45..<53, with: little(UInt64.max)) }
        == .badExtentOrder(.fileExtent(tree: 5, inode: 257, offset: 4096)))
  }

  @Test func whatFollowsTheLastExtentIsAHole() throws {
    var builder = ImageBuilder()
    builder.addFile("a", inode: 257, byteCount: 5000, [.inline([1, 2, 3])])
    builder.addFile("b", inode: 258, byteCount: 2, [.inline([1, 2, 3])])
    builder.addFile("c", inode: 259, byteCount: 1 << 40, [])
    builder.addFile("d", inode: 260, byteCount: 0, [.stored([1])])
    builder.addFile("e", inode: 261, byteCount: 5, [.stored([1, 2, 3, 4, 5, 6])])
    let system = try Sample.open(builder.image())
    func extents(_ name: ByteString) throws -> [Extent] {
      try system.extents(of: #require(try system.lookUp(name, in: system.root())))
    }
    #expect(try extents("a") == [.inline([1, 2, 3]), .zeros(byteCount: 4997)])
    #expect(try extents("b") == [.inline([1, 2])])
    #expect(try extents("c") == [.zeros(byteCount: 1 << 40)])
    #expect(try extents("d") == [])
    #expect(try extents("e").map { $0.byteCount } == [5])
  }

  @Test func inodesAreChecked() {
    func error(_ edit: (inout [UInt8]) -> Void) -> BtrfsError? {
      var builder = ImageBuilder()
      builder.addFile("a", inode: 257, [.inline([1])])
      builder.edit(TreeKey(257, ItemType.inode, 0), in: 5, edit)
      return Sample.error(builder.image(), at: "/a")
    }
    #expect(error { $0.removeLast() } == .badField(Self.inode, field: "item size", value: 159))
    #expect(
      error { $0.replaceSubrange(16..<24, with: little(UInt64.max)) }
        == .badField(Self.inode, field: "size", value: .max))
    #expect(error { $0[54] = 1 } == .badField(Self.inode, field: "mode", value: 0x1_81a4))
    // A device.
    #expect(error { $0[53] = 0x21 } == .notAFile(Self.inode))
  }

  @Test func linksAreChecked() throws {
    func link(_ edit: (inout ImageBuilder) -> Void) throws {
      var builder = ImageBuilder()
      builder.addSymbolicLink("a", to: "target", inode: 257)
      edit(&builder)
      let system = try Sample.open(builder.image())
      _ = try system.linkTarget(of: #require(try system.lookUp("a", in: system.root())))
    }
    let inode = TreeKey(257, ItemType.inode, 0)
    #expect(throws: BtrfsError.badField(Self.inode, field: "size", value: 4097)) {
      try link {
        $0.edit(inode, in: 5) { $0.replaceSubrange(16..<24, with: little(UInt64(4097))) }
      }
    }
    // Longer than what is there.
    #expect(throws: BtrfsError.badField(Self.inode, field: "extents of a link", value: 2)) {
      try link { $0.edit(inode, in: 5) { $0[16] = 7 } }
    }
    #expect(throws: BtrfsError.notALink(Self.inode)) {
      try link { $0.edit(inode, in: 5) { $0[53] = 0x81 } }
    }
  }

  @Test func requestsForTheWrongKindAreTold() throws {
    let system = try Sample.open(Self.simple())
    let file = try #require(try system.lookUp("a", in: system.root()))
    #expect(throws: BtrfsError.notADirectory(Self.inode)) { try system.lookUp("x", in: file) }
    #expect(throws: BtrfsError.notADirectory(Self.inode)) { try system.entries(of: file) }
    #expect(throws: BtrfsError.notAFile(.inode(tree: 5, inode: 256))) {
      try system.extents(of: system.root())
    }
    #expect(BtrfsError.notADirectory(Self.inode).family == .wrongRequest)
  }

  static func simple() -> [UInt8] {
    var builder = ImageBuilder()
    builder.addFile("a", inode: 257, [.inline([1])])
    return builder.image()
  }

  /// Every error has words, and none the words of another.
  @Test func errorsSayWhatTheyMean() {
    let place = Self.first
    let errors: [BtrfsError] = [
      .device(.disconnected), .notBtrfs, .unsupportedFeature("zoned"),
      .unsupportedFile(place, feature: "encryption"), .absentDevice(chunk: 1, deviceID: 2),
      .foreignDevice(deviceID: 2), .doubledDevice(deviceID: 2),
      .badField(.chunk(5), field: "length", value: 0),
      .largerThanVolume(byteCount: 2, volumeByteCount: 1),
      .badChecksum(.superblock(at: 65536), stored: 1, computed: 2),
      .foreignNode(.node(tree: 5, logical: 1)),
      .wrongNode(.node(tree: 5, logical: 1), field: "level", value: 2, expected: 1),
      .badKeyOrder(.node(tree: 5, logical: 1), slot: 3),
      .badItem(.node(tree: 5, logical: 1), slot: 3),
      .overlappingChunks(7), .tooManyChunks, .unmapped(logical: 4),
      .outsideDevice(chunk: 1, deviceID: 2), .missingTree(300), .missingInode(Self.inode),
      .badDirectoryEntry(Self.inode, index: 4), .badExtentOrder(place), .tooFragmented(place),
      .notADirectory(Self.inode), .notALink(Self.inode), .notAFile(Self.inode),
      .badField(.root(tree: 4), field: "level", value: 9),
    ]
    let messages = errors.map { $0.message.text }
    #expect(Set(messages).count == errors.count)
    #expect(messages.allSatisfy { !$0.isEmpty && !$0.hasSuffix(".") })
    #expect(messages[9] == "superblock at byte 65536: checksum 0x1 instead of 0x2")
    #expect(messages[11] == "node 1 of tree 5: level is 2 instead of 1")
  }
}
