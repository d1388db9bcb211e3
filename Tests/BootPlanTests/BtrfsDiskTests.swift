// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import BootPlan

/// A disk with btrfs as policy sees it.
struct BtrfsDiskTests {
  @Test func filesOnBtrfsAreFound() throws {
    let image = try TestImage("btrfs", "0")
    let device = CachedDevice(try image.device())
    let system = try #require(try MountedFileSystem.probe(Volume(whole: device)))
    #expect(system.formatName == "btrfs")
    #expect(system.label == "test-label")
    #expect(system.uuid == "01234567-89ab-cdef-0123-456789abcdef")
    #expect(system.remark == nil)
    #expect(system.facts.count == 4)
    #expect(!system.needsRecovery)
    #expect(try system.allNames("/boot").sorted() == ["grub", "vmlinuz"])
    #expect(try system.kind("/vmlinuz") == .file(byteCount: 300_001))
    let file = try system.locate("/boot/vmlinuz")
    #expect(file.name == "xvda: btrfs: /boot/vmlinuz")
    #expect(file.extents.reduce(0) { $0 + $1.byteCount } == 300_001)
    #expect(try system.contents("/one-byte", limit: 10) == [0x78])
  }

  @Test func nothingIsEverWritten() throws {
    let memory = MemoryDevice(name: "xvda", bytes: try TestImage("btrfs", "0").bytes())
    memory.isWritable = true
    let system = try #require(try MountedFileSystem.probe(Volume(whole: memory)))
    #expect(system.writeObstacle == "btrfs is never written")
  }

  @Test func errorsNameDiskAndFormat() throws {
    var bytes = [UInt8](repeating: 0, count: 80_000)
    bytes.replaceSubrange(65536 + 0x40..<65536 + 0x48, with: Array("_BHRfS_M".utf8))
    bytes[65536 + 0xc4] = 9
    let memory = MemoryDevice(name: "xvda", bytes: bytes)
    #expect(
      throws: BootError(
        .unsupported, "xvda: btrfs: feature checksum type 9 is not supported")
    ) { try MountedFileSystem.probe(Volume(whole: memory)) }
  }
}
