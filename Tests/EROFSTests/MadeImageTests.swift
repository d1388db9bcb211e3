// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Decompression
import FileSystem
import TestSupport
import Testing

@testable import EROFS

/// What mkfs.erofs 1.5 does not write, in images that were put together here.
struct MadeImageTests {
  /// A packer: its number, its format, its settings.
  struct Packer: CustomTestStringConvertible {
    let number: Int
    let format: BlockFormat
    let settings: [UInt8]

    var testDescription: String { format.name.text }

    /// The largest distance and the most blocks of a piece.
    static let lz4 = Packer(
      number: 0, format: .lz4, settings: [0xff, 0xff, 16, 0] + [UInt8](repeating: 0, count: 10))
    /// The size of the dictionary.
    static let lzma = Packer(
      number: 1, format: .microLZMA(dictionaryByteCount: 1 << 16),
      settings: [0, 0, 1, 0] + [UInt8](repeating: 0, count: 10))
    /// The size of the window.
    static let deflate = Packer(number: 2, format: .deflate, settings: [15, 0, 0, 0, 0, 0])
    static let zstd = Packer(number: 3, format: .zstd, settings: [0, 7, 0, 0, 0, 0])
    static let all = [lz4, lzma, deflate, zstd]
  }

  /// 60,000 bytes with repetitions and some noise.
  static let text: [UInt8] = {
    var random = SplitMix(seed: 7)
    return (0..<60000).map { $0 % 64 < 40 ? UInt8($0 / 64 % 97) : UInt8(random.next() & 0xff) }
  }()

  /// Zeros in front, settings.
  private static let features: UInt32 = 3

