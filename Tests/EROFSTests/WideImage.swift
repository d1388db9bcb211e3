// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport

/// Pieces of images as mkfs.erofs has written them since 1.9: block numbers of 48 bits, lists of
/// extents, metadata in an inode of their own, further devices.
enum WideImage {
  /// The feature of block numbers of 48 bits, and that of packed metadata.
  static let wide: UInt32 = 0x80
  static let metabox: UInt32 = 0x100
  static let metaboxBit: UInt64 = 1 << 63

  /// A piece of a file in a list of extents.
  struct Piece {
    /// Where it begins in the file, and where it is stored, in bytes.
    var start: UInt64 = 0
    var place: UInt64
    var storedByteCount: UInt32
    /// The algorithm's number; nil if it is not packed.
    var algorithm: UInt32?
    var isPartial = false
  }

  /// A list with its header, as it follows an inode of 64 bytes that begins at a multiple of 32.
  /// `unit` is the size of a record; records of 4 and 8 bytes need pieces of `1 << shift` bytes.
  static func list(
    unit: Int, _ pieces: [Piece], advice: UInt16 = 0, shift: UInt8 = 12
  ) -> [UInt8] {
    let exponent: UInt16 = [4: 0, 8: 1, 16: 2, 32: 3][unit] ?? 0
    var result = bytes(unit > 8 ? UInt32(pieces.count) : 0)
    result += bytes(advice | 1 | exponent << 1)
    result += unit > 8 ? [0, 0] : [0, shift - 12]
    result += [UInt8](repeating: 0, count: (unit - (64 + 8) % unit) % unit)
    if unit == 4 { result += bytes(pieces[0].place) }
    for piece in pieces {
      var record = bytes(
        piece.storedByteCount | (piece.isPartial ? 1 << 27 : 0)
          | (piece.algorithm.map { $0 + 1 } ?? 0) << 28)
      record += bytes(piece.place) + bytes(piece.start)
      result += (record + [UInt8](repeating: 0, count: 32))[..<unit]
    }
    return result
  }

  static func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// The entries of a directory.
  static func directory(_ names: [(name: String, number: UInt64)]) -> [UInt8] {
    let names = names.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    var text = 12 * names.count
    var result: [UInt8] = []
    for (name, number) in names {
      result += bytes(number) + bytes(UInt16(text)) + [1, 0]
      text += name.utf8.count
    }
    return result + names.flatMap { Array($0.name.utf8) }
  }

  /// Inodes that are not on the volume but in the contents of another inode.
  struct Box {
    private(set) var bytes: [UInt8] = []

    /// Adds an inode of the extended form with something after it, which do not leave a block;
    /// gives its number.
    mutating func add(
      mode: UInt16 = 0o100644, layout: UInt16, size: Int, word: UInt32 = 0, behind: [UInt8] = []
    ) -> UInt64 {
      let whole = 64 + behind.count
      bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
      if bytes.count % 4096 + whole > 4096 {
        bytes += [UInt8](repeating: 0, count: 4096 - bytes.count % 4096)
      }
      let number = UInt64(bytes.count / 32)
      bytes += WideImage.bytes(layout << 1 | 1) + [0, 0] + WideImage.bytes(mode) + [0, 0]
      bytes += WideImage.bytes(UInt64(size)) + WideImage.bytes(word)
      bytes += [UInt8](repeating: 0, count: 44) + behind
      return number | WideImage.metaboxBit
    }
  }

