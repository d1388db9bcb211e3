// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Btrfs

typealias System = BtrfsFileSystem<MemoryDevice>

/// A file system with a bit of everything, and what is in it.
enum Sample {
  /// 200,000 bytes of text that packs well.
  static let text: [UInt8] = Array(
    (0..<20_000).map { "line \($0 % 977)...\n" }.joined().utf8.prefix(200_000))

  static let zlibText = Result { try packed("zlib") }
  static let zstdText = Result { try packed("zstd") }

  /// The text as `/packed-zlib` and so on have it: two extents of 128 KiB, the second one not full.
  private static func packed(_ method: String) throws -> [[UInt8]] {
    try [text[..<131_072], text[131_072...]].map { part in
      let whole = Array(part) + [UInt8](repeating: 0, count: (4096 - part.count % 4096) % 4096)
      switch method {
      case "zlib":
        let program =
          "import sys,zlib;sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))"
        return try HostTool.output(["python3", "-c", program], input: whole)
      default: return try HostTool.output(["zstd", "-q", "-c"], input: whole)
      }
    }
  }

  /// LZO1X blocks of btrfs of nothing but literal bytes, one for each sector.
  static func lzo(_ bytes: [UInt8], sectorByteCount: Int = 4096) -> [UInt8] {
    var result: [UInt8] = [0, 0, 0, 0]
    for start in stride(from: 0, to: bytes.count, by: sectorByteCount) {
      let part = bytes[start..<min(start + sectorByteCount, bytes.count)]
      var block: [UInt8] = [0]
      var rest = part.count - 18
      while rest > 255 {
        block.append(0)
        rest -= 255
      }
      block += [UInt8(rest)] + part + [0x11, 0, 0]
      let left = sectorByteCount - result.count % sectorByteCount
      if left < 4 { result += [UInt8](repeating: 0, count: left) }
      result += little(UInt32(block.count)) + block
    }
    result.replaceSubrange(0..<4, with: little(UInt32(result.count)))
    return result
  }

  static func builder() throws -> ImageBuilder {
    var builder = ImageBuilder()
    builder.addDirectory("boot", inode: 257)
    builder.addFile("grub.cfg", inode: 258, in: 257, [.inline(Array("top level\n".utf8))])
    builder.addFile("kernel", inode: 259, in: 257, [.stored(Array(text[..<150_000]))])
    builder.addFile(
      "sparse", inode: 260,
      [
        .stored(Array("start".utf8) + [UInt8](repeating: 0, count: 4091)), .hole(8192),
        .allocated(4096), .nothing(12288), .stored(Array("end".utf8)),
      ])
    builder.addSymbolicLink("link", to: "boot/kernel", inode: 261)
    builder.addSymbolicLink("absolute", to: "/boot/grub.cfg", inode: 262)
    try addPacked(to: &builder)
    builder.addDirectory("many", inode: 280)
    for index in 0..<200 {
      builder.addFile(
        "an-entry-with-quite-a-long-name-\(index)", inode: 1000 + UInt64(index), in: 280, [])
    }
    // As openSUSE has it: the default subvolume is a snapshot inside of `@`.
    builder.addSubvolume("@", 256)
    builder.addDirectory("snapshots", inode: 257, tree: 256)
    builder.addSubvolume("1", 257, in: 257, tree: 256)
    builder.addDirectory("boot", inode: 257, tree: 257)
    builder.addFile("vmlinuz", inode: 258, in: 257, tree: 257, [.inline(Array("kernel".utf8))])
    builder.addFile("grub.cfg", inode: 259, in: 257, tree: 257, [.inline(Array("hidden".utf8))])
    builder.addFile("only-default", inode: 260, tree: 257, [.inline(Array("default\n".utf8))])
    builder.setDefault(257)
    return builder
  }

  private static func addPacked(to builder: inout ImageBuilder) throws {
    let rest = text.count - 131_072
    let decoded = (rest + 4095) / 4096 * 4096
    for (code, inode, name, parts) in [
      (1 as UInt8, 263 as UInt64, "zlib", try zlibText.get()),
      (2, 264, "lzo", [lzo(Array(text[..<131_072])), lzo(Array(text[131_072...]))]),
      (3, 265, "zstd", try zstdText.get()),
    ] {
      builder.addFile(
        "packed-\(name)", inode: inode,
        [
          .packed(code, parts[0], decoded: 131_072, part: 0..<131_072),
          .packed(code, parts[1], decoded: decoded, part: 0..<rest),
        ])
    }
    // What is left of an extent whose front another file wrote over.
    builder.addFile(
      "packed-part", inode: 266,
      [
        .stored(Array(text[..<8192])),
        .packed(1, try zlibText.get()[0], decoded: 131_072, part: 8192..<131_072),
      ])
    builder.addFile(
      "packed-inline", inode: 267, [.packedInline(2, lzo(Array(text[..<1000])), decoded: 1000)])
  }

  static func volume(_ bytes: [UInt8]) -> Volume<MemoryDevice> {
    Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))
  }

  static func open(_ bytes: [UInt8]) throws -> System { try System.open(volume(bytes)) }

  static func contents(_ path: ByteString, in system: System) throws -> [UInt8] {
    try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
  }

  /// The error of opening an image and reading a path.
  static func error(_ bytes: [UInt8], at path: ByteString = "/boot/kernel") -> BtrfsError? {
    do {
      let system = try open(bytes)
      let target = try PathWalk.resolve(path, in: system)
      if target.attributes.kind == .directory {
        _ = try system.entries(of: target.node)
      } else {
        _ = try system.extents(of: target.node)
      }
      return nil
    } catch let error as BtrfsError {
      return error
    } catch let error as FileError<BtrfsError> {
      if case .reader(let error) = error { return error }
      return nil
    } catch { return nil }
  }
}
