// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import ISO9660
import TestSupport
import Testing

/// Walks images with our reader and compares with what other implementations find: names, kinds,
/// modes, times, sizes, link targets and the checksum of all bytes.
struct OracleTests {
  typealias System = ISO9660FileSystem<CachedDevice<FileDevice>>

  @Test(arguments: [
    "rr", "rr-rational", "rr-joliet", "deep", "relocated-genisoimage", "rr-genisoimage", "many",
    "many-genisoimage", "attributes", "hfsplus", "udf", "eltorito", "hybrid-mbr",
    "hybrid-offset", "hybrid-gpt", "zisofs", "zisofs-genisoimage",
  ])
  func readsRockRidgeAsLibarchiveDoes(variant: String) throws {
    let image = try TestImage("iso9660", variant)
    let ours = try walk(try open(image))
    let theirs = try Listing(libarchive: image.path).files
    compare(ours, theirs)
    #expect(ours.count > 25)
  }

  @Test(arguments: [
    "rr", "rr-joliet", "deep", "relocated", "relocated-genisoimage", "attributes",
    "rr-genisoimage",
  ])
  func readsRockRidgeAsXorrisoDoes(variant: String) throws {
    let image = try TestImage("iso9660", variant)
    let ours = try walk(try open(image))
    let theirs = try Listing(xorriso: image.path).files
    compare(ours, theirs, isLibarchive: false)
    #expect(ours.count > 25)
  }

  /// libarchive knows version 1 only. What went in comes out whatever the form.
  @Test(arguments: ["zisofs", "zisofs-128k", "zisofs2", "zisofs2-z2", "zisofs-genisoimage"])
  func compressedFilesAreWhatWentIn(variant: String) throws {
    let image = try TestImage("iso9660", variant)
    let system = try open(image)
    for (path, script) in [
      ("/holes", "seq 1 20000; head -c 200000 /dev/zero; seq 1 30000"),
      ("/holes-at-the-end", "seq 1 9999; head -c 300000 /dev/zero"),
      ("/two-blocks", "seq 1 12000 | head -c 65536"), ("/empty", ":"),
      ("/one-byte.TXT", "printf x"),
    ] {
      let bytes = try FileContents.readAll(
        ByteString(path), in: system, on: system.volume, limit: 1 << 20)
      #expect(try HostTool.output(["bash", "-c", script]) == bytes, "\(path)")
    }
    let node = try PathWalk.resolve("/holes", in: system).node
    let extents = try system.extents(of: node)
    #expect(extents.contains { if case .zeros = $0 { true } else { false } })
    #expect(extents.contains { if case .encoded = $0 { true } else { false } })
    guard !variant.contains("zisofs2") || variant == "zisofs2" else { return }
    compare(try walk(system), try Listing(xorriso: image.path).files, isLibarchive: false)
  }

  @Test(arguments: ["joliet", "joliet-utf16", "joliet-genisoimage"])
  func readsJolietAsLibarchiveDoes(variant: String) throws {
    let image = try TestImage("iso9660", variant)
    let ours = try walk(try open(image))
    let theirs = try Listing(libarchive: image.path).files
    compare(ours, theirs, hasModes: false)
    #expect(ours.count > 15)
  }

  @Test(arguments: ["plain", "plain-loose", "plain-genisoimage"])
  func readsPlainNamesAsLibarchiveDoesButInSmallLetters(variant: String) throws {
    let image = try TestImage("iso9660", variant)
    let ours = try walk(try open(image))
    var theirs: [[UInt8]: Listing.File] = [:]
    for (path, file) in try Listing(libarchive: image.path).files {
      var name = ByteString(path).lowercased.bytes
      // genisoimage leaves a full stop where it leaves the version out, and so does Linux.
      if ours[name] == nil { name.append(0x2e) }
      theirs[name] = file
    }
    compare(ours, theirs, hasModes: false)
    #expect(ours.count == 15)
  }