  private func open(_ bytes: [UInt8]) throws -> MadeImage.System {
    try EROFSFileSystem.open(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)))
  }

  private func contents(_ path: ByteString, in bytes: [UInt8]) throws -> [UInt8] {
    let system = try open(bytes)
    return try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
  }

  /// A packed piece of the text, in blocks of its own.
  static func piece(
    _ range: Range<Int>, at start: Int? = nil, _ packer: Packer,
    kind: MadeImage.Piece.Kind = .first, in image: inout MadeImage
  ) throws -> MadeImage.Piece {
    let packed = try BlockPacker.pack(Array(text[range]), packer.format)
    let (block, count) = image.addData(packed, paddedInFront: true)
    return MadeImage.Piece(
      kind: kind, start: start ?? range.lowerBound, block: block, blockCount: count)
  }

  /// `/file` is the text; `/front` and `/middle` share its second piece.
  static func image(_ packer: Packer) throws -> [UInt8] {
    var image = MadeImage(
      features: features | 0x20, settings: [(packer.number, packer.settings)])
    let number = UInt8(packer.number)
    let header = MadeImage.header(advice: 6, algorithms: (number, number))
    var pieces: [MadeImage.Piece] = []
    for range in [0..<20000, 20000..<40960, 40960..<50000, 50000..<60000] {
      pieces.append(try piece(range, packer, in: &image))
    }
    image.name(image.addPacked(size: 60000, header: header, pieces), "file")
    let shared = MadeImage.Piece(
      start: 0, block: pieces[1].block, blockCount: pieces[1].blockCount, isPartial: true)
    image.name(image.addPacked(size: 10001, header: header, [shared]), "front")
    let behind = MadeImage.Piece(
      start: 10000, block: pieces[2].block, blockCount: pieces[2].blockCount)
    image.name(image.addPacked(size: 19040, header: header, [shared, behind]), "middle")
    return image.finish()
  }

  @Test(arguments: Packer.all)
  func everyPackerIsRead(packer: Packer) throws {
    let bytes = try Self.image(packer)
    let system = try open(bytes)
    let node = try PathWalk.resolve("/file", in: system).node
    #expect(try system.extents(of: node).count == 4)
    #expect(try contents("/file", in: bytes) == Self.text)
  }

  @Test(arguments: Packer.all)
  func aFileMayHaveTheFrontOfAnothersPiece(packer: Packer) throws {
    let bytes = try Self.image(packer)
    let text = Self.text
    #expect(try contents("/front", in: bytes) == Array(text[20000..<30001]))
    #expect(
      try contents("/middle", in: bytes)
        == Array(text[20000..<30000] + text[40960..<50000]))
  }

  /// `/file` in pieces of two algorithms by turns.
  static func twoAlgorithms() throws -> [UInt8] {
    var image = MadeImage(
      features: features | 8,
      settings: [Packer.lzma, Packer.deflate].map { ($0.number, $0.settings) })
    var pieces: [MadeImage.Piece] = []
    for (index, start) in stride(from: 0, to: 60000, by: 15000).enumerated() {
      let isSecond = index % 2 == 1
      pieces.append(
        try piece(
          start..<start + 15000, isSecond ? .deflate : .lzma, kind: isSecond ? .second : .first,
          in: &image))
    }
    let header = MadeImage.header(advice: 6, algorithms: (1, 2))
    image.name(image.addPacked(size: 60000, header: header, pieces), "file")
    return image.finish()
  }

  @Test func aFileMayHaveTwoAlgorithms() throws {
    #expect(try contents("/file", in: Self.twoAlgorithms()) == Self.text)
  }

  /// `/file` with pieces that are not packed, turned or not.
  static func plainPieces(isInterlaced: Bool) throws -> [UInt8] {
    var image = MadeImage(features: features, settings: [(0, Packer.lz4.settings)])
    var pieces = [try piece(0..<5000, .lz4, in: &image)]
    for range in [5000..<9000, 9000..<12788] {
      var block = Array(text[range])
      if isInterlaced {
        block += [UInt8](repeating: 0, count: 4096 - block.count)
        let turned = range.lowerBound % 4096
        block = Array(block[(4096 - turned)...] + block[..<(4096 - turned)])
      }
      let (number, _) = image.addData(block)
      pieces.append(MadeImage.Piece(kind: .plain, start: range.lowerBound, block: number))
    }
    pieces.append(try piece(12788..<60000, .lz4, in: &image))
    let header = MadeImage.header(advice: isInterlaced ? 0x16 : 6)
    image.name(image.addPacked(size: 60000, header: header, pieces), "file")
    return image.finish()
  }

  @Test(arguments: [false, true])
  func whatIsNotPackedMayBeTurned(isInterlaced: Bool) throws {
    #expect(try contents("/file", in: Self.plainPieces(isInterlaced: isInterlaced)) == Self.text)
  }

  /// `/whole` is in the packed inode, and so is the end of `/end`; the packed inode is packed or
  /// not.
  static func fragments(isPacked: Bool) throws -> [UInt8] {
    var image = MadeImage(features: features | 0x20, settings: [(0, Packer.lz4.settings)])
    let plain = MadeImage.header(advice: 6)
    let packed: Int
    if isPacked {
      let pieces = [
        try piece(0..<30000, .lz4, in: &image), try piece(30000..<60000, .lz4, in: &image),
      ]
      packed = image.addPacked(size: 60000, header: plain, pieces)
    } else {
      let (block, _) = image.addData(text)
      packed = image.addInode(layout: 0, size: 60000, word: block)
    }
    let whole = MadeImage.header(fragmentOffset: 29000, advice: 0, clusterBits: 0x80)
    image.name(image.addInode(layout: 1, size: 2000, behind: whole), "whole")
    let first = try piece(0..<9000, .lz4, in: &image)
    let end = MadeImage.Piece(start: 9000, block: 0, blockCount: 0)
    image.name(
      image.addPacked(
        size: 21000, header: MadeImage.header(fragmentOffset: 25000, advice: 0x26), [first, end]),
      "end")
    return image.finish(packedInode: packed)
  }

  @Test(arguments: [true, false])
  func filesAndTheirEndsAreInThePackedInode(isPacked: Bool) throws {
    let bytes = try Self.fragments(isPacked: isPacked)
    let text = Self.text
    #expect(try contents("/whole", in: bytes) == Array(text[29000..<31000]))
    #expect(
      try contents("/end", in: bytes) == Array(text[..<9000] + text[25000..<37000]))
    let system = try open(bytes)
    let node = try PathWalk.resolve("/whole", in: system).node
    #expect(try system.extents(of: node).count == (isPacked ? 2 : 1))
  }

  /// `/file` with its last piece after the list.
  static func inlinePiece() throws -> [UInt8] {
    var image = MadeImage(
      features: features | 0x10, settings: [(2, Packer.deflate.settings)])
    let first = try piece(0..<20000, .deflate, in: &image)
    let tail = try BlockPacker.pack(Array(text[20000..<22000]), .deflate)
    let header = MadeImage.header(
      inlineByteCount: UInt16(tail.count), advice: 0xe, algorithms: (2, 2))
    image.name(
      image.addPacked(
        size: 22000, header: header, [first, MadeImage.Piece(start: 20000, blockCount: 0)],
        inline: tail), "file")
    return image.finish()
  }

  @Test func theLastPieceMayBeBehindTheList() throws {
    #expect(try contents("/file", in: Self.inlinePiece()) == Array(Self.text[..<22000]))
  }

  /// A header of 12 bytes, and words of four.
  @Test func attributesBehindAnInodeArePassedOver() throws {
    var image = MadeImage(features: 0)
    let attributes = [UInt8](repeating: 0xff, count: 12 + 2 * 4)
    let number = image.addInode(
      layout: 2, size: 4, attributeCount: 3, behind: attributes + Array("text".utf8))
    image.name(number, "file")
    #expect(try contents("/file", in: image.finish()) == Array("text".utf8))
  }

  @Test func longNamesAndLabelsAreRead() throws {
    var image = MadeImage(features: 0)
    let longest = ByteString([UInt8](repeating: 0x6d, count: 255))
    let (block, _) = image.addData(Array("text".utf8))
    image.name(image.addInode(layout: 0, size: 4, word: block), longest)
    let bytes = image.finish()
    let system = try open(bytes)
    #expect(system.label == "A name")
    #expect(system.uuid.isEmpty)
    #expect(try contents("/" + longest, in: bytes) == Array("text".utf8))
    let node = try PathWalk.resolve("/" + longest, in: system).node
    #expect(try system.attributes(of: node).modificationTime == 1_700_000_000)
  }
}
