// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Foundation
import TestSupport
import Testing

@testable import UDF

/// UDF as others make and read it: the files that went in, GRUB, 7-Zip, blkid.
struct OracleTests {
  /// What `udf.py` makes, with whether GRUB 2.06 and 7-Zip know it too.
  private static let variants: [(words: String, grub: Bool, zip: Bool)] = [
    ("block=2048", true, true), ("block=512", true, true), ("block=1024 chars=16", true, false),
    ("block=4096 entry=extended", true, false), ("allocation=long", true, true),
    ("allocation=inline entry=extended", true, true),
    ("allocation=chained piece=3", true, false), ("allocation=short piece=1", true, false),
    ("piece=2 holes=1", false, false), ("deleted=1 piece=2", true, true),
    ("revision=0x102 set=short", true, true),
    ("kind=sparable", false, false), ("kind=sparable moved=0,2 piece=7", false, false),
    ("kind=virtual", false, false), ("kind=virtual revision=0x150 piece=3", false, false),
    ("kind=metadata revision=0x250 entry=extended", false, false),
    ("kind=metadata revision=0x260 allocation=long piece=2 broken=main", false, false),
    ("strategy=4096", false, false), ("anchor=end", false, false),
    ("broken=sequence block=512", false, false),
  ]

  @Test(arguments: variants)
  func whatWentInIsRead(_ variant: (words: String, grub: Bool, zip: Bool)) throws {
    let image = try UDFImage.make("made \(variant.words)")
    let system = try image.open()
    var tree = try FileTree(system, on: image.volume)
    for path in tree.files.keys { tree.files[path]?.mode? &= 0o777 }
    #expect(tree.differences(from: image.files) == [])
    if variant.grub { try compareWithGRUB(image) }
    if variant.zip { try compareWithSevenZip(image) }
  }

  /// GRUB 2.06 reads the same files. Symbolic links it takes for damaged, whoever made them.
  private func compareWithGRUB(_ image: UDFImage) throws {
    let path = image.test.path
    for name in ["boot/vmlinuz", "boot/initrd", "deep/Größe", "deep/имя 日本", "deep/block"] {
      let bytes = try HostTool.output(["grub-fstest", path, "cat", "(loop0)/\(name)"])
      #expect(image.files.files[Array(name.utf8)]?.contents == Array(bytes), "GRUB: \(name)")
    }
    let line = try HostTool.output(["grub-fstest", path, "ls", "--", "-l", "(loop0)"])
    let text = String(decoding: line, as: UTF8.self)
    let system = try image.open()
    #expect(text.contains("Label `\(system.label.text)'"), "\(text)")
    let uuid = system.uuid.text
    #expect(uuid.isEmpty ? !text.contains("UUID") : text.contains("UUID \(uuid) "), "\(text)")
  }

  /// 7-Zip, which refuses an image with symbolic links, lists and unpacks the rest.
  private func compareWithSevenZip(_ image: UDFImage) throws {
    let output = image.test.path + ".x"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let folder = image.test.path + ".p"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try HostTool.output(["cp", "-a", image.test.path + ".d", folder])
    _ = try HostTool.output(["find", folder, "-type", "l", "-delete"])
    let plain = image.test.path + ".udf"
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("testimages/udf.py").path
    _ = try HostTool.output(["python3", "-B", script, plain, folder] + image.keys)
    _ = try HostTool.output(["7z", "x", "-y", "-o\(output)", plain])
    #expect(
      try FileTree(directory: output).contents == FileTree(directory: folder).contents)
  }

  @Test(arguments: ["-V MyVolume", "-R -J -V Label", "-J -V a_very_long_volume_name_32_chars"])
  func aBridgeOfGenisoimageIsRead(words: String) throws {
    let image = try UDFImage.make("bridge \(words)")
    let tree = try FileTree(try image.open(), on: image.volume)
    #expect(tree.contents == image.files.contents)
    try compareWithBlkid(image.test.path, try image.open())
    try compareWithGRUB(image)
  }

  /// mkudffs makes empty file systems, of all kinds of media.
  @Test(
    arguments: [
      "empty 8M --media-type=hd -b 512 -r 1.02", "empty 8M --media-type=hd -b 1024 -r 1.50",
      "empty 8M --media-type=hd -b 2048 -r 2.01 --lvid=one --vid=two",
      "empty 8M --media-type=hd -b 4096 -l Größe", "empty 8M --media-type=dvdrw",
      "empty 8M --media-type=cdrw -r 2.01", "empty 8M --media-type=dvdram -l 日本語のラベル",
      "written 4096 --media-type=dvdr", "written 4096 --media-type=cdr -r 1.50",
      "written 4096 --media-type=cdr -r 2.01", "written 4096 --media-type=bdr -r 2.60",
      "empty 8M --media-type=hd -u 0123456789abcdef",
      "empty 8M --media-type=hd --vsid=UPPERCASE12345678",
      "empty 8M --media-type=hd --vsid=12345678Xyz12345", "empty 80M --media-type=hd -b 8192",
    ])
  func emptyOnesOfMkudffsAreRead(words: String) throws {
    let image = try UDFImage.make(words)
    let system = try image.open()
    let names = try system.entries(of: try system.root()).map { $0.name }
    #expect(names == ["lost+found"] || names == [])
    // blkid 2.38 knows no sectors over 4096 bytes.
    if !words.hasSuffix("8192") { try compareWithBlkid(image.test.path, system) }
  }

  /// blkid's label and UUID are ours.
  private func compareWithBlkid(
    _ path: String, _ system: UDFFileSystem<MemoryDevice>
  ) throws {
    func value(_ tag: String) -> String {
      let bytes = try? HostTool.output(["blkid", "-p", "-o", "value", "-s", tag, path])
      return String(decoding: bytes ?? [], as: UTF8.self)
        .trimmingCharacters(in: .newlines)
    }
    #expect(value("TYPE") == "udf")
    #expect(value("LABEL") == system.label.text)
    #expect(value("UUID") == system.uuid.text)
  }
}

extension FileTree {
  /// The files' contents, by name.
  var contents: [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for (path, file) in files {
      if let contents = file.contents { result[ByteString(path).text] = contents }
    }
    return result
  }
}
