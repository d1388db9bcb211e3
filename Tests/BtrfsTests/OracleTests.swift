// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Btrfs
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

/// Reads what mkfs.btrfs made, and compares it with what it was made of.
struct OracleTests {
  /// How many entries the large directory has, then options of mkfs.btrfs.
  static let matrix: [[String]] = [
    ["300", "-n", "4096"],
    ["300", "-n", "16384", "--csum", "xxhash"],
    ["300", "-n", "32768", "--csum", "sha256"],
    ["300", "-n", "65536", "--csum", "blake2"],
    ["300", "-n", "4096", "-M"],
    ["300", "-O", "^no-holes,^extref,^skinny-metadata", "-R", "^free-space-tree"],
    ["300", "-n", "65536", "-s", "65536"],
    ["300", "-m", "dup", "-d", "dup", "-R", "quota"],
    ["300", "-m", "single", "-n", "8192"],
    ["300", "--tune"],
    // A tree of three levels, and long ones.
    ["5000", "-n", "4096"],
    ["20000", "-n", "4096", "--csum", "xxhash"],
    ["20000", "-n", "4096", "-M"],
    ["50000", "-n", "65536"],
  ]

  /// Without `IMAGES=all` the quick ones.
  static let chosen =
    ProcessInfo.processInfo.environment["IMAGES"] == "all"
    ? matrix : matrix.filter { $0[0] == "300" }

  @Test(arguments: chosen)
  func readsWhatMkfsWrote(row: [String]) throws {
    let image = try TestImage("btrfs", arguments: row)
    let system = try BtrfsFileSystem.open(Volume(whole: CachedDevice(try image.device())))
    #expect(system.label == "test-label")
    #expect(
      system.uuid
        == (row.contains("--tune")
          ? "fedcba98-7654-3210-fedc-ba9876543210" : "01234567-89ab-cdef-0123-456789abcdef"))
    #expect(system.remark == nil)
    let walk = TreeComparison(system, image.path + ".tree")
    try walk.compareAll()
    #expect(walk.nodeCount > 300)
  }

  /// File systems that you have, a kernel's for instance: `PVGRUB_BTRFS` is a list, separated by
  /// commas, of the devices of each with `+` between, and `=` and where a copy of its files is.
  @Test func readsWhatIsHere() throws {
    let list = ProcessInfo.processInfo.environment["PVGRUB_BTRFS"] ?? ""
    for entry in list.split(separator: ",") {
      let parts = entry.split(separator: "=")
      let devices = try parts[0].split(separator: "+").map {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: String($0))))
      }
      let system = try #require(try SampleTests.join(devices))
      let walk = TreeComparison(system, String(parts[1]))
      try walk.compareAll()
      print("\(parts[0]): \(walk.nodeCount) nodes, \(system.remark?.text ?? "no remark")")
    }
  }
}

/// Compares a file system with a directory of the host.
final class TreeComparison<Device: BlockDevice> {
  private let system: BtrfsFileSystem<Device>
  private let tree: String
  private(set) var nodeCount = 0

  init(_ system: BtrfsFileSystem<Device>, _ tree: String) {
    self.system = system
    self.tree = tree
  }

  func compareAll(from path: String = "") throws {
    var pending = [path]
    while let path = pending.popLast() {
      let node = try PathWalk.resolve(
        ByteString(path + "/"), in: system, followingLastLink: false
      ).node
      let entries = try system.entries(of: node)
      let expected = try FileManager.default.contentsOfDirectory(atPath: tree + path)
      #expect(entries.map { $0.name }.sorted() == expected.map { ByteString($0) }.sorted())
      #expect(try system.lookUp("no such name", in: node) == nil)
      #expect(try system.lookUp(".", in: node) == node)
      for entry in entries {
        nodeCount += 1
        #expect(try system.lookUp(entry.name, in: node) == entry.node)
        let kind = try compare(entry.node, path + "/" + entry.name.text)
        if kind == .directory {
          #expect(try system.lookUp("..", in: entry.node) == node)
          pending.append(path + "/" + entry.name.text)
        }
      }
    }
  }

  private func compare(_ node: BtrfsNode, _ path: String) throws -> NodeKind {
    let attributes = try system.attributes(of: node)
    var status = stat()
    #expect(lstat(tree + path, &status) == 0)
    let kind: NodeKind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .special
      }
    #expect(attributes.kind == kind, "\(path)")
    #expect(attributes.mode == UInt16(status.st_mode & 0xfff), "\(path)")
    #expect(attributes.modificationTime == Int64(status.st_mtim.tv_sec), "\(path)")
    switch kind {
    case .file:
      #expect(attributes.byteCount == UInt64(status.st_size), "\(path)")
      guard status.st_size <= 16 << 20 else {
        let sum = try system.extents(of: node).reduce(0) { $0 + $1.byteCount }
        #expect(sum == UInt64(status.st_size), "\(path)")
        break
      }
      let ours = try FileContents.readAll(
        ByteString(path), in: system, on: system.volume, limit: 16 << 20)
      let theirs = try Data(contentsOf: URL(fileURLWithPath: tree + path))
      #expect(Data(ours) == theirs, "\(path)")
    case .symbolicLink:
      // Foundation's own call cuts long targets off.
      var target = [CChar](repeating: 0, count: 4096)
      let count = readlink(tree + path, &target, target.count)
      let bytes = target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
      #expect(try system.linkTarget(of: node) == ByteString(bytes))
    case .directory, .special: break
    }
    return kind
  }
}
