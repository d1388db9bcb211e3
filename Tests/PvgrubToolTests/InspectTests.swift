// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import pvgrub_tool

/// What `stat`, `blocks` and `fsinfo` print.
struct InspectTests {
  @Test func statFollowsLinks() throws {
    let image = try TestImage("guest-disk", arguments: ["bare", "/k", "the kernel!", "/l", "@k"])
    let volume = Volume(whole: CachedDevice(try image.device()))
    let system = try #require(try MountedFileSystem.probe(volume))
    #expect(
      Stat.lines(try system.attributes("/l"))[..<3] == [
        "path     /k", "kind     file", "size     11 bytes",
      ])
    let found = FoundFile(
      path: "/k",
      attributes: NodeAttributes(
        kind: .file, byteCount: 11, mode: 0o644, modificationTime: 86_400))
    #expect(
      Stat.lines(found) == [
        "path     /k", "kind     file", "size     11 bytes", "mode     0644",
        "modified 1970-01-02T00:00:00Z",
      ])
    #expect(try system.attributes("/").attributes.kind == .directory)
  }

  @Test func blocksAreListedInTheOrderOfTheFile() {
    #expect(
      Blocks.lines([
        .run(byteOffset: 4096, byteCount: 1024), .zeros(byteCount: 10), .inline([1, 2]),
      ]) == ["0 +1024 at 4096", "1024 +10 zeros", "1034 +2 in metadata"])
  }

  @Test func aFileSystemSaysWhatItIs() throws {
    let image = try TestImage("ext4-journal", "1024", "^metadata_csum,64bit", "none")
    let volume = Volume(whole: CachedDevice(try image.device()))
    let system = try #require(try MountedFileSystem.probe(volume))
    let lines = FileSystemInfo.lines(system)
    #expect(lines[0] == "format   ext4")
    #expect(lines[1] == "volume   xvda, 8388608 bytes at 0")
    #expect(lines[2] == "label    newest")
    #expect(lines.contains("facts    8192 blocks of 1024 bytes in 1 groups"))
    #expect(lines.contains("state    not unmounted"))
    let features = try #require(lines.first { $0.hasPrefix("facts    features ") })
    #expect(features.contains(" has_journal ext_attr dir_index filetype "))
    let remark = try #require(lines.last)
    #expect(remark.hasPrefix("remark   xvda: ext4: was not unmounted; 2 transactions ("))
    #expect(remark.hasSuffix(" of its journal replayed in memory"))
  }
}
