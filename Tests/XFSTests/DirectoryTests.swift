// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import XFS

struct DirectoryTests {
  static let images = [EditedImage.checked, EditedImage.plain]

  /// The error of listing a directory, or of looking a name up in it if one is given, after an edit
  /// that gets the offset of one of its blocks (counted from the index's start for `index`).
  func error(
    _ path: ByteString, _ structure: EditedImage.Structure, block: UInt64 = 0,
    lookUp name: ByteString? = nil, in image: Result<EditedImage, any Error> = EditedImage.checked,
    isSealed: Bool = true, _ edit: (inout EditedImage, Int) -> Void
  ) throws -> XFSError? {
    var image = try image.get()
    let node = XFSNode(inode: try image.inode(path))
    let offset =
      switch structure {
      case .inode: try image.offset(path)
      case .index: try image.offset(ofIndexBlock: block, in: path)
      default: try image.offset(ofBlock: block, in: path)
      }
    edit(&image, offset)
    if isSealed { image.seal(structure, at: offset) }
    let system = try image.open()
    do throws(XFSError) {
      if let name {
        _ = try system.lookUp(name, in: node)
      } else {
        _ = try system.entries(of: node)
      }
    } catch { return error }
    return nil
  }

  /// Where entries begin in a block, or pairs in one of the index.
  func header(_ image: Result<EditedImage, any Error>) throws -> Int {
    try image.get().hasChecksums ? 64 : 16
  }

  @Test func thereIsADirectoryOfEachForm() throws {
    for image in Self.images {
      let system = try image.get().open()
      func magic(_ path: ByteString, index: Bool) throws -> UInt32 {
        let image = try image.get()
        let offset =
          index
          ? try image.offset(ofIndexBlock: 0, in: path) + 8 : try image.offset(ofBlock: 0, in: path)
        return index
          ? UInt32(image.u16(offset)) : ByteView(image.bytes).u32BigEndian(at: offset) ?? 0
      }
      #expect(try system.inode(image.get().inode("/boot")).format == .local)
      let isNew = system.superblock.features.hasChecksums
      #expect(try magic("/medium", index: false) == (isNew ? 0x5844_4233 : 0x5844_3242))
      #expect(try magic("/leaf", index: true) == (isNew ? 0x3df1 : 0xd2f1))
      #expect(try magic("/many", index: true) == (isNew ? 0x3ebe : 0xfebe))
    }
  }

