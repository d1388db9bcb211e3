// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BootPlan

/// A FAT on a whole disk, and a partition table in the same sector.
struct LeftOverFATTests {
  /// A FAT of 8 MiB, over which `sfdisk` puts a table with one partition, and an ext2 into that.
  private func disk(_ label: String, isFilled: Bool = true) throws -> GuestDisk<MemoryDevice> {
    let inner = try TestImage("ext4-ext2-1k").bytes()
    let size = 1 << 20 + inner.count + 1 << 20
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("fat-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try HostTool.output(["truncate", "-s", "\(size)", path])
    _ = try HostTool.output(["mkfs.fat", "-n", "STALE", "-i", "1234abcd", path])
    _ = try HostTool.output(
      ["sfdisk", "--wipe", "never", "--label", label, path],
      input: Array("start=2048,size=\(inner.count / 512)\n".utf8))
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    if isFilled { bytes.replaceSubrange(1 << 20..<1 << 20 + inner.count, with: inner) }
    return GuestDisk(MemoryDevice(name: "xvda", bytes: bytes), isOptical: false)
  }

  @Test(arguments: ["dos", "gpt"])
  func partitionsAreReadAndTheFATIsPassedOver(label: String) throws {
    let disk = try disk(label)
    #expect(disk.volumes.map { $0.partitionNumber } == [nil, 1])
    #expect(disk.volumes[1].fileSystem?.formatName == "ext2")
    #expect(disk.volumes[0].fileSystem == nil)
    #expect(
      disk.volumes[0].failure?.message
        == "xvda: a FAT file system from before it was partitioned is passed over")
  }

  @Test func aTableWithNothingInItsPartitionsLeavesTheFAT() throws {
    let disk = try disk("dos", isFilled: false)
    #expect(disk.isPartitioned)
    #expect(disk.volumes[0].fileSystem?.label == "STALE")
  }

  /// `mkfs.fat --mbr` writes an entry that begins with the disk, as some systems want it.
  @Test func aPartitionThatIsTheWholeDiskIsTheSameFAT() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("fat-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try HostTool.output(["truncate", "-s", "8M", path])
    _ = try HostTool.output(["mkfs.fat", "--mbr=y", "-n", "WHOLE", path])
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let disk = GuestDisk(MemoryDevice(name: "xvda", bytes: bytes), isOptical: false)
    #expect(disk.volumes.map { $0.fileSystem?.label } == ["WHOLE", "WHOLE"])
  }
}
