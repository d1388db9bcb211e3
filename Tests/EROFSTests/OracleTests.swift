// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import EROFS
import FileSystem
import Foundation
import TestSupport
import Testing

/// Walks images with our reader and compares with what erofs-utils take out of them: names, kinds,
/// modes, times, link targets and all bytes.
struct OracleTests {
  typealias System = EROFSFileSystem<CachedDevice<FileDevice>>

  @Test(arguments: [
    "", "-Eforce-inode-extended", "-Eforce-inode-compact --ignore-mtime", "-Enoinline_data",
    "--chunksize=4096 -Eforce-inode-blockmap", "--chunksize=65536 -Eforce-chunk-indexes",
    "-zlz4", "-zlz4hc,9 -C65536", "-zlz4 -C1048576", "-zlz4 -Elegacy-compress",
    "-zlz4 -Elegacy-compress -C16384", "-zlz4 -Eztailpacking", "-zlz4hc -C32768 -Eztailpacking",
    "-zlz4 -Elegacy-compress,ztailpacking", "-zlz4 --max-extent-bytes=32768",
  ])
  func readsWhatFsckReads(options: String) throws {
    let image = try self.image("all", options)
    let system = try open(image)
    let ours = try tree(system)
    #expect(ours.differences(from: try extracted(image)) == [])
    #expect(ours.files.count == 28)
    #expect(system.formatName == "erofs")
    #expect(system.uuid == "01234567-89ab-4cde-8f01-23456789abcd")
    #expect(system.label.isEmpty)
  }

  @Test(arguments: ["", "-zlz4hc -C65536"])
  func findsEveryNameOfALargeDirectory(options: String) throws {
    let image = try self.image("many", options)
    let system = try open(image)
    #expect(try tree(system).differences(from: try extracted(image)) == [])
    let many = try PathWalk.resolve("/many", in: system).node
    #expect(try system.entries(of: many).count == 2000)
    for number in stride(from: 1, through: 2000, by: 13) {
      let path: ByteString = "/many/an-entry-with-quite-a-long-name-\(number)"
      let bytes = try FileContents.readAll(path, in: system, on: system.volume, limit: 10)
      #expect(ByteString(bytes) == "\(number)")
    }
    for name: ByteString in [
      "", "a", "an-entry-with-quite-a-long-name-", "an-entry-with-quite-a-long-name-20000", "zzz",
    ] {
      #expect(try system.lookUp(name, in: many) == nil, "\(name.text)")
    }
  }

  @Test func aNameIsFoundInFewBlocks() throws {
    let device = FaultyDevice(try image("many", "").device())
    let system = try EROFSFileSystem.open(Volume(whole: device))
    let many = try PathWalk.resolve("/many", in: system).node
    let before = device.readCount
    #expect(try system.lookUp("an-entry-with-quite-a-long-name-999", in: many) != nil)
    let forOne = device.readCount - before
    #expect(try system.entries(of: many).count == 2000)
    #expect(device.readCount - before > 4 * forOne)
  }

  @Test(arguments: ["", "-zlz4 -Elegacy-compress", "-zlz4hc -C65536 -Eztailpacking"])
  func filesAreWhatWentIn(options: String) throws {
    let system = try open(try image("all", options))
    for (path, script) in [
      ("/vmlinuz", "seq 1 160000 | head -c 1000001"),
      ("/zeros", "seq 1 9999; head -c 3000000 /dev/zero; seq 1 9999"),
      ("/only-zeros", "head -c 262144 /dev/zero"), ("/empty", ":"), ("/one-byte.TXT", "printf x"),
      ("/one-byte-more", "seq 1 60000 | head -c 4097"),
      ("/absolute", "printf 'set timeout=3\\nmenuentry \"Debian\" { linux /boot/vmlinuz }\\n'"),
    ] {
      let bytes = try FileContents.readAll(
        ByteString(path), in: system, on: system.volume, limit: 4 << 20)
      #expect(try HostTool.output(["bash", "-c", script]) == bytes, "\(path)")
    }
    #expect(try PathWalk.resolve("/program", in: system).attributes.mode == 0o4751)
  }

  @Test func pointsAreFoundLikeOtherNames() throws {
    let system = try open(try image("all", ""))
    let root = try system.root()
    let boot = try #require(try system.lookUp("boot", in: root))
    let same = try #require(try system.lookUp(".", in: boot))
    #expect(same == boot)
    let grub = try #require(try system.lookUp("grub", in: same))
    #expect(try system.lookUp("..", in: grub) == boot)
    #expect(try system.lookUp("..", in: root) == root)
    #expect(try system.entries(of: grub).map { $0.name } == ["grub.cfg"])
  }

  @Test func aSmallPartOfALargeFileIsReadAlone() throws {
    let image = try self.image("all", "-zlz4 -C16384")
    let device = FaultyDevice(try image.device())
    let system = try EROFSFileSystem.open(Volume(whole: device))
    let node = try PathWalk.resolve("/boot/vmlinuz", in: system).node
    let extents = try system.extents(of: node)
    #expect(extents.count > 10)
    let before = device.readCount
    var reader = ExtentReader(system.volume)
    #expect(try reader.read(extents[7].split(at: 100).head).count == 100)
    #expect(device.readCount == before + 1)
  }

  /// File systems that you have, today's mkfs.erofs's for instance: `PVGRUB_EROFS` is a list,
  /// separated by commas, of images, each with `=` and where a copy of its files is.
  @Test func readsAnImageThatYouHave() throws {
    let list = ProcessInfo.processInfo.environment["PVGRUB_EROFS"] ?? ""
    for entry in list.split(separator: ",") {
      let parts = entry.split(separator: "=").map { String($0) }
      let device = try #require(FileDevice(path: parts[0]))
      let started = Date()
      do {
        let ours = try tree(try System.open(Volume(whole: CachedDevice(device))), limit: 64 << 20)
        #expect(ours.differences(from: try FileTree(directory: parts[1])) == [], "\(parts[0])")
        print("\(parts[0]): \(ours.files.count) files, \(Date().timeIntervalSince(started)) s")
      } catch {
        Issue.record("\(parts[0]): \(error)")
      }
    }
  }

  private func image(_ tree: String, _ options: String) throws -> TestImage {
    try TestImage(
      "erofs", arguments: [tree] + options.split(separator: " ").map { String($0) })
  }

  private func open(_ image: TestImage) throws -> System {
    try System.open(Volume(whole: CachedDevice(try image.device())))
  }

  /// With the permission bits that come out when an ordinary user takes files out.
  private func tree(_ system: System, limit: Int = 4 << 20) throws -> FileTree {
    var tree = try FileTree(system, on: system.volume, limit: limit)
    for (path, file) in tree.files { tree.files[path]?.mode = file.mode.map { $0 & 0o777 } }
    return tree
  }

  private func extracted(_ image: TestImage) throws -> FileTree {
    let directory = image.path + ".extracted"
    _ = try HostTool.output([
      "fsck.erofs", "--extract=\(directory)", "--preserve-perms", "--no-preserve-owner", image.path,
    ])
    return try FileTree(directory: directory)
  }
}
