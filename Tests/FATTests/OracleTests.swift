// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FAT
import FileSystem
import Foundation
import TestSupport
import Testing

/// Walks images with our reader and compares with what mtools copies out of them: names, times,
/// sizes and every byte.
struct OracleTests {
  typealias System = FATFileSystem<CachedDevice<FileDevice>>

  struct File: Equatable {
    var isDirectory: Bool
    var modificationTime: Int64
    var contents: Data
  }

  @Test(arguments: [
    "fat12", "fat12-clusters", "fat16", "fat16-one-table", "fat32", "fat32-clusters", "fat32-4k",
    "atari",
  ])
  func readsWhatMtoolsReads(variant: String) throws {
    let image = try TestImage("fat", variant)
    let system = try System.open(Volume(whole: CachedDevice(try image.device())))
    let ours = try walk(system)
    let theirs = try copies(of: image)
    #expect(Set(ours.keys) == Set(theirs.keys))
    for (path, file) in ours { #expect(file == theirs[path], "\(path)") }
    #expect(ours.count > 20)
  }

  @Test(arguments: [("fat12", "fat12"), ("fat16", "fat16"), ("fat32-4k", "fat32")])
  func hasTheLabelAndTheIdentifierThatBlkidPrints(variant: String, kind: ByteString) throws {
    let image = try TestImage("fat", variant)
    let system = try System.open(Volume(whole: CachedDevice(try image.device())))
    #expect(system.formatName == kind)
    let label = try output("/usr/sbin/blkid", ["-p", "-o", "value", "-s", "LABEL", image.path])
    let uuid = try output("/usr/sbin/blkid", ["-p", "-o", "value", "-s", "UUID", image.path])
    #expect(system.label == ByteString(label).trimmed)
    #expect(system.uuid == ByteString(uuid).trimmed)
  }

  @Test(arguments: ["fat12-clusters", "fat16", "fat32"])
  func piecesAreMergedToRuns(variant: String) throws {
    let image = try TestImage("fat", variant)
    let system = try System.open(Volume(whole: CachedDevice(try image.device())))
    let pieces = try system.extents(of: PathWalk.resolve("/pieces", in: system).node)
    #expect(pieces.count > 5)
    let kernel = try PathWalk.resolve("/boot/vmlinuz-6.1.0-13-amd64", in: system)
    #expect(try system.extents(of: kernel.node).count == 1)
  }

  @Test func namesAreFoundInAnyCaseAndByTheirShortForm() throws {
    let image = try TestImage("fat", "fat16")
    let system = try System.open(Volume(whole: CachedDevice(try image.device())))
    for path: ByteString in [
      "/boot/vmlinuz-6.1.0-13-amd64", "/BOOT/Vmlinuz-6.1.0-13-AMD64", "/boot/vmlinu~1.0-1",
      "/efi/../boot/./VMLINU~1.0-1",
    ] {
      #expect(try PathWalk.resolve(path, in: system).attributes.byteCount == 100_001)
    }
    #expect(try PathWalk.resolve("/Deep/GRÖßE — 漢字.txt", in: system).attributes.byteCount == 5)
    let directory = try PathWalk.resolve("/deep/with/some", in: system).node
    let parent = try #require(try system.lookUp("..", in: directory))
    let above = try PathWalk.resolve("/deep/with", in: system).node
    #expect(parent.firstCluster == above.firstCluster)
    let top = try #require(try system.lookUp("..", in: PathWalk.resolve("/deep", in: system).node))
    #expect(top == (try system.root()))
  }

  private func walk(_ system: System) throws -> [String: File] {
    var result: [String: File] = [:]
    var pending = [(path: "", node: try system.root())]
    while let (path, node) = pending.popLast() {
      let attributes = try system.attributes(of: node)
      if attributes.kind == .directory {
        for entry in try system.entries(of: node) {
          pending.append((path + "/" + entry.name.text, entry.node))
        }
      }
      if path.isEmpty { continue }
      var file = File(
        isDirectory: attributes.kind == .directory, modificationTime: 0, contents: Data())
      if !file.isDirectory {
        file.modificationTime = attributes.modificationTime
        file.contents = Data(
          try FileContents.readAll(
            ByteString(path), in: system, on: system.volume, limit: 1 << 20))
      }
      result[path] = file
    }
    return result
  }

  private func copies(of image: TestImage) throws -> [String: File] {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    _ = try output("/usr/bin/mcopy", ["-s", "-m", "-n", "-i", image.path, "::*", directory.path])
    var result: [String: File] = [:]
    let found = FileManager.default.enumerator(atPath: directory.path)
    while let path = found?.nextObject() as? String {
      let url = directory.appendingPathComponent(path)
      var status = stat()
      guard stat(url.path, &status) == 0 else { continue }
      var file = File(
        isDirectory: status.st_mode & S_IFMT == S_IFDIR, modificationTime: 0, contents: Data())
      if !file.isDirectory {
        file.modificationTime = Int64(status.st_mtim.tv_sec)
        file.contents = try Data(contentsOf: url)
      }
      result["/" + path] = file
    }
    return result
  }

  private func output(_ program: String, _ arguments: [String]) throws -> [UInt8] {
    try HostTool.output([program] + arguments, environment: ["MTOOLS_SKIP_CHECK": "1"])
  }
}
