// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import Testing
import XFS
import TestSupport

/// A walk of an image with our reader beside what went into it, and beside what xfs_db says of it:
/// the same names, kinds, modes, sizes, link targets and bytes, and the same extents.
final class Comparison<Device: BlockDevice> {
  private let system: XFSFileSystem<Device>
  private let tree: String
  private let judge: Judge?
  private(set) var nodeCount = 0

  /// `tree` is a directory of this machine; nil for `judge` if only that counts.
  init(_ system: XFSFileSystem<Device>, tree: String, judge: Judge?) {
    self.system = system
    self.tree = tree
    self.judge = judge
  }

  func compareAll() throws {
    var pending: [(path: String, node: XFSNode)] = [("", try system.root())]
    var files: [(path: String, node: XFSNode)] = []
    while let (path, node) = pending.popLast() {
      nodeCount += 1
      let attributes = try compareAttributes(path, node)
      switch attributes.kind {
      case .directory:
        files.append((path, node))
        pending += try compareEntries(path, node)
      case .symbolicLink:
        files.append((path, node))
        let expected = try FileManager.default.destinationOfSymbolicLink(atPath: tree + path)
        #expect(try system.linkTarget(of: node) == ByteString(expected), "\(path)")
      case .file:
        if attributes.byteCount > 0 { files.append((path, node)) }
        try compareContents(path, node, attributes.byteCount)
      case .special: break
      }
    }
    try judge?.compare(files, in: system)
  }

  private func compareAttributes(_ path: String, _ node: XFSNode) throws -> NodeAttributes {
    let attributes = try system.attributes(of: node)
    var status = stat()
    #expect(lstat(tree + path, &status) == 0, "\(path)")
    let kind: NodeKind =
      switch status.st_mode & 0xf000 {
      case 0x8000: .file
      case 0x4000: .directory
      case 0xa000: .symbolicLink
      default: .special
      }
    #expect(attributes.kind == kind, "kind of \(path)")
    #expect(attributes.mode == UInt16(status.st_mode & 0xfff), "mode of \(path)")
    if kind == .file || kind == .symbolicLink {
      #expect(attributes.byteCount == UInt64(status.st_size), "size of \(path)")
    }
    return attributes
  }

  private func compareEntries(
    _ path: String, _ node: XFSNode
  ) throws -> [(path: String, node: XFSNode)] {
    let entries = try system.entries(of: node)
    let names = entries.map { $0.name.text }
    let expected = try FileManager.default.contentsOfDirectory(atPath: tree + path)
    #expect(names.sorted() == expected.sorted(), "names of \(path)/")
    // Every name of a small directory, and some of a large one.
    for entry in entries.enumerated() where entry.offset % (1 + entries.count / 200) == 0 {
      #expect(try system.lookUp(entry.element.name, in: node) == entry.element.node)
    }
    #expect(try system.lookUp("no such name", in: node) == nil)
    #expect(try system.lookUp(".", in: node) == node)
    for entry in entries where try system.attributes(of: entry.node).kind == .directory {
      #expect(try system.lookUp("..", in: entry.node) == node)
    }
    return entries.map { ("\(path)/\($0.name.text)", $0.node) }
  }

  private func compareContents(_ path: String, _ node: XFSNode, _ byteCount: UInt64) throws {
    let extents = try system.extents(of: node)
    #expect(extents.reduce(0) { $0 + $1.byteCount } == byteCount, "extents of \(path)")
    let file = try #require(FileHandle(forReadingAtPath: tree + path))
    var reader = ExtentReader(system.volume)
    var isSame = true
    for extent in extents {
      var rest: Extent? = extent
      while let piece = rest, isSame {
        let (head, tail) = piece.split(at: 1 << 20)
        let expected = try file.read(upToCount: Int(head.byteCount)) ?? Data()
        isSame = try Data(reader.read(head)) == expected
        rest = tail
      }
    }
    #expect(isSame, "contents of \(path)")
  }
}
