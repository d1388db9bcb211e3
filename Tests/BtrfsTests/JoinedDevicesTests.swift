// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import BootPlan
@testable import Btrfs

/// A guest whose btrfs is on several disks.
struct JoinedDevicesTests {
  private static let raid0: UInt64 = 1 << 3
  private static let raid1: UInt64 = 1 << 4
  private let contents = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 4096 &* 7 &+ $0) }

  private func images(profile: UInt64, devices: Int = 2) -> [[UInt8]] {
    var builder = ImageBuilder()
    (builder.profile, builder.deviceCount) = (profile, devices)
    builder.addFile("vmlinuz", inode: 257, [.stored(contents)])
    return builder.build()
  }

  private func disks(_ images: [[UInt8]]) -> GuestDisks<MemoryDevice> {
    let names: [ByteString] = ["xvda", "xvdb", "xvdc", "xvdd"]
    return GuestDisks(
      images.enumerated().map { index, bytes in
        GuestDisk(MemoryDevice(name: names[index], bytes: bytes), isOptical: false)
      })
  }

  @Test(arguments: [raid0, raid1])
  func everyDeviceLeadsToTheWholeFileSystem(profile: UInt64) throws {
    let disks = disks(images(profile: profile))
    for disk in disks.disks {
      let system = try #require(disk.volumes[0].fileSystem)
      #expect(system.remark == nil)
      #expect(disk.volumes[0].failure == nil)
      #expect(try system.contents("/vmlinuz", limit: 1 << 20) == contents)
      #expect(system.writeObstacle != nil)
    }
    #expect(disks.remarks.isEmpty)
  }

  @Test func theOrderOfTheDisksDoesNotMatter() throws {
    let disks = disks(images(profile: Self.raid0, devices: 3).reversed())
    let system = try #require(disks.disks[0].volumes[0].fileSystem)
    #expect(try system.contents("/vmlinuz", limit: 1 << 20) == contents)
  }

  @Test func halfOfAMirrorIsEnoughAndSaysSo() throws {
    let disks = disks([images(profile: Self.raid1)[1]])
    let system = try #require(disks.disks[0].volumes[0].fileSystem)
    #expect(try system.contents("/vmlinuz", limit: 1 << 20) == contents)
    #expect(system.remark == "xvda: btrfs: 1 of 2 devices are here")
  }

  @Test func halfOfAStripedFileSystemIsNamed() throws {
    let disks = disks([images(profile: Self.raid0)[0]])
    let volume = disks.disks[0].volumes[0]
    if let system = volume.fileSystem {
      #expect(throws: BootError.self) { try system.contents("/vmlinuz", limit: 1 << 20) }
    } else {
      #expect(volume.failure != nil)
    }
  }

  @Test func aDeviceThatMissedTheLastChangesIsLeftOut() throws {
    var images = images(profile: Self.raid1)
    var old = ImageBuilder()
    (old.profile, old.deviceCount, old.generation) = (Self.raid1, 2, 8)
    old.addFile("vmlinuz", inode: 257, [.stored(contents.map { ~$0 })])
    images[0] = old.build()[0]
    let disks = disks(images)
    let system = try #require(disks.disks[0].volumes[0].fileSystem)
    #expect(try system.contents("/vmlinuz", limit: 1 << 20) == contents)
    #expect(system.remark == "xvdb: btrfs: 1 of 2 devices are here")
  }

  @Test func aCopyOfADiskIsNotASecondDevice() throws {
    let images = images(profile: Self.raid0)
    let disks = disks([images[0], images[0], images[1]])
    for disk in disks.disks {
      let system = try #require(disk.volumes[0].fileSystem)
      #expect(try system.contents("/vmlinuz", limit: 1 << 20) == contents)
    }
  }

  @Test func devicesThatDoNotFitTogetherAreNamed() throws {
    var images = images(profile: Self.raid0)
    // The second device's superblock says that the device is larger than it is.
    images[1].removeLast(images[1].count / 4)
    let disks = disks(images)
    #expect(disks.remarks.count == 1)
    #expect(disks.remarks.first?.hasPrefix("xvda: btrfs: ") == true)
  }
}
