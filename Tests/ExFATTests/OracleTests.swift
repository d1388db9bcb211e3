// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import ExFAT
import FileSystem
import Foundation
import TestSupport
import Testing

/// Walks images with our reader and compares with the directory that they were made of, with
/// blkid, and with GRUB.
struct OracleTests {
  typealias System = ExFATFileSystem<CachedDevice<FileDevice>>

  /// Each is made once.
  private nonisolated(unsafe) static let images = Dictionary(
    uniqueKeysWithValues: (variants + ["made", "small"]).map { variant in
      (variant, Result { try TestImage("exfat", variant) })
    })

  static let variants = [
    "plain", "scattered", "clusters", "large-clusters", "4k", "two-tables",
  ]

  private func image(_ variant: String) throws -> TestImage {
    try #require(Self.images[variant]).get()
  }

  private func open(_ image: TestImage) throws -> System {
    try System.open(Volume(whole: CachedDevice(try image.device())))
  }

  /// The image was judged by fsck.exfat as it was made, where that can.
  @Test(arguments: variants)
  func readsWhatWentIn(variant: String) throws {
    let image = try image(variant)
    let system = try open(image)
    var ours = try FileTree(system, on: system.volume)
    var theirs = try FileTree(directory: image.path + ".tree")
    for path in ours.files.keys {
      #expect(ours.files[path]?.mode == 0o755 || path == Array("ONE.TXT".utf8))
      ours.files[path]?.mode = nil
      theirs.files[path]?.mode = nil
    }
    // The root has no time.
    ours.files[[]] = nil
    theirs.files[[]] = nil
    #expect(ours.differences(from: theirs) == [])
    #expect(ours.files.count == 424)
  }

  /// Files whose bytes were all written; of others GRUB gives what was there before.
  @Test(arguments: ["plain", "scattered", "clusters", "4k"])
  func readsWhatGRUBReads(variant: String) throws {
    let image = try image(variant)
    let system = try open(image)
    for path in [
      "/boot/grub/grub.cfg", "/boot/vmlinuz-6.1.0-13-amd64", "/pieces", "/deep/𝄞 clef.txt",
      "/deep/with/some/More/DIRECTORIES/4096", "/many/entry-400", "/EFI/../ONE.TXT",
    ] where !path.contains("..") {
      let theirs = try HostTool.output(["grub-fstest", image.path, "cat", "(loop0)\(path)"])
      let ours = try FileContents.readAll(
        ByteString(path), in: system, on: system.volume, limit: 1 << 20)
      #expect(ours == theirs, "\(path)")
    }
  }

  @Test(arguments: ["made", "plain", "clusters", "4k", "large-clusters", "small"])
  func hasTheLabelAndTheIdentifierThatBlkidPrints(variant: String) throws {
    let image = try image(variant)
    let system = try open(image)
    func blkid(_ tag: String) throws -> ByteString {
      // It fails if there is no such tag.
      let command = ["blkid", "-p", "-o", "value", "-s", tag, image.path]
      return ByteString(try HostTool.run(command).output).trimmed
    }
    #expect(try blkid("TYPE") == system.formatName)
    #expect(try blkid("LABEL") == system.label)
    #expect(try blkid("UUID") == system.uuid)
    #expect(system.remark == nil)
  }

  @Test func piecesAreMergedToRuns() throws {
    for (variant, isInRow) in [("plain", true), ("scattered", false), ("clusters", true)] {
      let system = try open(try image(variant))
      let count = try system.extents(
        of: PathWalk.resolve("/pieces", in: system).node
      ).count
      #expect(isInRow ? count == 1 : count > 50)
    }
  }

  @Test func namesAreFoundInAnyCase() throws {
    let system = try open(try image("plain"))
    for path: ByteString in [
      "/boot/vmlinuz-6.1.0-13-amd64", "/BOOT/Vmlinuz-6.1.0-13-AMD64",
      "/efi/linux/../../BOOT/./VMLINUZ-6.1.0-13-amd64",
    ] {
      #expect(try PathWalk.resolve(path, in: system).attributes.byteCount == 100_001)
    }
    for path: ByteString in [
      "/Deep/GRÖßE — 漢字.txt", "/deep/𝄞 CLEF.TXT", "/deep/ĄČĘ ΩΩ Я Ꙁ.TXT",
      "/deep/ąčę ωω я Ꙁ.txt",
    ] {
      #expect(try PathWalk.resolve(path, in: system).attributes.kind == .file, "\(path.text)")
    }
    let root = try system.root()
    for name: ByteString in ["", "gone", "pieces2", "piece", ByteString([0xff, 0x41])] {
      #expect(try system.lookUp(name, in: root) == nil)
    }
    let above = try PathWalk.resolve("/deep/with", in: system).node
    let directory = try #require(try system.lookUp("some", in: above))
    let parent = try #require(try system.lookUp("..", in: directory))
    #expect(parent.firstCluster == above.firstCluster)
    #expect(try system.lookUp("..", in: root)?.firstCluster == root.firstCluster)
  }

  @Test func whatWasNeverWrittenIsZeros() throws {
    let system = try open(try image("plain"))
    let node = try PathWalk.resolve("/preallocated", in: system).node
    let extents = try system.extents(of: node)
    #expect(extents.last == .zeros(byteCount: 30000))
    #expect(extents.count == 2)
  }
}
