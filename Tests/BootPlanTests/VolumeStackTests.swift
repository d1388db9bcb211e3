// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BootPlan

/// Arrays and logical volumes as disks of the guest.
struct VolumeStackTests {
  private static let arrayUUID: ByteString = "mduuid/00112233445566778899aabbccddeeff"

  private func stock(_ layout: GuestImage.Layout = .bare) throws -> [UInt8] {
    try GuestImage(layout).bytes
  }

  /// The members of an array that holds `data`.
  private func array(
    _ metadata: String, _ level: String, _ count: Int, holding data: [UInt8], _ keys: String...
  ) throws -> MemberImages {
    let layout = level == "10" ? "258" : "2"
    return try MemberImages(
      "md", count: count, data: [data],
      [metadata, level, layout, "\(count)", "@0", "chunk=65536"] + keys)
  }

  private func group(_ count: Int, _ words: String..., holding data: [UInt8]) throws -> MemberImages
  {
    try MemberImages("lvm", count: count, data: [data], ["\(count)"] + words)
  }

  private func environment(_ devices: [MemoryDevice]) -> Environment {
    Environment(GuestDisks(devices.map { GuestDisk($0, isOptical: false) }))
  }

  /// Where the default entry's kernel is.
  private func kernel(_ environment: Environment) throws -> ByteString {
    let target = try #require(try environment.defaultTarget())
    let file = try environment.locate(target.kernel)
    #expect(try file.contents(at: 0, countMax: 100) == Array("the kernel!".utf8))
    return file.name
  }

