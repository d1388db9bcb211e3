// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import BootPlan

/// What no reader reads is named, as blkid names it.
struct UnreadFormatsTests {
  private func failure<Device: BlockDevice>(_ device: Device) -> ByteString? {
    GuestDisk(device, isOptical: false).volumes[0].failure?.message
  }

  private func failure(_ bytes: [UInt8]) -> ByteString? {
    failure(MemoryDevice(name: "xvda1", bytes: bytes))
  }

  @Test(arguments: [
    ("f2fs", "f2fs", "F2FS"), ("nilfs2", "nilfs2", "NILFS2"), ("reiserfs", "reiserfs", "ReiserFS"),
    ("jfs", "jfs", "JFS"), ("hfs", "hfs", "HFS"), ("ufs", "ufs", "UFS"), ("ufs2", "ufs", "UFS2"),
    ("ufs-big", "ufs", "UFS"), ("ufs2-big", "ufs", "UFS2"), ("minix1", "minix", "Minix"),
    ("minix2", "minix", "Minix"), ("minix3", "minix", "Minix"), ("bfs", "bfs", "BFS"),
    ("cramfs", "cramfs", "cramfs"), ("swap", "swap", "swap space"),
    ("swap-64k", "swap", "swap space"),
  ])
  func whatMakersMakeIsNamed(kind: String, type: ByteString, name: ByteString) throws {
    let image = try TestImage("unread", kind)
    let blkid = try HostTool.output(["blkid", "-p", "-o", "value", "-s", "TYPE", image.path])
    #expect(ByteString(blkid).trimmed == type)
    let disk = GuestDisk(try image.device(), isOptical: false)
    #expect(
      disk.volumes[0].failure?.message == "\(disk.name): holds \(name), which is not read")
    #expect(disk.volumes[0].failure?.family == .unsupported)
  }

  /// Signs of those whose makers are not in Debian 12, as libblkid has them.
  static let signs: [(place: Int, bytes: [UInt8], name: ByteString)] = [
    (32, Array("NXSB".utf8), "APFS"), (4, Array("-FVE-FS-".utf8), ""),
    (3, Array("-FVE-FS-".utf8), "BitLocker"), (3, Array("ReFS".utf8), "ReFS"),
    (0x4000, [1, 1] + [UInt8](repeating: 0, count: 22) + Array("version".utf8), "ZFS"),
    (0x10000, Array("ReIsEr4".utf8), "Reiser4"), (0x10000, [1, 0x16, 0x19, 0x70], "GFS2"),
    (0x2034, Array("ReIsErFs".utf8), "ReiserFS"), (0x10034, Array("ReIsEr3Fs".utf8), "ReiserFS"),
    (4096 + 24, [0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9], "bcachefs"),
    (4096 + 24, [0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca], "bcachefs"),
    (
      4096 + 8, [8] + zeros(15) + [0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca], "bcache"
    ),
    (2048, Array("OCFSV2".utf8), "OCFS2"), (8192, [0x49, 0xe8, 0x95, 0xf9], "HPFS"),
    (1024, [0xf5, 0xfc, 1, 0xa5], "VxFS"), (8192, [0xa5, 1, 0xfc, 0xf5], "VxFS"),
    (0, Array("-rom1fs-".utf8), "romfs"), (0, [0x31, 0x18, 0x10, 6], "UBIFS"),
    (0, Array("HSQS".utf8), "a SquashFS without its superblock in front (mksquashfs -fix)"),
    (0, Array("UBI#".utf8), "UBI"), (0, Array("dmvdo001".utf8), "VDO"),
    (0, Array("SFOZ".utf8), "zonefs"), (0, Array("bluestore block device".utf8), "Ceph BlueStore"),
    (512, Array("!Stra0ti".utf8), "Stratis"), (1 << 20, [0x0d, 0xd0, 1, 0xc0], "a part of VMFS"),
    (2 << 20, [0x5e, 0xf1, 0xab, 0x2f], "VMFS"),
    (1024, [0x48, 0x2b, 0, 4] + zeros(36) + [0, 0, 16, 0], "HFS+"),
    (1024, [0x48, 0x58, 0, 5] + zeros(36) + [0, 0, 16, 0], "HFS+"),
    (1024, [0x42, 0x44] + zeros(18) + [0, 0, 2, 0] + zeros(0x64) + [0x48, 0x2b], "HFS+"),
    (32, Array("BFS1".utf8) + zeros(32) + [0x31, 0x10, 0x12, 0xdd], "BeFS"),
    (544, Array("1SFB".utf8) + zeros(32) + [0xdd, 0x12, 0x10, 0x31], "BeFS"),
    (4086, Array("S1SUSPEND\0".utf8), "swap space with a hibernated system"),
    (16374, Array("LINHIB0001".utf8), "swap space with a hibernated system"),
    (8182, Array("SWAP-SPACE".utf8), "swap space"),
    // Two bytes are not enough.
    (1024, [0x48, 0x2b, 0, 6] + zeros(36) + [0, 0, 16, 0], ""),
    (1024, [0x48, 0x2b, 0, 4] + zeros(36) + [0, 0, 17, 0], ""),
    (1024, [0x42, 0x44] + zeros(18) + [0, 0, 2, 1], ""), (1024 + 16, [0x7f, 0x13], ""),
    (1024, [1, 0, 0, 0, 0, 0, 0x34, 0x34, 0x18, 1], ""),
    (1024, [2, 0, 0, 0, 0, 0, 0x34, 0x34, 0xff, 0], ""),
  ]

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  @Test func signsAreKnown() {
    for sign in Self.signs {
      let device = SparseDevice(byteCount: 8 << 20, name: "xvda1")
      device.put(sign.bytes, at: UInt64(sign.place))
      let expected: ByteString? =
        sign.name.isEmpty ? nil : "xvda1: holds \(sign.name), which is not read"
      #expect(failure(device) == expected, "\(sign.place) \(sign.name.text)")
    }
  }

  @Test func nothingIsNamedOnAnEmptyDisk() {
    for count in [0, 511, 512, 1023, 1024, 4096, 70000] {
      #expect(failure([UInt8](repeating: 0, count: count)) == nil)
    }
  }

  @Test func aFileSystemThatIsReadHidesAnOlderSign() throws {
    var bytes = try TestImage("fat", "fat16").bytes()
    bytes.replaceSubrange(4086..<4096, with: Array("SWAPSPACE2".utf8))
    let disk = GuestDisk(MemoryDevice(name: "xvda1", bytes: bytes), isOptical: false)
    #expect(disk.volumes[0].fileSystem?.formatName == "fat16")
    #expect(disk.volumes[0].failure == nil)
  }

  @Test func ofADiskWithPartitionsOlderSignsSayNothing() {
    let device = SparseDevice(byteCount: 8 << 20, name: "xvda")
    device.put(Array("SWAPSPACE2".utf8), at: 4086)
    device.put([0x55, 0xaa], at: 510)
    device.put([0, 0, 0, 0, 0x82, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0], at: 446)
    device.put(Array("SWAPSPACE2".utf8), at: 1 << 20 + 4086)
    let disk = GuestDisk(device, isOptical: false)
    #expect(
      disk.volumes.map { $0.failure?.message } == [
        nil, "xvda1: holds swap space, which is not read",
      ])
  }

  @Test func noBytesTrap() {
    var random = SplitMix(seed: 3)
    for variant in 0..<300 {
      var bytes = (0..<2600).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let sign = Self.signs[variant % Self.signs.count]
      if sign.place + sign.bytes.count < bytes.count {
        bytes.replaceSubrange(sign.place..<sign.place + sign.bytes.count, with: sign.bytes)
      }
      bytes.removeLast(Int(random.next() % 2600))
      _ = failure(bytes)
    }
  }
}
