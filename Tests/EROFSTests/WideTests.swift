// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import EROFS

/// Block numbers of 48 bits and what comes with them. mkfs.erofs 1.5 writes none of it.
struct WideTests {
  let text = MadeImageTests.text

  private func open(_ bytes: [UInt8]) throws -> MadeImage.System {
    try EROFSFileSystem.open(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)))
  }

  private func contents(_ path: ByteString, in bytes: [UInt8]) throws -> [UInt8] {
    let system = try open(bytes)
    return try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
  }

  @Test func aRootMayHaveALongNumber() throws {
    var image = MadeImage(features: WideImage.wide)
    image.name(image.addInode(layout: 2, size: 2, behind: Array("hi".utf8)), "file")
    var bytes = image.finish()
    let root = ByteView(bytes).u16(at: MadeImage.superblock + 14) ?? 0
    // Without the long number the short one counts.
    #expect(try contents("/file", in: bytes) == Array("hi".utf8))
    bytes.replaceSubrange(
      MadeImage.superblock + 112..<MadeImage.superblock + 120,
      with: WideImage.bytes(UInt64(root)))
    bytes.replaceSubrange(
      MadeImage.superblock + 14..<MadeImage.superblock + 16, with: [0xff, 0xff])
    MadeImage.seal(&bytes)
    #expect(try contents("/file", in: bytes) == Array("hi".utf8))
  }

  @Test func blocksAreFoundBeyondThirtyTwoBits() throws {
    var image = MadeImage(features: WideImage.wide | 4)
    // 16 TiB from the start: the upper 16 bits are 1.
    let far: UInt64 = 1 << 44
    let extended = image.addInode(layout: 0, size: 5000, word: 7)
    image.put(1 as UInt16, at: 4096 + 32 * extended + 6)
    image.name(extended, "extended")
    // The compact form, with one link: the mark makes the same place a part of the number.
    let compact = image.addInode(layout: 0, size: 0)
    let place = 4096 + 32 * compact
    image.put(0x10 as UInt16, at: place)
    image.put(1 as UInt16, at: place + 6)
    image.put(5000 as UInt32, at: place + 8)
    image.put(100 as UInt32, at: place + 12)
    image.put(7 as UInt32, at: place + 16)
    image.name(compact, "compact")
    let index = WideImage.bytes(1 as UInt16) + [0, 0] + WideImage.bytes(7 as UInt32)
    image.name(
      image.addInode(layout: 4, size: 4096, word: 0x60, behind: index), "chunk")
    // Only the low bits count without the mark.
    image.name(image.addInode(layout: 4, size: 4096, word: 0x20, behind: index), "near")
    let ones = [UInt8](repeating: 0xff, count: 8)
    image.name(image.addInode(layout: 4, size: 4096, word: 0x60, behind: ones), "hole")
    let list = WideImage.list(
      unit: 32, [.init(place: far + 7 * 4096 + 5, storedByteCount: 3000)])
    image.name(image.addInode(layout: 1, size: 3000, behind: list), "list")
    let device = SparseDevice(byteCount: far + (1 << 20))
    device.put(image.finish(), at: 0)
    device.put(text, at: far + 7 * 4096)
    let system = try EROFSFileSystem.open(Volume(whole: device))
    func read(_ path: ByteString) throws -> [UInt8] {
      try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
    }
    #expect(try read("/extended") == Array(text[..<5000]))
    #expect(try read("/compact") == Array(text[..<5000]))
    #expect(try read("/chunk") == Array(text[..<4096]))
    #expect(try read("/near") == Array(image.bytes[7 * 4096..<8 * 4096]))
    #expect(try read("/hole") == [UInt8](repeating: 0, count: 4096))
    #expect(try read("/list") == Array(text[5..<3005]))
    // The compact form's time counts from the superblock's.
    let node = try PathWalk.resolve("/compact", in: system)
    #expect(node.attributes.modificationTime == 1_600_000_100)
  }

  @Test func aFileWithoutABlockIsZeros() throws {
    var image = MadeImage(features: WideImage.wide)
    let number = image.addInode(layout: 0, size: 5000, word: .max)
    image.put(UInt16.max, at: 4096 + 32 * number + 6)
    image.name(number, "zeros")
    // With fewer ones it is a block, which there is not.
    let other = image.addInode(layout: 0, size: 5000, word: .max)
    image.name(other, "far")
    let bytes = image.finish()
    #expect(try contents("/zeros", in: bytes) == [UInt8](repeating: 0, count: 5000))
    let error = ReaderError.of(EROFSError.self) {
      try ReaderError.look(at: "/far", in: try open(bytes))
    }
    #expect(error == .outOfRange(inode: UInt64(other), byteOffset: 0xffff_ffff << 12))
  }

  @Test func aDirectoryMayLeaveItsOwnPointOut() throws {
    var image = MadeImage(features: WideImage.wide)
    let file = image.addInode(layout: 2, size: 2, behind: Array("hi".utf8))
    let entries = WideImage.directory([("..", 2), ("a", UInt64(file)), ("z", UInt64(file))])
    let number = image.addInode(
      mode: 0o40755, layout: 2, size: entries.count, behind: entries)
    image.put(UInt16(2 << 1 | 1 | 0x10), at: 4096 + 32 * number)
    image.name(number, "directory", type: 2)
    let bytes = image.finish()
    #expect(try contents("/directory/./a", in: bytes) == Array("hi".utf8))
    #expect(try contents("/directory/././z", in: bytes) == Array("hi".utf8))
    let system = try open(bytes)
    let node = try PathWalk.resolve("/directory", in: system).node
    #expect(try system.lookUp(".", in: node) == node)
    #expect(try system.entries(of: node).map { $0.name } == ["a", "z"])
  }

  /// Three pieces of 8192 bytes, or what is left of 20,000: packed, not packed, packed.
  private func threePieces(
    unit: Int, _ image: inout MadeImage
  ) throws -> [WideImage.Piece] {
    var pieces: [WideImage.Piece] = []
    var data: [UInt8] = []
    for (index, start) in [0, 8192, 16384].enumerated() {
      let part = Array(text[start..<min(start + 8192, 20000)])
      let stored = index == 1 ? part : try BlockPacker.pack(part, .lz4)
      // Each right after the one before, wherever that ends; with places of their own, not so.
      if unit != 4 { data += [UInt8](repeating: 0xff, count: 77) }
      pieces.append(
        .init(
          start: UInt64(start), place: UInt64(data.count), storedByteCount: UInt32(stored.count),
          algorithm: index == 1 ? nil : 0))
      data += stored
    }
    let (block, _) = image.addData(data)
    for index in pieces.indices { pieces[index].place += UInt64(block) * 4096 }
    return pieces
  }

  @Test(arguments: [4, 8, 16, 32])
  func recordsOfAnySizeAreRead(unit: Int) throws {
    var image = MadeImage(features: 1 | WideImage.wide)
    let pieces = try threePieces(unit: unit, &image)
    let list = WideImage.list(unit: unit, pieces, shift: 13)
    image.name(image.addInode(layout: 1, size: 20000, behind: list), "file")
    #expect(try contents("/file", in: image.finish()) == Array(text[..<20000]))
  }

  @Test func aPieceMayBeAHoleOrTheFrontOfAnother() throws {
    for format in [MadeImageTests.Packer.lz4, .zstd] {
      var image = MadeImage(
        features: 3 | WideImage.wide, settings: [(format.number, format.settings)])
      let packed = try BlockPacker.pack(Array(text[..<20000]), format.format)
      let (block, _) = image.addData(packed)
      let piece = WideImage.Piece(
        start: 5000, place: UInt64(block) * 4096, storedByteCount: UInt32(packed.count),
        algorithm: UInt32(format.number), isPartial: true)
      let list = WideImage.list(unit: 16, [.init(place: 0, storedByteCount: 0), piece])
      image.name(image.addInode(layout: 1, size: 12000, behind: list), "file")
      #expect(
        try contents("/file", in: image.finish())
          == [UInt8](repeating: 0, count: 5000) + Array(text[..<7000]))
    }
  }

  @Test func whatIsNotPackedIsTurnedOnlyInWholeBlocks() throws {
    var image = MadeImage(features: 1 | WideImage.wide)
    let start = 6000
    var block = Array(text[start..<start + 4096])
    let turned = start % 4096
    block = Array(block[(4096 - turned)...] + block[..<(4096 - turned)])
    let (first, _) = image.addData(Array(text[..<start]))
    let (second, _) = image.addData(block)
    let (third, _) = image.addData([0xff] + text[start + 4096..<14000])
    let list = WideImage.list(
      unit: 16,
      [
        .init(place: UInt64(first) * 4096, storedByteCount: UInt32(start)),
        .init(start: UInt64(start), place: UInt64(second) * 4096, storedByteCount: 4096),
        .init(
          start: UInt64(start + 4096), place: UInt64(third) * 4096 + 1,
          storedByteCount: UInt32(14000 - start - 4096)),
      ], advice: 0x10)
    image.name(image.addInode(layout: 1, size: 14000, behind: list), "file")
    #expect(try contents("/file", in: image.finish()) == Array(text[..<14000]))
  }

  @Test(arguments: [8, 16])
  func theLastPieceMayBeInThePackedInode(unit: Int) throws {
    var image = MadeImage(features: 0x21 | WideImage.wide)
    let (block, _) = image.addData(text)
    let packed = image.addInode(layout: 0, size: text.count, word: block)
    let list = WideImage.list(
      unit: unit,
      [
        .init(place: UInt64(block) * 4096, storedByteCount: 4096),
        .init(start: 4096, place: 0, storedByteCount: 30001),
      ], advice: 0x20)
    image.name(image.addInode(layout: 1, size: 7096, behind: list), "file")
    #expect(
      try contents("/file", in: image.finish(packedInode: packed))
        == Array(text[..<4096] + text[30001..<33001]))
  }

  @Test func listsOfExtentsAreChecked() throws {
    func error(size: Int = 8192, _ pieces: [WideImage.Piece], unit: Int = 16) throws -> EROFSError?
    {
      var image = MadeImage(features: 1 | WideImage.wide)
      let list = WideImage.list(unit: unit, pieces)
      let number = image.addInode(layout: 1, size: size, behind: list)
      image.name(number, "file")
      #expect(number == 2)
      let bytes = image.finish()
      return ReaderError.of(EROFSError.self) {
        try ReaderError.look(at: "/file", in: try open(bytes))
      }
    }
    let good = WideImage.Piece(place: 4096, storedByteCount: 8192)
    #expect(try error([good]) == nil)
    #expect(try error([]) == .badExtent(inode: 2, extent: 0))
    #expect(
      try error([.init(start: 1, place: 4096, storedByteCount: 8192)])
        == .badExtent(inode: 2, extent: 0))
    #expect(try error([good, good]) == .badExtent(inode: 2, extent: 1))
    #expect(
      try error([good, .init(start: 8192, place: 4096, storedByteCount: 1)])
        == .badExtent(inode: 2, extent: 1))
    // Not packed, and not as long as the piece is.
    #expect(
      try error([.init(place: 4096, storedByteCount: 8191)]) == .badExtent(inode: 2, extent: 0))
    #expect(
      try error([.init(place: 4096, storedByteCount: 4096, algorithm: 5)])
        == .unsupportedFile(inode: 2, feature: "algorithm 5"))
    #expect(
      try error([.init(place: 1 << 40, storedByteCount: 8192)])
        == .outOfRange(inode: 2, byteOffset: 1 << 40))
    #expect(
      try error(size: 1 << 40, [good], unit: 8) == .tooManyExtents(inode: 2))
    #expect(EROFSError.badExtent(inode: 2, extent: 1).message == "inode 2: bad piece 1")
  }
}
