// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import SquashFS
import TestSupport
import Testing

/// Walks images with our reader and compares with what squashfs-tools find: names, kinds, modes,
/// times, link targets and all bytes.
struct OracleTests {
  typealias System = SquashFSFileSystem<CachedDevice<FileDevice>>

  @Test(arguments: [
    "-comp gzip", "-comp lzma", "-comp lzo", "-comp xz -Xbcj x86", "-comp lz4", "-comp zstd",
    "-comp gzip -b 4K", "-comp lz4 -Xhc -b 1M", "-comp zstd -b 16K -no-fragments",
    "-comp xz -b 1M -Xdict-size 100%", "-comp gzip -always-use-fragments",
    "-noI -noD -noF -no-exports", "-comp lzo -noD -b 8K", "-comp zstd -noF",
  ])
  func readsWhatUnsquashfsReads(options: String) throws {
    let image = try self.image("all", options)
    let system = try open(image)
    let ours = try FileTree(system, on: system.volume)
    #expect(ours.differences(from: try FileTree(unsquashfs: image.path)) == [])
    #expect(ours.files.count == 28)
    #expect(system.formatName == "squashfs")
    #expect(system.label.isEmpty && system.uuid.isEmpty)
  }

  @Test(arguments: ["-comp gzip", "-comp lzo -noI -b 4K"])
  func findsEveryNameOfALargeDirectory(options: String) throws {
    let image = try self.image("many", options)
    let system = try open(image)
    let ours = try FileTree(system, on: system.volume)
    #expect(ours.differences(from: try FileTree(unsquashfs: image.path)) == [])
    let many = try PathWalk.resolve("/many", in: system).node
    #expect(try system.entries(of: many).count == 3000)
    for number in stride(from: 1, through: 3000, by: 17) {
      let path: ByteString = "/many/an-entry-with-quite-a-long-name-\(number)"
      let bytes = try FileContents.readAll(path, in: system, on: system.volume, limit: 10)
      #expect(ByteString(bytes) == "\(number)")
    }
    for name: ByteString in [
      "", "a", "an-entry-with-quite-a-long-name-", "an-entry-with-quite-a-long-name-30000", "zzz",
    ] {
      #expect(try system.lookUp(name, in: many) == nil, "\(name.text)")
    }
  }

  /// The index leads to the last piece of the directory, so that not all of it is unpacked.
  @Test func theIndexOfALargeDirectoryIsUsed() throws {
    let image = try self.image("many", "-comp gzip -noI")
    let device = FaultyDevice(try image.device())
    let system = try SquashFSFileSystem.open(Volume(whole: device))
    let many = try PathWalk.resolve("/many", in: system).node
    let before = device.readCount
    #expect(try system.lookUp("an-entry-with-quite-a-long-name-999", in: many) != nil)
    let forOne = device.readCount - before
    #expect(try system.entries(of: many).count == 3000)
    #expect(device.readCount - before > 4 * forOne)
  }

  @Test(arguments: ["-comp gzip", "-comp zstd -b 4K", "-noI -noD -noF"])
  func filesAreWhatWentIn(options: String) throws {
    let system = try open(try image("all", options))
    for (path, script) in [
      ("/vmlinuz", "seq 1 60000 | head -c 300001"),
      ("/holes", "seq 1 9999; head -c 300000 /dev/zero; seq 1 9999"),
      ("/only-holes", "head -c 262144 /dev/zero"), ("/empty", ":"), ("/one-byte.TXT", "printf x"),
      ("/absolute", "printf 'set timeout=3\\nmenuentry \"Debian\" { linux /boot/vmlinuz }\\n'"),
    ] {
      let bytes = try FileContents.readAll(
        ByteString(path), in: system, on: system.volume, limit: 1 << 20)
      #expect(try HostTool.output(["bash", "-c", script]) == bytes, "\(path)")
    }
  }

  @Test func holesAndWhatIsNotPackedAreNotUnpacked() throws {
    var system = try open(try image("all", "-comp gzip -noD -noF"))
    for path: ByteString in ["/vmlinuz", "/holes", "/one-byte.TXT", "/only-holes"] {
      let node = try PathWalk.resolve(path, in: system).node
      for extent in try system.extents(of: node) {
        if case .encoded = extent { Issue.record("\(path.text) is packed") }
      }
    }
    system = try open(try image("all", "-comp gzip"))
    let node = try PathWalk.resolve("/only-holes", in: system).node
    #expect(try system.extents(of: node) == [.zeros(byteCount: 262144)])
  }

  @Test func pointsAreFoundLikeOtherNames() throws {
    let system = try open(try image("all", "-comp gzip"))
    let root = try system.root()
    let boot = try #require(try system.lookUp("boot", in: root))
    let grub = try #require(try system.lookUp("grub", in: boot))
    let same = try #require(try system.lookUp(".", in: grub))
    #expect(try system.lookUp("grub.cfg", in: same) != nil)
    let up = try #require(try system.lookUp("..", in: grub))
    #expect(try system.lookUp("vmlinuz", in: up) != nil)
    let top = try #require(try system.lookUp("..", in: up))
    #expect(try system.lookUp("boot", in: top) != nil)
    let same2 = try #require(try system.lookUp("..", in: root))
    #expect(try system.lookUp("boot", in: same2) != nil)
  }

  private func image(_ tree: String, _ options: String) throws -> TestImage {
    try TestImage(
      "squashfs", arguments: [tree] + options.split(separator: " ").map { String($0) })
  }

  private func open(_ image: TestImage) throws -> System {
    try System.open(Volume(whole: CachedDevice(try image.device())))
  }
}
