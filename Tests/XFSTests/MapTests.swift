// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import XFS

struct MapTests {
  static let images = [EditedImage.checked, EditedImage.plain]

  /// The error of opening `/boot/vmlinuz` after an edit of an extent in its inode.
  func error(
    in image: Result<EditedImage, any Error> = EditedImage.checked,
    _ edit: (inout EditedImage, _ inode: Int, _ fork: Int) -> Void
  ) throws -> XFSError? {
    var image = try image.get()
    let node = XFSNode(inode: try image.inode("/boot/vmlinuz"))
    let offset = try image.offset("/boot/vmlinuz")
    edit(&image, offset, try image.fork("/boot/vmlinuz"))
    image.seal(.inode, at: offset)
    let system = try image.open()
    do { _ = try system.extents(of: node) } catch { return error }
    return nil
  }

  /// The same after an edit of its map that became a tree.
  func treeError(
    in image: Result<EditedImage, any Error> = EditedImage.checked,
    _ edit: (inout EditedImage, EditedImage.Tree) -> Void
  ) throws -> XFSError? {
    var image = try image.get()
    let tree = try image.makeTree()
    edit(&image, tree)
    image.seal(.inode, at: tree.offset)
    for block in [tree.node] + tree.leaves { image.seal(.map, at: block) }
    let system = try image.open()
    do { _ = try system.extents(of: XFSNode(inode: tree.inode)) } catch { return error }
    return nil
  }

  func put(_ run: Run, _ image: inout EditedImage, at offset: Int) {
    image.put(run.words.high, at: offset)
    image.put(run.words.low, at: offset + 8)
  }

  @Test(arguments: [0, 1])
  func treesOfThreeLevelsAreRead(version: Int) throws {
    var image = try Self.images[version].get()
    let tree = try image.makeTree()
    let system = try image.open()
    let contents = try FileContents.readAll(
      "/vmlinuz", in: system, on: system.volume, limit: 1 << 20)
    #expect(contents == tree.contents)
    let extents = try system.extents(of: XFSNode(inode: tree.inode))
    #expect(extents.count > 60)
    // xfs_db agrees with what this test made.
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pvgrub-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(image.bytes).write(to: path)
    let judge = Judge(path: path.path)
    try judge.compare(
      [("", XFSNode(inode: tree.inode)), ("", XFSNode(inode: try image.inode("/link-1000")))],
      in: system)
    if version == 0 {
      let number = try image.inode("/link-1000")
      let lines = try judge.output([
        "inode \(number)", "dblock 0", "type symlink", "print crc owner", "inode \(tree.inode)",
        "addr u3.bmbt.ptrs[1]", "print crc", "addr ptrs[2]", "print crc owner",
      ])
      #expect(lines.filter { $0.hasSuffix("(correct)") }.count == 3)
      #expect(lines.contains("owner = \(number)"))
    }
  }

