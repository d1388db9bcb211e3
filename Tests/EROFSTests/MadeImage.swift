// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import EROFS
import FileSystem

/// Puts together images with what mkfs.erofs of today's distributions does not write: other
/// packers, fragments, shared and turned pieces. Linux mounts them.
struct MadeImage {
  typealias System = EROFSFileSystem<MemoryDevice>

  /// A piece of a packed file.
  struct Piece {
    enum Kind: UInt16 {
      case plain = 0
      case first = 1
      case second = 3
    }
    var kind = Kind.first
    /// Where it begins in the file.
    let start: Int
    /// The first block that it is stored in.
    var block: UInt32 = 0
    /// The number of blocks.
    var blockCount = 1
    var isPartial = false
  }

  static let blockByteCount = 4096
  /// The blocks of metadata, of which the first inode is in the first.
  private static let metadataBlock = 1
  private static let metadataBlockCount = 24

  /// Where the superblock is.
  static let superblock = 1024

  private(set) var bytes: [UInt8]
  /// Where the next inode may be, in bytes of the image. The packed one may not have the number 0.
  private var place = Self.metadataBlock * Self.blockByteCount + 64
  private var names: [(name: ByteString, number: Int, type: UInt8)] = []
  private var features: UInt32

  /// An image without files. `settings` are those of packers, by their numbers.
  init(features: UInt32, settings: [(algorithm: Int, bytes: [UInt8])] = []) {
    self.features = features
    let blockCount = Self.metadataBlock + Self.metadataBlockCount
    bytes = [UInt8](repeating: 0, count: blockCount * Self.blockByteCount)
    var offset = Self.superblock + 128
    var algorithms: UInt16 = 0
    for (algorithm, setting) in settings {
      algorithms |= 1 << UInt16(algorithm)
      offset = (offset + 3) / 4 * 4
      put(UInt16(setting.count), at: offset)
      bytes.replaceSubrange(offset + 2..<offset + 2 + setting.count, with: setting)
      offset += 2 + setting.count
    }
    put(0xe0f5_e1e2 as UInt32, at: Self.superblock)
    put(12 as UInt8, at: Self.superblock + 12)
    put(1_600_000_000 as UInt64, at: Self.superblock + 24)
    put(UInt32(Self.metadataBlock), at: Self.superblock + 40)
    bytes.replaceSubrange(Self.superblock + 64..<Self.superblock + 70, with: Array("A name".utf8))
    put(features, at: Self.superblock + 80)
    put(algorithms, at: Self.superblock + 84)
  }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) { raw in
      bytes.replaceSubrange(offset..<offset + raw.count, with: raw)
    }
  }

  /// Puts data into blocks of their own, at the end of these if zeros go in front. Gives the first
  /// one.
  @discardableResult
  mutating func addData(
    _ data: [UInt8], paddedInFront: Bool = false
  ) -> (block: UInt32, count: Int) {
    let block = bytes.count / Self.blockByteCount
    let count = (data.count + Self.blockByteCount - 1) / Self.blockByteCount
    let padding = [UInt8](repeating: 0, count: count * Self.blockByteCount - data.count)
    bytes += paddedInFront ? padding + data : data + padding
    return (UInt32(block), count)
  }

  /// Adds an inode of the extended form, with something after it, and gives its number. None
  /// crosses the end of a block that has room in one, nor does what is after it.
  mutating func addInode(
    mode: UInt16 = 0o100644, layout: UInt16, size: Int, word: UInt32 = 0,
    attributeCount: UInt16 = 0, behind: [UInt8] = []
  ) -> Int {
    let whole = 64 + behind.count
    place = (place + 31) / 32 * 32
    let left = Self.blockByteCount - place % Self.blockByteCount
    if left < whole, whole <= Self.blockByteCount { place += left }
    put(layout << 1 | 1, at: place)
    put(attributeCount, at: place + 2)
    put(mode, at: place + 4)
    put(UInt64(size), at: place + 8)
    put(word, at: place + 16)
    put(1_700_000_000 as UInt64, at: place + 32)
    put(1 as UInt32, at: place + 44)
    bytes.replaceSubrange(place + 64..<place + whole, with: behind)
    let number = (place - Self.metadataBlock * Self.blockByteCount) / 32
    place += whole
    precondition(place <= (Self.metadataBlock + Self.metadataBlockCount) * Self.blockByteCount)
    return number
  }

  /// Gives an inode a name in the root.
  mutating func name(_ number: Int, _ name: ByteString, type: UInt8 = 1) {
    names.append((name, number, type))
  }

  /// What stands in front of a list of clusters.
  static func header(
    fragmentOffset: UInt32 = 0, inlineByteCount: UInt16 = 0, advice: UInt16,
    algorithms: (UInt8, UInt8) = (0, 0), clusterBits: UInt8 = 0
  ) -> [UInt8] {
    let first = inlineByteCount > 0 ? UInt32(inlineByteCount) << 16 : fragmentOffset
    return word(first, 4) + word(UInt32(advice), 2) + [
      algorithms.0 | algorithms.1 << 4, clusterBits,
    ]
  }

  /// The list of full size, with eight bytes of nothing in front.
  static func list(size: Int, _ pieces: [Piece]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 8)
    let count = (size + blockByteCount - 1) / blockByteCount
    var last = -1
    for cluster in 0..<count {
      let range = cluster * blockByteCount..<(cluster + 1) * blockByteCount
      if let index = pieces.lastIndex(where: { range.contains($0.start) }) {
        let piece = pieces[index]
        result += word(UInt32(piece.kind.rawValue | (piece.isPartial ? 0x8000 : 0)), 2)
        result += word(UInt32(piece.start - range.lowerBound), 2) + word(piece.block, 4)
        last = cluster
        continue
      }
      let blocks = pieces.last { $0.start < range.lowerBound }?.blockCount ?? 1
      let distance = cluster - last
      let first = distance == 1 ? 0x800 | blocks : distance
      let next = pieces.first { $0.start >= range.upperBound }.map { $0.start / blockByteCount }
      result += word(2, 2) + word(0, 2) + word(UInt32(first), 2)
      result += word(UInt32((next ?? count) - cluster), 2)
    }
    return result
  }

  /// Adds a packed file whose list is of full size.
  mutating func addPacked(
    size: Int, header: [UInt8], _ pieces: [Piece], inline: [UInt8] = []
  ) -> Int {
    // Linux wants the number of blocks; a list begins at a multiple of eight.
    let blocks = pieces.reduce(0) { $0 + $1.blockCount }
    return addInode(
      layout: 1, size: size, word: UInt32(blocks),
      behind: header + Self.list(size: size, pieces) + inline)
  }

  /// Writes the root and makes the checksum right.
  mutating func finish(packedInode: Int = 0) -> [UInt8] {
    names += [(".", 0, 2), ("..", 0, 2)]
    names.sort { $0.name < $1.name }
    let texts = names.reduce(0) { $0 + $1.name.count }
    let size = 12 * names.count + texts
    let root = addInode(
      mode: 0o40755, layout: 2, size: size, behind: [UInt8](repeating: 0, count: size))
    let start = Self.metadataBlock * Self.blockByteCount + 32 * root + 64
    var text = 12 * names.count
    for (index, name) in names.enumerated() {
      let isPoint = name.name == "." || name.name == ".."
      put(UInt64(isPoint ? root : name.number), at: start + 12 * index)
      put(UInt16(text), at: start + 12 * index + 8)
      put(name.type, at: start + 12 * index + 10)
      bytes.replaceSubrange(
        start + text..<start + text + name.name.count, with: name.name.bytes)
      text += name.name.count
    }
    put(UInt16(root), at: Self.superblock + 14)
    put(UInt64(names.count), at: Self.superblock + 16)
    put(UInt64(packedInode), at: Self.superblock + 96)
    put(UInt32(bytes.count / Self.blockByteCount), at: Self.superblock + 36)
    seal()
    return bytes
  }

  /// Makes the checksum right.
  mutating func seal() { Self.seal(&bytes) }

  static func seal(_ bytes: inout [UInt8]) {
    func put(_ value: UInt32, at offset: Int) {
      bytes.replaceSubrange(offset..<offset + 4, with: word(value, 4))
    }
    put(1, at: superblock + 8)
    put(0, at: superblock + 4)
    put(CRC32.castagnoli.update(~0, Array(bytes[superblock..<4096])), at: superblock + 4)
  }

  private static func word(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }
}
