// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Ext4
import FileSystem
import Glibc
import TestSupport
import Testing

/// Walks images with our reader and with libext2fs: the same names in the same order, the same
/// attributes, link targets and bytes.
struct OracleTests {
  @Test(arguments: [
    "ext4-revision0", "ext4-ext2-1k", "ext4-ext3", "ext4-default", "ext4-gdt-csum",
    "ext4-meta-bg", "ext4-inline-data", "ext4-64k", "ext4-bigalloc", "ext4-fragmented",
    "ext4-htree",
  ])
  func readsWhatLibext2fsReads(recipe: String) throws {
    let image = try TestImage(recipe)
    let device = CachedDevice(try image.device())
    let walk = Comparison(
      ours: try Ext4FileSystem.open(Volume(whole: device)), oracle: try Oracle(path: image.path))
    try walk.compareAll()
    #expect(walk.nodeCount > 20)
  }

  @Test(arguments: ImageMatrix.chosen)
  func agreesOnTheMatrix(row: [String]) throws {
    let image = try TestImage("ext4-matrix", arguments: row)
    let device = CachedDevice(try image.device())
    let walk = Comparison(
      ours: try Ext4FileSystem.open(Volume(whole: device)), oracle: try Oracle(path: image.path))
    try walk.compareAll()
    #expect(walk.nodeCount > 2)
  }

  @Test func theMatrixIsLarge() {
    #expect(ImageMatrix.all.count >= 75)
    #expect(Set(ImageMatrix.all).count == ImageMatrix.all.count)
  }
}

/// One walk.
final class Comparison<Device: BlockDevice> {
  private let ours: Ext4FileSystem<Device>
  private let oracle: Oracle
  private(set) var nodeCount = 0
  private var seen: Set<UInt32> = []

  init(ours: Ext4FileSystem<Device>, oracle: Oracle) {
    self.ours = ours
    self.oracle = oracle
  }

  func compareAll() throws {
    var pending: [UInt32] = [2]
    while let inode = pending.popLast() {
      guard seen.insert(inode).inserted else { continue }
      let node = Ext4Node(inode: inode)
      let attributes = try compareAttributes(of: node)
      switch attributes.kind {
      case .directory: pending += try compareEntries(of: node)
      case .symbolicLink:
        let target = try ours.linkTarget(of: node).bytes
        #expect(target == (try oracle.linkTarget(of: inode)), "target of inode \(inode)")
      case .file: try compareContents(of: node, byteCount: attributes.byteCount)
      case .special: break
      }
    }
    nodeCount = seen.count
  }

  private func compareAttributes(of node: Ext4Node) throws -> NodeAttributes {
    let attributes = try ours.attributes(of: node)
    let expected = try oracle.attributes(of: node.inode)
    let kind: NodeKind =
      switch expected.mode & 0xf000 {
      case 0x8000: .file
      case 0x4000: .directory
      case 0xa000: .symbolicLink
      default: .special
      }
    #expect(attributes.kind == kind, "kind of inode \(node.inode)")
    #expect(attributes.mode == expected.mode & 0xfff, "mode of inode \(node.inode)")
    #expect(attributes.byteCount == expected.size, "size of inode \(node.inode)")
    #expect(attributes.modificationTime == expected.modificationTime, "inode \(node.inode)")
    return attributes
  }

  private func compareEntries(of node: Ext4Node) throws -> [UInt32] {
    let entries = try ours.entries(of: node)
    let expected = try oracle.entries(of: node.inode)
    let names = entries.map { $0.name.bytes }
    let expectedNames = expected.map { $0.name }
    #expect(names == expectedNames, "names of inode \(node.inode)")
    #expect(entries.map { $0.node.inode } == expected.map { $0.inode }, "inode \(node.inode)")
    // Every name of a small directory, and some of a large one.
    for entry in entries.enumerated() where entry.offset % (1 + entries.count / 100) == 0 {
      let found = try ours.lookUp(entry.element.name, in: node)
      #expect(found == entry.element.node)
    }
    #expect(try ours.lookUp("no such name", in: node) == nil)
    return expected.map { $0.inode }
  }

  private func compareContents(of node: Ext4Node, byteCount: UInt64) throws {
    let extents = try ours.extents(of: node)
    #expect(extents.reduce(0) { $0 + $1.byteCount } == byteCount, "inode \(node.inode)")
    // libext2fs gives all of i_block, whatever the size, and no zeros after it.
    var isInline = extents.isEmpty
    if case .inline = extents.first { isInline = true }
    var differences = 0
    var position: UInt64 = 0
    try oracle.readContents(of: node.inode, chunk: 1 << 20) { offset, piece in
      let count = isInline ? min(piece.count, Int(byteCount)) : piece.count
      if try !isSame(extents, from: offset, UnsafeRawBufferPointer(rebasing: piece[0..<count])) {
        differences += 1
      }
      position += UInt64(count)
    }
    #expect(isInline || position == byteCount, "contents of inode \(node.inode)")
    #expect(differences == 0, "contents of inode \(node.inode)")
  }

  /// Whether the file of `extents` has `piece` at `offset`.
  private func isSame(
    _ extents: [Extent], from offset: UInt64, _ piece: UnsafeRawBufferPointer
  ) throws -> Bool {
    var start: UInt64 = 0
    let end = offset + UInt64(piece.count)
    var compared = 0
    for extent in extents {
      let from = max(start, offset)
      let to = min(start + extent.byteCount, end)
      if from < to {
        let part = UnsafeRawBufferPointer(rebasing: piece[Int(from - offset)..<Int(to - offset)])
        let inside = Int(from - start)
        let ours: [UInt8]
        switch extent {
        case .run(let place, _):
          ours = try self.ours.volume.read(at: place + UInt64(inside), count: part.count)
        case .zeros: ours = [UInt8](repeating: 0, count: part.count)
        case .inline(let bytes): ours = Array(bytes[inside..<inside + part.count])
        case .encoded: return false
        }
        guard let theirs = part.baseAddress, memcmp(ours, theirs, part.count) == 0 else {
          return false
        }
        compared += part.count
      }
      start += extent.byteCount
    }
    return compared == piece.count
  }
}
