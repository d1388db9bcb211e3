// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import XFS

struct OracleTests {
  @Test(arguments: ImageMatrix.chosen)
  func readsWhatWentInWhereXfsDbHasIt(row: [String]) throws {
    let image = try TestImage("xfs", arguments: row)
    let system = try XFSFileSystem.open(Volume(whole: CachedDevice(try image.device())))
    let walk = Comparison(system, tree: image.path + ".tree", judge: Judge(path: image.path))
    try walk.compareAll()
    #expect(walk.nodeCount > 15)
    #expect(system.log == .clean)
    #expect(system.remark == nil)
    // A directory's blocks between blocks of data, and a file in many groups.
    let tree: ByteString? =
      switch row[0] {
      case "many-1200", "many-9000": "/many"
      case "pieces-200": "/pieces"
      default: nil
      }
    if let tree {
      let node = try PathWalk.resolve(tree, in: system).node
      #expect(try system.inode(node.inode).format == .tree)
    }
  }

  @Test func theMatrixIsLarge() {
    #expect(ImageMatrix.all.count >= 24)
    #expect(Set(ImageMatrix.all).count == ImageMatrix.all.count)
    #expect(ImageMatrix.chosen.count >= 8)
  }

  @Test func hasTheIdentifierOfBlkid() throws {
    let image = try TestImage(
      "xfs", "small", "24M", "-m", "uuid=01234567-89ab-cdef-0123-456789abcdef")
    let system = try XFSFileSystem.open(Volume(whole: try image.device()))
    for (name, value) in [("LABEL", system.label), ("UUID", system.uuid)] {
      let output = try HostTool.output(["blkid", "-p", "-o", "value", "-s", name, image.path])
      #expect(ByteString(output).trimmed == value)
    }
    #expect(system.uuid == "01234567-89ab-cdef-0123-456789abcdef")
    #expect(system.label == "test-label")
  }

  @Test func agreesWithGrub() throws {
    let image = try TestImage("xfs", "tree", "24M", "-m", "crc=0", "-i", "size=512")
    let system = try XFSFileSystem.open(Volume(whole: try image.device()))
    for path: ByteString in ["/absolute", "/boot/vmlinuz", "/dir/MixedCase.Txt"] {
      let ours = try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
      let theirs = try HostTool.output(
        ["grub-fstest", image.path, "cat", "(loop0)\(path.text)"])
      #expect(ours == theirs)
    }
  }

  /// An image of one's own: `PVGRUB_XFS=IMAGE:DIRECTORY`, the directory a copy, or where it is
  /// mounted for reading.
  @Test func readsAnImageThatYouHave() throws {
    guard let given = ProcessInfo.processInfo.environment["PVGRUB_XFS"] else { return }
    let parts = given.split(separator: ":").map { String($0) }
    try #require(parts.count == 2)
    let device = CachedDevice(try #require(FileDevice(path: parts[0])))
    let system = try XFSFileSystem.open(Volume(whole: device))
    try Comparison(system, tree: parts[1], judge: Judge(path: parts[0])).compareAll()
  }
}