  @Test(arguments: [0, 1])
  func aBlockIsFoundByOneWayDown(version: Int) throws {
    var image = try Self.images[version].get()
    let tree = try image.makeTree()
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: image.bytes))
    let system = try XFSFileSystem.open(Volume(whole: device))
    let inode = try system.inode(tree.inode)
    for fileBlock: UInt64 in 0..<75 {
      let before = device.readCount
      var cursor = try ExtentCursor(inode, in: system, from: fileBlock)
      let record = try cursor.next()
      #expect(device.readCount - before == 2)
      if fileBlock % 7 == 3 || fileBlock > 73 {
        #expect(record?.contains(fileBlock) == false)
      } else {
        #expect(record?.fileBlock == fileBlock)
        #expect(record?.isUnwritten == (fileBlock % 5 == 4))
      }
    }
  }

  /// An inode that has its extents costs one read; a tree costs each of its blocks once, and those
  /// after the file's end not at all.
  @Test func openingAFileCostsNoReadTooMany() throws {
    for image in Self.images {
      var image = try image.get()
      func readCount(_ inode: UInt64) throws -> Int {
        let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: image.bytes))
        let system = try XFSFileSystem.open(Volume(whole: device))
        let before = device.readCount
        _ = try system.extents(of: XFSNode(inode: inode))
        return device.readCount - before
      }
      let number = try image.inode("/boot/vmlinuz")
      #expect(try readCount(number) == 1)
      let tree = try image.makeTree()
      #expect(try readCount(number) == 2 + tree.leaves.count)
      image.put(UInt64(4096), at: tree.offset + 56)
      image.seal(.inode, at: tree.offset)
      #expect(try readCount(number) == 3)
    }
  }

  @Test func extentsAreChecked() throws {
    let number = try EditedImage.checked.get().inode("/boot/vmlinuz")
    let place = XFSStructure.inode(number)
    let plain = EditedImage.plain
    for image in Self.images {
      let number = try image.get().inode("/boot/vmlinuz")
      for count: UInt64 in [22, 100, 0x7fff_ffff] {
        let found = try error(in: image) { edited, offset, _ in edited.putCount(count, at: offset) }
        if image.hasRoom(for: count) { continue }
        #expect(found == .badInode(number, field: "nextents", value: count))
      }
    }
    // No blocks at all, and two extents in the wrong order.
    #expect(
      try error { put(Run(fileBlock: 0, block: 100, count: 0), &$0, at: $2) }
        == .badExtentOrder(place, fileBlock: 0))
    #expect(
      try error { image, offset, fork in
        put(Run(fileBlock: 9, block: 100, count: 1), &image, at: fork)
        put(Run(fileBlock: 9, block: 200, count: 1), &image, at: fork + 16)
        image.putCount(2, at: offset)
      } == .badExtentOrder(place, fileBlock: 9))
    // Block 0 has the headers of the group, 4096 is after the end, and group 1 is not there.
    for block: UInt64 in [0, 4096, 5000, 1 << 12, 1 << 51, 1 << 52 - 1] {
      #expect(
        try error { put(Run(fileBlock: 0, block: block, count: 1), &$0, at: $2) }
          == .blockOutOfRange(place, block: block))
    }
    #expect(
      try error { put(Run(fileBlock: 0, block: 4095, count: 2), &$0, at: $2) }
        == .blockOutOfRange(place, block: 4095))
    #expect(
      try error(in: plain) { put(Run(fileBlock: 0, block: 4095, count: 1), &$0, at: $2) } == nil)
  }

  @Test func holesAndEndsAreZeros() throws {
    var image = try EditedImage.checked.get()
    let node = XFSNode(inode: try image.inode("/boot/vmlinuz"))
    let offset = try image.offset("/boot/vmlinuz")
    let fork = try image.fork("/boot/vmlinuz")
    func extents() throws -> [Extent] {
      image.seal(.inode, at: offset)
      return try image.open().extents(of: node)
    }
    put(Run(fileBlock: 2, block: 100, count: 3), &image, at: fork)
    image.put(UInt64(30_000), at: offset + 56)
    #expect(
      try extents() == [
        .zeros(byteCount: 8192), .run(byteOffset: 409_600, byteCount: 12_288),
        .zeros(byteCount: 9520),
      ])
    // What is after the end is left out, and an end inside a block is kept.
    image.put(UInt64(10_000), at: offset + 56)
    #expect(
      try extents() == [.zeros(byteCount: 8192), .run(byteOffset: 409_600, byteCount: 1808)])
    image.put(UInt64(0), at: offset + 56)
    #expect(try extents().isEmpty)
    // The largest file, with an extent at the largest file block.
    image.put(UInt64.max >> 1, at: offset + 56)
    put(Run(fileBlock: 1 << 54 - 1, block: 100, count: 1), &image, at: fork)
    #expect(try extents() == [.zeros(byteCount: .max >> 1)])
    put(Run(fileBlock: 0, block: 100, count: 3, isUnwritten: true), &image, at: fork)
    #expect(try extents() == [.zeros(byteCount: .max >> 1)])
  }

  @Test func theCountOfExtentsMustBeTrue() throws {
    let number = try EditedImage.checked.get().inode("/boot/vmlinuz")
    // An extent too many is an empty one; one too few is noticed at the end.
    #expect(
      try error { image, offset, _ in
        image.put(UInt64(400_000), at: offset + 56)
        image.putCount(0, at: offset)
      } == nil)
    #expect(
      try treeError { image, tree in image.putCount(10, at: tree.offset) }
        == .badExtentCount(inode: number, stored: 10))
    #expect(
      try treeError { image, tree in
        image.putCount(1000, at: tree.offset)
        image.put(UInt64(1 << 30), at: tree.offset + 56)
      } == .badExtentCount(inode: number, stored: 1000))
  }

  @Test func blocksOfTheTreeAreChecked() throws {
    for image in Self.images {
      let number = try image.get().inode("/boot/vmlinuz")
      func place(_ offset: Int) -> XFSStructure {
        .mapBlock(inode: number, block: UInt64(offset / 4096))
      }
      var leaf = 0
      var node = 0
      #expect(
        try treeError(in: image) { _, tree in
          leaf = tree.leaves[0]
          node = tree.node
        } == nil)
      let found = try treeError(in: image) { $0.put(UInt32(0x424d_4150 ^ 1), at: $1.node) }
      #expect(found == .badMagic(place(node), magic: 0x424d_4151))
      for (field, value): (Int, UInt16) in [(4, 0), (4, 2), (6, 0), (6, 300), (6, .max)] {
        let found = try treeError(in: image) { $0.put(value, at: $1.node + field) }
        #expect(found == .badMapBlock(place(node)))
      }
      let level = try treeError(in: image) { $0.put(UInt16(1), at: $1.leaves[0] + 4) }
      #expect(level == .badMapBlock(place(leaf)))
      // A node that has itself as a child: the level is wrong.
      let loop = try treeError(in: image) { edited, tree in
        let room = (4096 - edited.mapHeader) / 16
        edited.put(UInt64(tree.node / 4096), at: tree.node + edited.mapHeader + 8 * room)
      }
      #expect(loop == .badMapBlock(place(node)))
      // A leaf that comes twice: its file blocks do not rise.
      let twice = try treeError(in: image) { edited, tree in
        let room = (4096 - edited.mapHeader) / 16
        edited.put(UInt64(tree.leaves[0] / 4096), at: tree.node + edited.mapHeader + 8 * room + 8)
      }
      #expect(twice == .badExtentOrder(place(leaf), fileBlock: 0))
      let wild = try treeError(in: image) { edited, tree in
        let room = (4096 - edited.mapHeader) / 16
        edited.put(UInt64(1 << 40), at: tree.node + edited.mapHeader + 8 * room)
      }
      #expect(wild == .blockOutOfRange(place(node), block: 1 << 40))
    }
  }

  @Test func rootsOfTreesAreChecked() throws {
    for image in Self.images {
      let number = try image.get().inode("/boot/vmlinuz")
      let fork = try image.get().fork("/boot/vmlinuz")
      for (field, value): (Int, UInt16) in [
        (0, 0), (0, 9), (0, .max), (2, 0), (2, 60), (2, .max),
      ] {
        let found = try treeError(in: image) { edited, _ in edited.put(value, at: fork + field) }
        #expect(found == .badMapBlock(.inode(number)))
      }
    }
  }

  @Test func blocksOfTheTreeSayWhereTheyBelong() throws {
    let image = EditedImage.checked
    let number = try image.get().inode("/boot/vmlinuz")
    var node = 0
    let owner = try treeError { edited, tree in
      edited.put(UInt64(99), at: tree.node + 56)
      node = tree.node
    }
    let place = XFSStructure.mapBlock(inode: number, block: UInt64(node / 4096))
    #expect(owner == .wrongPlace(place, field: "owner", value: 99))
    let sector = try treeError { edited, tree in edited.put(UInt64(98), at: tree.node + 24) }
    #expect(sector == .wrongPlace(place, field: "sector", value: 98))
    let uuid = try treeError { edited, tree in edited.bytes[tree.node + 40] ^= 1 }
    #expect(uuid == .wrongUUID(place))
    var damaged = try image.get()
    let tree = try damaged.makeTree()
    damaged.bytes[tree.leaves[2] + 4000] ^= 1
    do {
      _ = try damaged.open().extents(of: XFSNode(inode: tree.inode))
      Issue.record("no error")
    } catch let error as XFSError {
      guard case .badChecksum(.mapBlock(tree.inode, _), _, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func tooManyPiecesAreRefused() throws {
    var image = try EditedImage.checked.get()
    let offset = try image.offset("/boot/vmlinuz")
    image.put(UInt64.max >> 1, at: offset + 56)
    image.seal(.inode, at: offset)
    let system = try image.open()
    let inode = try system.inode(try image.inode("/boot/vmlinuz"))
    var list = ExtentList(inode, of: system.superblock, work: WorkAccount())
    var words: [UInt64] = []
    for index in 0..<UInt64(XFSLimits.extentCount / 2 + 1) {
      let run = Run(fileBlock: 2 * index, block: 100, count: 1)
      words += [run.words.high.bigEndian, run.words.low.bigEndian]
    }
    let records = ByteView(words.withUnsafeBytes { Array($0) })
    do {
      for offset in stride(from: 0, to: records.count, by: 16) {
        try list.append(try #require(ExtentRecord(records, at: offset)))
      }
      Issue.record("no error")
    } catch let error as XFSError {
      #expect(error == .tooFragmented(inode: inode.number))
    }
  }

  /// A hostile map whose every block is a new one can't be longer than the limit.
  @Test func mapsThatNeverEndAreRefused() throws {
    let (device, inode) = try MadeUpDevice.endlessMap()
    let system = try XFSFileSystem.open(Volume(whole: device))
    #expect(throws: XFSError.tooFragmented(inode: inode)) {
      try system.extents(of: XFSNode(inode: inode))
    }
    #expect(device.madeUpCount == XFSLimits.mapByteCount / 4096)
  }
}

extension EditedImage {
  static func record(_ run: Run) -> [UInt8] {
    MadeUpDevice.bytes([run.words.high, run.words.low])
  }
}

extension Result where Success == EditedImage {
  /// Whether the inode has room for that many extents.
  fileprivate func hasRoom(for count: UInt64) -> Bool {
    guard let image = try? get() else { return false }
    return count <= (image.hasChecksums ? 21 : 25)
  }
}