  @Test(arguments: [("1.2", "1"), ("1.1", "0"), ("1.2", "5"), ("1.2", "6"), ("1.0", "10")])
  func aGuestBootsFromAnArray(metadata: String, level: String) throws {
    let devices = try array(metadata, level, 4, holding: try stock()).devices()
    let all = environment(devices)
    #expect(try kernel(all) == "md/boot: ext4: /boot/vmlinuz")
    for name: ByteString in [
      "md/boot", "(md/boot)", "/dev/md/boot", "md127", "/dev/md127", Self.arrayUUID,
    ] {
      #expect(all.disks.position(named: name).map { all.disks.name(of: $0) } == "md/boot")
    }
    #expect(all.disks.position(named: "md126") == nil)
    #expect(all.device(having: .fileSystemUUID(GuestImage.uuid)) == "md/boot")
    #expect(
      all.device(having: .label("guest"), preferring: [Self.arrayUUID, "hd0"]) == "md/boot")
    #expect(all.deviceNames() == ["hd0", "hd1", "hd2", "hd3", "md/boot"])
    #expect(all.property(.driver, of: "md/boot") == "diskfilter")
    guard level != "0" else { return }
    let rest = environment(Array(devices.dropFirst()))
    #expect(try kernel(rest) == "md/boot: ext4: /boot/vmlinuz")
    #expect(MenuSearch(rest).find().remarks == ["md/boot: 3 of 4 members are there"])
  }

  @Test func anArrayHasPartitions() throws {
    let images = try array("1.2", "5", 3, holding: try stock(.gpt), "name=0")
    let environment = environment(try images.devices())
    #expect(try kernel(environment) == "md/0p1: ext4: /boot/vmlinuz")
    #expect(environment.deviceNames().suffix(3) == ["md/0", "md/0,gpt1", "md/0,gpt2"])
    for name: ByteString in ["(md/0,gpt1)", "md0,1", "/dev/md/0,gpt1"] {
      let place = try #require(environment.disks.position(named: name))
      #expect(environment.disks.name(of: place) == "md/0,gpt1")
    }
    #expect(
      environment.device(having: .partitionUUID("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"))
        == "md/0,gpt1")
  }

  @Test(arguments: ["0.90", "1.0"])
  func theArrayComesBeforeTheMembersThatLookLikeIt(metadata: String) throws {
    let devices = try array(metadata, "1", 2, holding: try stock(), "number=0").devices()
    let environment = environment(devices)
    let name: ByteString = metadata == "0.90" ? "md/md0" : "md/boot"
    #expect(environment.device(having: .fileSystemUUID(GuestImage.uuid)) == name)
    #expect(try kernel(environment) == "\(name): ext4: /boot/vmlinuz")
    #expect(environment.disks.mounted.map { environment.disks.name(of: $0) } == [name])
    // A member can still be had by its name.
    #expect(try environment.fileSystem("hd1").formatName == "ext4")
    if metadata == "0.90" {
      for alias: ByteString in ["md0", "md/0", "md/md0"] {
        #expect(environment.disks.position(named: alias) != nil)
      }
    }
    // Without its array a member is what it looks like.
    devices[0].bytes.replaceSubrange(0..<2048, with: [UInt8](repeating: 0, count: 2048))
    let place = devices[1].bytes.count - (metadata == "0.90" ? 65536 : 8192)
    for start in stride(from: place, to: devices[1].bytes.count - 4096, by: 4096) {
      devices[1].bytes[start] = 0
    }
    #expect(try kernel(self.environment([devices[1]])) == "xvdb: ext4: /boot/vmlinuz")
  }

  @Test func partitionsOfAMirroredDiskAreTheMirrors() throws {
    let environment = environment(
      try array("0.90", "1", 2, holding: try stock(.msdos)).devices())
    #expect(
      environment.disks.mounted.map { environment.disks.name(of: $0) } == ["md/md0,msdos1"])
    #expect(try kernel(environment) == "md/md0p1: ext4: /boot/vmlinuz")
    #expect(try environment.fileSystem("hd0,msdos1").formatName == "ext4")
  }

  @Test func aSuperblockAtADisksEndIsItsLastPartitions() throws {
    let member = try array("0.90", "1", 1, holding: try stock()).bytes()[0]
    // The partition begins at a multiple of 64 KiB, so that both ends ask for the same place.
    let first = GuestImage(bytes: [UInt8](repeating: 0, count: 32768))
    let disk = GuestImage.partitioned([first, GuestImage(bytes: member)])
    let environment = environment([disk])
    #expect(try kernel(environment) == "md/md0: ext4: /boot/vmlinuz")
    #expect(environment.disks.disks[0].volumes[0].part == nil)
    #expect(environment.disks.disks[0].volumes[2].part != nil)
  }

  @Test(
    arguments: [("linear", 1), ("split", 2), ("striped", 2), ("raid1", 2), ("raid5_ls", 3)])
  func aGuestBootsFromALogicalVolume(type: String, count: Int) throws {
    let images = try group(count, "root-a:\(type):@0", holding: try stock())
    let environment = environment(try images.devices())
    #expect(try kernel(environment) == "lvm/my--vg-root--a: ext4: /boot/vmlinuz")
    let name = environment.disks.disks.last?.ownNames ?? []
    for name in name + name.map({ "(\($0))" }) + [
      "/dev/mapper/my--vg-root--a", "/dev/my-vg/root-a",
    ] {
      let place = try #require(environment.disks.position(named: name))
      #expect(environment.disks.name(of: place) == "lvm/my--vg-root--a")
    }
    #expect(environment.device(having: .label("guest")) == "lvm/my--vg-root--a")
    #expect(
      environment.device(having: .file("/boot/vmlinuz"), preferring: [name[1]])
        == "lvm/my--vg-root--a")
  }

  @Test func plainPartitionsComeBeforeLogicalVolumes() throws {
    let images = try group(1, "root:linear:@0", holding: try stock())
    let plain = MemoryDevice(name: "xvdz", bytes: try stock())
    let environment = environment(try images.devices() + [plain])
    #expect(
      environment.disks.mounted.map { environment.disks.name(of: $0) } == [
        "hd1", "lvm/my--vg-root",
      ])
    #expect(
      environment.device(having: .label("guest"), preferring: ["lvm/my--vg-root"])
        == "lvm/my--vg-root")
  }

  @Test func aLogicalVolumeHasPartitions() throws {
    let images = try group(1, "disk:linear:@0", holding: try stock(.msdos))
    let environment = environment(try images.devices())
    #expect(try kernel(environment) == "lvm/my--vg-disk1: ext4: /boot/vmlinuz")
    #expect(environment.disks.position(named: "(lvm/my--vg-disk,msdos1)") != nil)
  }

  @Test func logicalVolumesStandOnArraysAndArraysOnPartitions() throws {
    let physical = try group(1, "root:linear:@0", holding: try stock()).bytes()[0]
    let members = try array("1.2", "5", 3, holding: physical).bytes()
    let disks = members.enumerated().map { index, bytes in
      GuestImage.partitioned(
        [GuestImage(bytes: bytes)],
        name: ByteString([0x78, 0x76, 0x64, 0x61 + UInt8(index)]))
    }
    for missing in [nil, 0, 2] {
      let here = disks.indices.filter { $0 != missing }.map { disks[$0] }
      #expect(try kernel(environment(here)) == "lvm/my--vg-root: ext4: /boot/vmlinuz")
    }
  }

  @Test func arraysOnLogicalVolumesAreFoundToo() throws {
    let member = try array("1.2", "1", 2, holding: try stock()).bytes()[1]
    let images = try group(1, "member:linear:@0", holding: member)
    #expect(try kernel(environment(try images.devices())) == "md/boot: ext4: /boot/vmlinuz")
  }

  @Test func twoArraysOfOneNameAreBothThere() throws {
    let one = try array("1.2", "1", 1, holding: try stock()).devices()[0]
    let other = try array(
      "1.2", "1", 1, holding: try stock(), "uuid=ffeeddccbbaa99887766554433221100"
    ).devices()[0]
    let environment = environment([one, MemoryDevice(name: "xvdb", bytes: other.bytes)])
    #expect(
      environment.deviceNames().suffix(2) == [
        "md/boot", "mduuid/ffeeddccbbaa99887766554433221100",
      ])
  }

  @Test func whatCanNotBeReadIsNamed() throws {
    let images = try group(2, "root:split:@0", "pool:thin-pool", holding: try stock())
    let environment = environment([try images.devices()[0]])
    let missing: ByteString =
      "lvm/my--vg-root: physical volume PV001x-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx is missing"
    let thin: ByteString = "lvm/my--vg-pool: segments of type thin-pool are not supported"
    #expect(MenuSearch(environment).find().remarks == [missing, thin])
    #expect(
      message { () throws(BootError) in try environment.fileSystem("lvm/my--vg-root") } == missing)
    #expect(
      message { () throws(BootError) in
        try environment.locate(MenuFile(device: "/dev/my-vg/pool", path: "/x"))
      } == thin)
    #expect(
      message { () throws(BootError) in try environment.fileSystem("hd0") }
        == "xvda: a physical volume of LVM2")
    let array = self.environment(
      [try array("1.2", "5", 3, holding: try stock(), "name=0").devices()[1]])
    let few: ByteString = "md/0: RAID 5: only 1 of 3 members are there"
    #expect(MenuSearch(array).find().remarks == [few])
    #expect(message { () throws(BootError) in try array.fileSystem("md0") } == few)
    #expect(
      message { () throws(BootError) in try array.fileSystem("hd0") }
        == "xvdb: a part of an md array (RAID 5, metadata 1.2)")
  }

  @Test func aDamagedSuperblockIsToldUnlessThereIsAFileSystem() throws {
    let disk = try array("1.2", "1", 1, holding: try stock()).devices()[0]
    disk.bytes[4096 + 70] ^= 1
    let told = message { () throws(BootError) in try environment([disk]).fileSystem("hd0") }
    #expect(told.hasPrefix("xvda: md superblock 1.2: checksum "))
    // An old trace after the superblock of ext4, in what is its reserved space.
    let image = try GuestImage(.bare, ["/x", "y"] + GuestImage.stock)
    var bytes = image.bytes
    bytes.replaceSubrange(0..<1024, with: disk.bytes[4096..<5120])
    #expect(try kernel(environment([MemoryDevice(name: "xvda", bytes: bytes)])) != "")
  }

  @Test(arguments: ["luks1", "luks2"])
  func encryptedVolumesAreNamed(type: String) throws {
    let disk = try TestImage("luks", type).bytes()
    let environment = environment([
      GuestImage.partitioned([GuestImage(bytes: disk)])
    ])
    #expect(
      message { () throws(BootError) in try environment.fileSystem("hd0,msdos1") }
        == "xvda1: LUKS\(type == "luks1" ? 1 : 2) encrypted; unlocking is not supported")
  }

  @Test func nothingIsWrittenOnArraysAndLogicalVolumes() throws {
    for devices in [
      try array("1.2", "1", 1, holding: try stock()).devices(),
      try group(1, "root:linear:@0", holding: try stock()).devices(),
    ] {
      for device in devices { device.isWritable = true }
      let environment = environment(devices)
      let system = try environment.fileSystem("")
      #expect(
        system.writeObstacle == "arrays, logical volumes and loopback files are never written")
      #expect(throws: BlockError.readOnly) { try system.volume.write([1], at: 0) }
    }
  }

  /// GRUB's own readers of arrays and logical volumes, over the same images. Its RAID 6 with
  /// asymmetric layouts goes wrong where the parity is on the last member, and Debian's has no
  /// mirrors of LVM2, so they are not asked.
  @Test(
    arguments: [
      ("1.2", "0", "0", 3), ("1.2", "1", "0", 2), ("1.0", "1", "0", 2), ("1.1", "4", "0", 3),
      ("0.90", "5", "0", 4), ("1.2", "5", "1", 4), ("1.2", "5", "2", 4), ("1.2", "5", "3", 3),
      ("1.2", "6", "2", 5), ("1.2", "6", "3", 4), ("1.2", "10", "258", 3), ("1.2", "10", "513", 4),
      ("1.2", "10", "66049", 4), ("lvm", "linear", "", 1), ("lvm", "split", "", 2),
      ("lvm", "striped", "", 2),
    ])
  func grubReadsTheSame(_ kind: (metadata: String, level: String, layout: String, count: Int))
    throws
  {
    let text = (0..<60_000).map { "\($0)\n" }.joined()
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-numbers-\(UUID().uuidString)")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let data = try TestImage("guest-disk", "bare", "/numbers", "=\(file.path)").bytes()
    let images =
      kind.metadata == "lvm"
      ? try group(kind.count, "root:\(kind.level):@0", holding: data)
      : try MemberImages(
        "md", count: kind.count, data: [data],
        [kind.metadata, kind.level, kind.layout, "\(kind.count)", "@0", "chunk=65536"])
    let environment = environment(try images.devices())
    let device = environment.disks.name(of: try #require(environment.disks.mounted.first))
    for missing in [nil, kind.count - 1] {
      let isSpare = missing == nil || !["0", "linear", "split", "striped"].contains(kind.level)
      guard isSpare else { continue }
      let paths = images.paths.indices.filter { $0 != missing }.map { images.paths[$0] }
      let words = try HostTool.output(
        ["grub-fstest", "-c", "\(paths.count)"] + paths + ["cat", "(\(device.text))/numbers"])
      #expect(words == Array(text.utf8), "GRUB")
      let disks = try paths.indices.map { index in
        MemoryDevice(
          name: ByteString([0x78, 0x76, 0x64, 0x61 + UInt8(index)]),
          bytes: try #require(FileDevice(path: paths[index])).read(
            at: 0, count: Int(try #require(FileDevice(path: paths[index])).byteCount)))
      }
      let ours = try self.environment(disks).fileSystem(device)
        .contents("/numbers", limit: 1 << 20)
      #expect(ours == words)
    }
  }
}