  @Test(arguments: ["rr", "joliet", "plain", "many-genisoimage", "hybrid-gpt"])
  func hasTheLabelAndTheIdentifierThatBlkidPrints(variant: String) throws {
    let image = try TestImage("iso9660", variant)
    let system = try open(image)
    #expect(system.formatName == "iso9660")
    #expect(system.label == "Test Label")
    let uuid = try Listing.output(
      "/usr/sbin/blkid", ["-p", "-o", "value", "-s", "UUID", image.path])
    #expect(system.uuid == ByteString(uuid).trimmed)
  }

  /// genisoimage 1.1.11 gives links of more than some 200 bytes entries of a wrong length.
  @Test func aBadLinkDoesNotHideItsNeighbours() throws {
    let system = try open(try TestImage("iso9660", "bad-links"))
    let target = try PathWalk.resolve("/vmlinuz", in: system)
    #expect(target.path == "/boot/vmlinuz")
    #expect(throws: FileError<ISO9660Error>.self) {
      try PathWalk.resolve("/link-two", in: system, followingLastLink: false)
    }
  }

  private func open(_ image: TestImage) throws -> System {
    try System.open(Volume(whole: CachedDevice(try image.device())))
  }

  private func walk(_ system: System) throws -> [[UInt8]: Listing.File] {
    var result: [[UInt8]: Listing.File] = [:]
    var pending: [(path: [UInt8], node: ISO9660Node)] = [([], try system.root())]
    while let (path, node) = pending.popLast() {
      let attributes = try system.attributes(of: node)
      var file = Listing.File(kind: "fifo", mode: attributes.mode)
      file.modificationTime = attributes.modificationTime
      switch attributes.kind {
      case .directory:
        file.kind = "dir"
        for entry in try system.entries(of: node) {
          let below = path + (path.isEmpty ? [] : [ASCII.slash]) + entry.name.bytes
          pending.append((below, entry.node))
        }
      case .symbolicLink:
        file.kind = "link"
        file.target = try system.linkTarget(of: node).bytes
      case .file:
        file.kind = "file"
        file.byteCount = attributes.byteCount
        let bytes = try FileContents.readAll(
          ByteString([ASCII.slash] + path), in: system, on: system.volume, limit: 1 << 20)
        file.checksum = posixChecksum(bytes)
      case .special: break
      }
      result[path] = file
    }
    return result
  }

  private func compare(
    _ ours: [[UInt8]: Listing.File], _ theirs: [[UInt8]: Listing.File], hasModes: Bool = true,
    isLibarchive: Bool = true
  ) {
    // The directory that directories were moved to is empty and shown by some only.
    let names = Set(ours.keys).union(theirs.keys).subtracting([Array("rr_moved".utf8)])
    for path in names {
      let name = ByteString(path).text
      guard var one = ours[path], var other = theirs[path] else {
        Issue.record("\(name) is in one only: \(ours[path] == nil ? "theirs" : "ours")")
        continue
      }
      // Where nothing is stored, each has a default of its own.
      if !hasModes { (one.mode, other.mode) = (nil, nil) }
      if !isLibarchive, one.kind != "file" {
        (one.modificationTime, other.modificationTime) = (nil, nil)
        if one.kind == "link" { (one.mode, other.mode) = (nil, nil) }
      }
      // libarchive loses a slash where a target goes on in a second entry; xorriso does not.
      if isLibarchive, one.target?.count ?? 0 > 200 { (one.target, other.target) = (nil, nil) }
      // libarchive 3.6 gives other bytes than zeros for blocks of zeros at the end.
      if isLibarchive, name == "holes-at-the-end" { one.checksum = other.checksum }
      // libarchive gives contents once, for the first of several names of the same blocks.
      if other.checksum == nil { one.checksum = nil }
      #expect(one == other, "\(name)")
    }
  }
}
