// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

@testable import XFS

/// A run of blocks of a file, to be written into a map.
struct Run {
  var fileBlock: UInt64
  var block: UInt64
  var count: UInt64
  var isUnwritten = false

  var words: (high: UInt64, low: UInt64) {
    (
      (isUnwritten ? 1 << 63 : 0) | fileBlock << 9 | block >> 43,
      block << 21 | count
    )
  }
}

/// A file whose map became a tree of three levels, made of the blocks of `/never-written`.
extension EditedImage {
  struct Tree {
    /// The number of the inode.
    let inode: UInt64
    /// Where inode, node and leaves are in the image.
    let offset: Int
    let node: Int
    let leaves: [Int]
    /// The contents that the file has by its new map.
    let contents: [UInt8]
  }

  /// Gives `/boot/vmlinuz`, whose blocks follow each other, a map of single blocks out of order,
  /// with holes and blocks never written, of that many records a leaf.
  mutating func makeTree(recordsPerLeaf: Int = 9) throws -> Tree {
    let path: ByteString = "/boot/vmlinuz"
    let number = try inode(path)
    let offset = try offset(path)
    let fork = try fork(path)
    let system = try open()
    let byteCount = Int(try system.inode(number).byteCount)
    let data = try self.offset(ofBlock: 0, in: path)
    let first = UInt64(data / 4096)
    var runs: [Run] = []
    var contents: [UInt8] = []
    let blockCount = UInt64(byteCount / 4096 + 1)
    for index in 0..<blockCount {
      let source = Int(index * 29 % blockCount)
      let isHole = index % 7 == 3
      let isUnwritten = index % 5 == 4
      let block = bytes[data + source * 4096..<data + source * 4096 + 4096]
      contents += isHole || isUnwritten ? ArraySlice(repeating: 0, count: 4096) : block
      if isHole { continue }
      runs.append(
        Run(
          fileBlock: index, block: first + UInt64(source), count: 1, isUnwritten: isUnwritten))
    }
    let room = try self.offset(ofBlock: 0, in: "/never-written")
    var leaves: [Int] = []
    var keys: [UInt64] = []
    for start in stride(from: 0, to: runs.count, by: recordsPerLeaf) {
      leaves.append(room + 4096 * leaves.count)
      keys.append(runs[start].fileBlock)
    }
    for (index, offset) in leaves.enumerated() {
      let start = recordsPerLeaf * index
      putLeaf(
        Array(runs[start..<min(start + recordsPerLeaf, runs.count)]), at: offset,
        right: index + 1 < leaves.count ? UInt64(offset / 4096 + 1) : .max, inode: number)
    }
    let node = room + 4096 * leaves.count
    putNode(keys, leaves.map { UInt64($0 / 4096) }, at: node, inode: number)
    // The root, of level 2, with one child.
    bytes[offset + 5] = 3
    putCount(UInt64(runs.count), at: offset)
    put(UInt16(2), at: fork)
    put(UInt16(1), at: fork + 2)
    put(UInt64(0), at: fork + 4)
    let forkByteCount = hasChecksums ? 336 : 412
    put(UInt64(node / 4096), at: fork + 4 + 8 * ((forkByteCount - 4) / 16))
    seal(.inode, at: offset)
    return Tree(
      inode: number, offset: offset, node: node, leaves: leaves,
      contents: Array(contents.prefix(byteCount)))
  }

  /// Puts the number of extents where the inode at `offset` has it.
  mutating func putCount(_ count: UInt64, at offset: Int) {
    if hasChecksums { put(count, at: offset + 24) } else { put(UInt32(count), at: offset + 76) }
  }

  private mutating func beginMap(_ offset: Int, level: UInt16, count: Int, inode: UInt64) {
    bytes.replaceSubrange(offset..<offset + 4096, with: [UInt8](repeating: 0, count: 4096))
    if hasChecksums {
      putHeader(.map, magic: 0x424d_4133, at: offset, inode: inode)
    } else {
      put(UInt32(0x424d_4150), at: offset)
    }
    put(level, at: offset + 4)
    put(UInt16(count), at: offset + 6)
    put(UInt64.max, at: offset + 8)
    put(UInt64.max, at: offset + 16)
  }

  private mutating func putLeaf(_ runs: [Run], at offset: Int, right: UInt64, inode: UInt64) {
    beginMap(offset, level: 0, count: runs.count, inode: inode)
    // xfs_db follows the leaves, this reader does not.
    put(right, at: offset + 16)
    for (index, run) in runs.enumerated() {
      put(run.words.high, at: offset + mapHeader + 16 * index)
      put(run.words.low, at: offset + mapHeader + 16 * index + 8)
    }
    seal(.map, at: offset)
  }

  private mutating func putNode(
    _ keys: [UInt64], _ children: [UInt64], at offset: Int, inode: UInt64
  ) {
    beginMap(offset, level: 1, count: keys.count, inode: inode)
    let room = (4096 - mapHeader) / 16
    for (index, key) in keys.enumerated() {
      put(key, at: offset + mapHeader + 8 * index)
      put(children[index], at: offset + mapHeader + 8 * room + 8 * index)
    }
    seal(.map, at: offset)
  }

  /// Where records or keys begin.
  var mapHeader: Int { hasChecksums ? 72 : 24 }
}
