// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import Btrfs

/// What the builder makes: our reader, `btrfs restore` and GRUB agree on it.
struct SampleTests {
  static let files: [(path: ByteString, count: Int)] = [
    ("/boot/kernel", 150_000), ("/packed-zlib", 200_000), ("/packed-lzo", 200_000),
    ("/packed-zstd", 200_000), ("/packed-part", 131_072), ("/packed-inline", 1000),
    ("/link", 150_000),
  ]

  /// Chunk type, devices.
  static let profiles: [(UInt64, Int)] = [
    (0, 1), (0x20, 1), (0x10, 2), (0x200, 3), (0x400, 4), (0x8, 1), (0x8, 3), (0x40, 4),
    (0x80, 2), (0x80, 3), (0x100, 3), (0x100, 4),
  ]

  @Test(arguments: profiles)
  func readsEveryProfile(profile: UInt64, deviceCount: Int) throws {
    var builder = try Sample.builder()
    (builder.profile, builder.deviceCount) = (profile, deviceCount)
    let devices = builder.build()
    let system = try #require(try Self.join(devices))
    for file in Self.files {
      #expect(
        try Sample.contents(file.path, in: system) == Array(Sample.text[..<file.count]),
        "\(file.path)")
    }
    var sparse = [UInt8](repeating: 0, count: 28675)
    sparse.replaceSubrange(0..<5, with: Array("start".utf8))
    sparse.replaceSubrange(28672..<28675, with: Array("end".utf8))
    #expect(try Sample.contents("/sparse", in: system) == sparse)
    #expect(system.deviceCount == UInt64(deviceCount))
    #expect(system.members.count == deviceCount)
    #expect(system.remark == nil)
  }

  @Test(arguments: [ChecksumType.crc32c, .xxHash64, .sha256, .blake2b], [4096, 16384, 65536])
  func readsEveryChecksumAndNodeSize(checksum: ChecksumType, nodeByteCount: Int) throws {
    var builder = try Sample.builder()
    (builder.checksum, builder.nodeByteCount) = (checksum, nodeByteCount)
    let system = try Sample.open(builder.image())
    #expect(try Sample.contents("/boot/grub.cfg", in: system) == Array("top level\n".utf8))
    #expect(try system.entries(of: system.lookUp("many", in: system.root())!).count == 200)
  }

  @Test func btrfsRestoreAgrees() throws {
    var builder = try Sample.builder()
    let folder = try Folder()
    let image = try folder.write("image", builder.image())
    try FileManager.default.createDirectory(
      atPath: folder.path + "/tree", withIntermediateDirectories: true)
    _ = try HostTool.output(
      ["btrfs", "restore", "-S", "-s", "-i", image, folder.path + "/tree"], keepingErrors: true)
    for file in Self.files where file.path != "/link" {
      let restored = try Data(
        contentsOf: URL(fileURLWithPath: folder.path + "/tree" + file.path.text))
      #expect([UInt8](restored) == Array(Sample.text[..<file.count]), "\(file.path)")
    }
    let nested = folder.path + "/tree/@/snapshots/1/boot/vmlinuz"
    #expect(try String(contentsOfFile: nested, encoding: .utf8) == "kernel")
  }

  @Test(arguments: [(0, 1), (0x10, 2), (0x8, 3), (0x40, 4), (0x80, 3), (0x100, 4)])
  func grubAgrees(profile: UInt64, deviceCount: Int) throws {
    var builder = try Sample.builder()
    (builder.profile, builder.deviceCount) = (profile, deviceCount)
    let folder = try Folder()
    var command = ["grub-fstest", "-c", "\(deviceCount)"]
    for (index, device) in builder.build().enumerated() {
      command.append(try folder.write("image\(index)", device))
    }
    for file in Self.files {
      #expect(
        try HostTool.output(command + ["cat", "(loop0)\(file.path.text)"])
          == Array(Sample.text[..<file.count]), "\(file.path)")
    }
    // GRUB knows the top-level subvolume alone.
    #expect(
      try HostTool.output(command + ["cat", "(loop0)/@/snapshots/1/boot/vmlinuz"])
        == Array("kernel".utf8))
    #expect(try HostTool.run(command + ["cat", "(loop0)/only-default"]).status != 0)
    #expect(
      try HostTool.output(command + ["cat", "(loop0)/absolute"]) == Array("top level\n".utf8))
  }

  /// The file system on `devices`, one after the other; nil in place of those that are not here.
  static func join(_ devices: [[UInt8]?]) throws -> System? {
    let here = devices.compactMap { $0 }
    return try System.probe(
      Sample.volume(here.flatMap { $0 }), partByteCounts: here.map { UInt64($0.count) })
  }
}

/// A directory of the host that goes with the value.
final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
}