  @Test func entriesInAnInodeAreChecked() throws {
    for image in Self.images {
      let number = try image.get().inode("/boot")
      let start = try image.get().hasChecksums ? 176 : 100
      func bad(_ offset: Int) -> XFSError { .badDirectoryEntry(.inode(number), offset: offset) }
      // Header of 6 bytes, then grub and vmlinuz.
      func found(_ edit: (inout EditedImage, Int) -> Void) throws -> XFSError? {
        try error("/boot", .inode, in: image, edit)
      }
      #expect(try found { _, _ in } == nil)
      #expect(try found { $0.put(UInt8(3), at: $1 + start) } == bad(33))
      #expect(try found { $0.put(UInt8(255), at: $1 + start) } == bad(33))
      #expect(try found { $0.put(UInt8(0), at: $1 + start + 6) } == bad(6))
      #expect(try found { $0.put(UInt8(255), at: $1 + start + 6) } == bad(6))
      #expect(try found { $0.put(UInt8(1), at: $1 + start + 1) } != nil)
      #expect(try found { $0.put(UInt64(0), at: $1 + 56) } == bad(0))
      #expect(try found { $0.put(UInt64(4), at: $1 + 56) } == bad(2))
      #expect(try found { $0.put(UInt64(32), at: $1 + 56) } == bad(18))
      for size: UInt64 in [413, 1 << 40, .max >> 1] {
        #expect(
          try found { $0.put(size, at: $1 + 56) } == .badSize(inode: number, byteCount: size))
      }
    }
  }

  /// Inode numbers over 32 bits make all entries of an inode's directory wider.
  @Test func wideEntriesInAnInodeAreRead() throws {
    var image = try EditedImage.checked.get()
    let node = XFSNode(inode: try image.inode("/boot"))
    let file = XFSNode(inode: try image.inode("/one-byte"))
    let offset = try image.offset("/boot")
    var bytes: [UInt8] = [1, 1]
    func add(_ number: UInt64) {
      withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
    add(image.bytes.isEmpty ? 0 : 128)
    bytes += [2, 0, 0x60] + Array("ab".utf8) + [1]
    add(file.inode)
    image.bytes.replaceSubrange(offset + 176..<offset + 176 + bytes.count, with: bytes)
    image.put(UInt64(bytes.count), at: offset + 56)
    image.seal(.inode, at: offset)
    let system = try image.open()
    let entries = try system.entries(of: node)
    #expect(entries.map { $0.name } == ["ab"])
    #expect(entries.map { $0.node } == [file])
    #expect(try system.lookUp("ab", in: node) == file)
    #expect(try system.lookUp("..", in: node)?.inode == 128)
    #expect(try system.lookUp(".", in: node) == node)
    #expect(try system.lookUp("abc", in: node) == nil)
  }

  @Test func entriesInBlocksAreChecked() throws {
    for image in Self.images {
      let number = try image.get().inode("/medium")
      let place = XFSStructure.directoryBlock(inode: number, block: 0)
      let start = try header(image)
      func bad(_ offset: Int) -> XFSError { .badDirectoryEntry(place, offset: offset) }
      func found(_ edit: (inout EditedImage, Int) -> Void) throws -> XFSError? {
        try error("/medium", .directory, in: image, edit)
      }
      #expect(try found { _, _ in } == nil)
      #expect(try found { $0.put(UInt32(0), at: $1) } == .badMagic(place, magic: 0))
      // `.` and `..` take 16 bytes each; then medium-001 with 24.
      #expect(try found { $0.put(UInt8(0), at: $1 + start + 8) } == bad(start))
      #expect(try found { $0.put(UInt8(40), at: $1 + start + 8) } == bad(start))
      #expect(try found { $0.put(UInt16(8), at: $1 + start + 14) } == bad(start))
      #expect(try found { $0.put(UInt16(0), at: $1 + start + 54) } == bad(start + 32))
      // What is not in use says how long it is.
      for length: UInt16 in [0, 7, 12, 8000, .max] {
        #expect(
          try found { image, offset in
            image.put(UInt16.max, at: offset + start + 32)
            image.put(length, at: offset + start + 34)
          } == bad(start + 32))
      }
      #expect(
        try found { image, offset in
          image.put(UInt16.max, at: offset + start + 32)
          image.put(UInt16(24), at: offset + start + 34)
        } == nil)
      // The number of pairs at the block's end.
      for count: UInt32 in [510, 8193, .max] {
        #expect(try found { $0.put(count, at: $1 + 4088) } == bad(4088))
      }
    }
  }

  @Test func blocksSayWhereTheyBelong() throws {
    let number = try EditedImage.checked.get().inode("/leaf")
    let data = XFSStructure.directoryBlock(inode: number, block: 1)
    #expect(
      try error("/leaf", .directory, block: 1) { $0.put(UInt64(5), at: $1 + 40) }
        == .wrongPlace(data, field: "owner", value: 5))
    #expect(
      try error("/leaf", .directory, block: 1) { $0.put(UInt64(5), at: $1 + 8) }
        == .wrongPlace(data, field: "sector", value: 5))
    #expect(try error("/leaf", .directory, block: 1) { $0.bytes[$1 + 24] ^= 1 } == .wrongUUID(data))
    let index = XFSStructure.directoryIndex(inode: number, block: 1 << 23)
    #expect(
      try error("/leaf", .index, lookUp: "x") { $0.put(UInt64(5), at: $1 + 48) }
        == .wrongPlace(index, field: "owner", value: 5))
    #expect(
      try error("/leaf", .index, lookUp: "x") { $0.put(UInt64(5), at: $1 + 16) }
        == .wrongPlace(index, field: "sector", value: 5))
    #expect(try error("/leaf", .index, lookUp: "x") { $0.bytes[$1 + 32] ^= 1 } == .wrongUUID(index))
  }

  @Test func blocksHaveChecksums() throws {
    let data = try error("/many", .directory, block: 2, isSealed: false) { $0.bytes[$1 + 99] ^= 1 }
    guard case .badChecksum(.directoryBlock(_, 2), _, _) = data else {
      Issue.record("\(data as Any)")
      return
    }
    let index = try error("/many", .index, lookUp: "x", isSealed: false) { $0.bytes[$1 + 99] ^= 1 }
    guard case .badChecksum(.directoryIndex(_, 1 << 23), _, _) = index else {
      Issue.record("\(index as Any)")
      return
    }
  }

  @Test func sizesOfDirectoriesAreWholeBlocksAndLimited() throws {
    for image in Self.images {
      let number = try image.get().inode("/many")
      for size: UInt64 in [0, 1, 4095, 128 << 20 + 4096, 1 << 40, .max >> 1] {
        #expect(
          try error("/many", .inode, in: image) { $0.put(size, at: $1 + 56) }
            == .badSize(inode: number, byteCount: size))
      }
    }
  }

  /// The blocks of a directory may be more than its size says.
  @Test func theListIsAsLimitedAsTheSize() throws {
    let (device, inode) = try MadeUpDevice.longDirectory()
    let system = try XFSFileSystem.open(Volume(whole: device))
    let limit = XFSLimits.directoryByteCount
    #expect(throws: XFSError.badSize(inode: inode, byteCount: limit + 4096)) {
      try system.entries(of: XFSNode(inode: inode))
    }
    #expect(device.madeUpCount == Int(limit / 4096))
  }

  @Test func theIndexIsChecked() throws {
    for image in Self.images {
      let number = try image.get().inode("/leaf")
      let place = XFSStructure.directoryIndex(inode: number, block: 1 << 23)
      let fields = try image.get().hasChecksums ? 56 : 12
      func found(_ edit: (inout EditedImage, Int) -> Void) throws -> XFSError? {
        try error(
          "/leaf", .index, lookUp: "an-entry-with-quite-a-long-name-000100", in: image, edit)
      }
      #expect(try found { _, _ in } == nil)
      #expect(try found { $0.put(UInt16(0x3def), at: $1 + 8) } == .badMagic(place, magic: 0x3def))
      #expect(try found { $0.put(UInt16(511), at: $1 + fields) } == .badDirectoryIndex(place))
      #expect(try found { $0.put(UInt16(300), at: $1 + fields + 2) } == .badDirectoryIndex(place))
      // Places that no entry has: between two of them, after the end, in the index's own blocks.
      let start = try header(image)
      func every(_ value: UInt32) throws -> XFSError? {
        try found { image, offset in
          let count = Int(image.u16(offset + fields))
          for slot in 0..<count { image.put(value, at: offset + start + 8 * slot + 4) }
        }
      }
      let block = XFSStructure.directoryBlock(inode: number, block: 0)
      #expect(try every(1) == .badDirectoryEntry(block, offset: 8))
      #expect(
        try every(UInt32(start / 8 + 1)) == .badDirectoryEntry(block, offset: start + 8))
      #expect(try every(0x400) == .directoryHole(inode: number, block: 2))
      #expect(try every(.max) == .directoryHole(inode: number, block: 1 << 23 - 1))
      // Stale pairs lead nowhere.
      #expect(try every(0) == nil)
    }
  }

  @Test func nodesLeadToLeaves() throws {
    for image in Self.images {
      let number = try image.get().inode("/many")
      let place = XFSStructure.directoryIndex(inode: number, block: 1 << 23)
      let fields = try image.get().hasChecksums ? 56 : 12
      let start = try header(image)
      func found(_ edit: (inout EditedImage, Int) -> Void) throws -> XFSError? {
        try error("/many", .index, lookUp: ByteString(EditedImage.many), in: image, edit)
      }
      #expect(try found { _, _ in } == nil)
      for level: UInt16 in [0, 6, .max] {
        #expect(try found { $0.put(level, at: $1 + fields + 2) } == .badDirectoryIndex(place))
      }
      #expect(try found { $0.put(UInt16(0), at: $1 + fields) } == .badDirectoryIndex(place))
      #expect(try found { $0.put(UInt16(2), at: $1 + fields + 2) } == .badDirectoryIndex(place))
      func children(_ value: UInt32) throws -> XFSError? {
        try found { image, offset in
          for slot in 0..<2 { image.put(value, at: offset + start + 8 * slot + 4) }
        }
      }
      // Itself, a block with entries, and none.
      #expect(try children(1 << 23) == .badDirectoryIndex(place))
      #expect(
        try children(1) == .badDirectoryIndex(.directoryIndex(inode: number, block: 1)))
      #expect(try children(.max) == .directoryHole(inode: number, block: UInt64(UInt32.max)))
    }
  }

  /// A leaf that says it goes on with itself, full of one hash.
  @Test func aChainOfLeavesEnds() throws {
    for image in Self.images {
      var image = try image.get()
      let number = try image.inode("/many")
      let leaf = try image.offset(ofIndexBlock: 1, in: "/many")
      let fields = image.hasChecksums ? 56 : 12
      let start = image.hasChecksums ? 64 : 16
      let hash = DirectoryHash.hash(of: "no such name")
      let count = Int(image.u16(leaf + fields))
      for slot in 0..<count { image.put(hash, at: leaf + start + 8 * slot) }
      image.put(UInt32(1 << 23 + 1), at: leaf)
      image.seal(.index, at: leaf)
      let root = try image.offset(ofIndexBlock: 0, in: "/many")
      image.put(UInt32.max, at: root + start)
      image.seal(.index, at: root)
      let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: image.bytes))
      let system = try XFSFileSystem.open(Volume(whole: device))
      let before = device.readCount
      #expect(
        throws: XFSError.tooManyCollisions(inode: number, limit: XFSLimits.sameHashCount)
      ) { try system.lookUp("no such name", in: XFSNode(inode: number)) }
      #expect(device.readCount - before < 5000)
    }
  }

  @Test func aDirectoryHasNoHolesInItsBlocks() throws {
    var image = try EditedImage.checked.get()
    let number = try image.inode("/leaf")
    let offset = try image.offset("/leaf")
    // The first extent begins a block later.
    let fork = try image.fork("/leaf")
    image.put(ByteView(image.bytes).u64BigEndian(at: fork).map { $0 | 1 << 63 } ?? 0, at: fork)
    image.seal(.inode, at: offset)
    #expect(throws: XFSError.directoryHole(inode: number, block: 0)) {
      try image.open().entries(of: XFSNode(inode: number))
    }
  }

  @Test func anIndexSparesReads() throws {
    // 50,000 entries, none of which has a file here.
    let image = try TestImage("xfs", "index-50000", "128M", "-b", "size=1024")
    let device = FaultyDevice(try image.device())
    let system = try XFSFileSystem.open(Volume(whole: device))
    let directory = try #require(try system.lookUp("index", in: try system.root()))
    for number in ["000001", "012345", "050000"] {
      let before = device.readCount
      let name = ByteString("an-entry-with-quite-a-long-name-" + number)
      #expect(try system.lookUp(name, in: directory) != nil)
      // The inode, root and leaf of the index, entries; each with a block of the map at most.
      #expect(device.readCount - before <= 9)
    }
    let before = device.readCount
    #expect(try system.lookUp("an-entry-with-quite-a-long-name-050001", in: directory) == nil)
    #expect(device.readCount - before <= 9)
  }

  @Test func namesAreFoundInAnyCaseWhereTheFileSystemSaysSo() throws {
    let image = try EditedImage("-n", "version=ci")
    let system = try image.open()
    let root = try system.root()
    for (path, name): (ByteString, ByteString) in [
      ("/", "BOOT"), ("/boot", "VmLinuz"), ("/medium", "MEDIUM-007"),
      ("/many", "AN-ENTRY-with-quite-a-LONG-name-000123"),
      ("/leaf", "An-entry-with-quite-a-long-name-000003"),
    ] {
      let directory = try PathWalk.resolve(path, in: system).node
      let found = try #require(try system.lookUp(name, in: directory))
      #expect(try system.lookUp(name.lowercased, in: directory) == found)
    }
    let plain = try EditedImage.checked.get().open()
    #expect(try plain.lookUp("BOOT", in: plain.root()) == nil)
    #expect(try system.lookUp("boo", in: root) == nil)
    // Letters of Latin-1 are folded by Linux since 6.4, and not by mkfs.xfs.
    #expect(
      DirectoryHash.hashes(of: ByteString([0xc4, 0x41]), foldingCase: true).count == 2)
    #expect(
      CaseFold.fold(ByteString([0xc4, 0x41, 0xd7, 0xdf])) == ByteString([0xe4, 0x61, 0xd7, 0xdf]))
  }

  @Test func hashesAreThoseOfXfsDb() throws {
    let image = try TestImage("xfs", "small", "16M")
    for name in ["a", "boot", "vmlinuz", EditedImage.many, "größe"] {
      let output = try HostTool.output(["xfs_db", "-r", "-f", "-c", "hash \(name)", image.path])
      let expected = Numbers.hexadecimal(ByteString(output).trimmed.dropFirst(2))
      #expect(expected == UInt64(DirectoryHash.hash(of: ByteString(name))))
    }
  }

  @Test func readsARealPath() throws {
    for image in Self.images {
      let system = try image.get().open()
      let menu = try FileContents.readAll("/absolute", in: system, on: system.volume, limit: 1000)
      #expect(ByteString(menu).hasPrefix("default 0\ntimeout 5\n"))
      #expect(throws: FileError<XFSError>.tooManyLinks("/loop-a", limit: 40)) {
        try PathWalk.resolve("/loop-a", in: system)
      }
      #expect(try PathWalk.resolve("/vmlinuz", in: system).path == "/boot/vmlinuz")
    }
  }
}