  /// An image whose root and files are in packed metadata. `/list` is the text, `/tail` its first
  /// 2000 bytes packed behind the inode, `/chunks` two blocks and a hole, `/inline` a word.
  static func metabox(isPacked: Bool, pieceByteCount: Int = 1024) throws -> [UInt8] {
    let text = MadeImageTests.text
    var image = MadeImage(features: 0x11 | wide | metabox)
    var box = Box()
    // Number 0 is not used, so that a wrong bit shows.
    _ = box.add(layout: 0, size: 0)
    let (place, _) = image.addData(text)
    let list = WideImage.list(
      unit: 16, [Piece(place: UInt64(place) * 4096, storedByteCount: UInt32(text.count))])
    var names = [("list", box.add(layout: 1, size: text.count, behind: list))]
    let tail = try BlockPacker.pack(Array(text[..<2000]), .lz4)
    let header = MadeImage.header(inlineByteCount: UInt16(tail.count), advice: 8)
    let clusters = MadeImage.list(size: 2000, [MadeImage.Piece(start: 0)])
    names.append(("tail", box.add(layout: 1, size: 2000, behind: header + clusters + tail)))
    let table = bytes(place) + bytes(UInt32.max) + bytes(place + 2)
    names.append(("chunks", box.add(layout: 4, size: 10000, word: 0, behind: table)))
    names.append(("inline", box.add(layout: 2, size: 5, behind: Array("hello".utf8))))
    let root = UInt64(box.bytes.count + 31) / 32 | metaboxBit
    let entries = directory(names + [(".", root), ("..", root)])
    let rootSize = entries.count
    let added = box.add(mode: 0o40755, layout: 2, size: rootSize, behind: entries)
    let number = try add(box, isPacked: isPacked, pieceByteCount, to: &image)
    var result = image.finish()
    func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
      let bytes = bytes(value)
      result.replaceSubrange(
        MadeImage.superblock + offset..<MadeImage.superblock + offset + bytes.count, with: bytes)
    }
    put(1 as UInt8, at: 13)
    put(added, at: 112)
    put(UInt64(number), at: 128)
    MadeImage.seal(&result)
    return result
  }

  private static func add(
    _ box: Box, isPacked: Bool, _ pieceByteCount: Int, to image: inout MadeImage
  ) throws -> Int {
    if !isPacked {
      let (block, _) = image.addData(box.bytes)
      return image.addInode(layout: 0, size: box.bytes.count, word: block)
    }
    var pieces: [Piece] = []
    for start in stride(from: 0, to: box.bytes.count, by: pieceByteCount) {
      let part = Array(box.bytes[start..<min(start + pieceByteCount, box.bytes.count)])
      let packed = try BlockPacker.pack(part, .lz4)
      let (block, _) = image.addData(packed)
      pieces.append(
        Piece(
          start: UInt64(start), place: UInt64(block) * 4096,
          storedByteCount: UInt32(packed.count), algorithm: 0))
    }
    return image.addInode(layout: 1, size: box.bytes.count, behind: list(unit: 16, pieces))
  }

  /// An image with a table of further devices, each with its first block, its size and its tag.
  /// `/file` is four blocks in chunks, of which `chunks` tells device and block; `/run` is one
  /// block after the other from `run` on.
  static func devices(
    _ slots: [(first: UInt32, count: UInt32, tag: String)],
    chunks: [(device: UInt16, block: UInt32)], run: UInt32 = 2
  ) -> MadeImage {
    var image = MadeImage(features: 0x0c | wide)
    var table: [UInt8] = []
    for slot in slots {
      let tag = Array(slot.tag.utf8)
      table += tag + [UInt8](repeating: 0, count: 64 - tag.count)
      table += bytes(slot.count) + bytes(slot.first) + [UInt8](repeating: 0, count: 56)
    }
    let (block, _) = image.addData(table)
    image.put(UInt16(slots.count), at: MadeImage.superblock + 86)
    image.put(UInt16(block * 4096 / 128), at: MadeImage.superblock + 88)
    var indexes: [UInt8] = []
    for chunk in chunks { indexes += bytes(0 as UInt16) + bytes(chunk.device) + bytes(chunk.block) }
    let number = image.addInode(
      layout: 4, size: 4096 * chunks.count, word: 0x20, behind: indexes)
    image.name(number, "file")
    image.name(image.addInode(layout: 0, size: 8192, word: run), "run")
    return image
  }
}
