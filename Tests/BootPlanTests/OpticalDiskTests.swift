// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import TestSupport
import Testing

/// Disks with ISO 9660, and images that are optical disk and hard disk in one.
struct OpticalDiskTests {
  func disk(
    _ variant: String, name: ByteString = "xvda", isOptical: Bool = false
  ) throws -> GuestDisk<MemoryDevice> {
    let bytes = try TestImage("iso9660", variant).bytes()
    return GuestDisk(MemoryDevice(name: name, bytes: bytes), isOptical: isOptical)
  }

  /// The volume's name of the kernel that boots by default.
  func kernel(_ environment: Environment) throws -> ByteString? {
    guard let target = try environment.defaultTarget() else { return nil }
    return try environment.locate(target.kernel).name
  }

  @Test func anOpticalDiskBootsIfTheHardDiskHasNoMenu() throws {
    let hard = GuestDisk(
      MemoryDevice(name: "xvda", bytes: try GuestImage(.msdos, ["/x", "y"]).bytes),
      isOptical: false)
    let environment = environment(hard, try disk("rr", name: "xvdc", isOptical: true))
    #expect(try kernel(environment) == "xvdc: iso9660: /boot/vmlinuz")
    #expect(environment.deviceNames() == ["hd0", "hd0,msdos1", "hd0,msdos2", "cd0"])
    #expect(environment.device(having: .label("Test Label")) == "cd0")
    #expect(environment.device(having: .file("/boot/grub/grub.cfg")) == "cd0")
    let uuid = try #require(environment.disks.disks[1].volumes[0].fileSystem?.uuid)
    #expect(uuid.count == 22)
    #expect(environment.device(having: .fileSystemUUID(uuid)) == "cd0")
  }

  @Test(arguments: ["hybrid-mbr", "hybrid-offset", "hybrid-gpt", "hfsplus"])
  func ofAHybridImageTheWholeDiskIsTaken(variant: String) throws {
    let environment = environment(try disk(variant))
    #expect(try kernel(environment) == "xvda: iso9660: /boot/vmlinuz")
    #expect(environment.device(having: .label("Test Label")) == "hd0")
  }

  @Test func thePartitionsOfAHybridImageHaveNamesToo() throws {
    let offset = environment(try disk("hybrid-offset"))
    let same = try #require(offset.disks.position(named: "hd0,msdos1"))
    #expect(offset.disks[same].fileSystem?.formatName == "iso9660")
    // The system partition that comes with it is a file system of its own.
    let gpt = environment(try disk("hybrid-gpt"))
    let esp = try #require(gpt.disks.position(named: "hd0,gpt2"))
    #expect(gpt.disks[esp].fileSystem?.formatName == "fat12")
    #expect(gpt.device(having: .label("ESP")) == "hd0,gpt2")
  }

  /// A disk that held an image once and was partitioned since still has its descriptors.
  @Test func whatAnEarlierUseOfTheDiskLeftIsPassedOver() throws {
    var old = try TestImage("iso9660", "rr").bytes()
    old += [UInt8](repeating: 0, count: 1 << 20)
    var bytes = try GuestImage(.msdos).bytes
    let partition = 64 * 512
    // The partition of the recipe starts where the descriptors are: move it and its table after.
    let start = 1024
    let moved = Array(bytes[partition...])
    bytes = Array(bytes[..<512]) + Array(old[512..<start * 512]) + moved
    for slot in 0..<2 {
      let entry = 446 + 16 * slot
      let first = Int(bytes[entry + 8]) | Int(bytes[entry + 9]) << 8
      let next = first - 64 + start
      (bytes[entry + 8], bytes[entry + 9]) = (
        UInt8(truncatingIfNeeded: next), UInt8(truncatingIfNeeded: next >> 8)
      )
    }
    let environment = environment(
      GuestDisk(MemoryDevice(name: "xvda", bytes: bytes), isOptical: false))
    #expect(try kernel(environment) == "xvda1: ext4: /boot/vmlinuz")
    #expect(environment.disks.disks[0].volumes[0].fileSystem == nil)
    // Optical disks are not repartitioned.
    let drive = GuestDisk(MemoryDevice(name: "xvdc", bytes: bytes), isOptical: true)
    #expect(drive.volumes[0].fileSystem?.formatName == "iso9660")
    #expect(
      environment.disks.disks[0].volumes[0].failure?.message
        == "xvda: an ISO 9660 file system from before it was partitioned is passed over")
  }

  @Test func theInventoryTellsOfBootImagesAndOfUDF() throws {
    let optical = environment(try disk("eltorito", name: "xvdc", isOptical: true))
    let lines = MenuSearch(optical).inventory()
    #expect(lines.contains { $0.hasPrefix("    El Torito: BIOS image at byte ") })
    #expect(lines.contains { $0.hasPrefix("    El Torito: UEFI image at byte ") })
    let bridge = environment(try disk("udf"))
    #expect(MenuSearch(bridge).inventory().contains { $0.hasPrefix("  xvda: udf ") })
  }

  @Test func kernelsAreReadFromFAT() throws {
    let bytes = try TestImage("fat", "fat16").bytes()
    let environment = environment(
      GuestDisk(MemoryDevice(name: "xvda1", bytes: bytes), isOptical: false))
    #expect(environment.device(having: .fileSystemUUID("1234-abcd")) == "hd0")
    #expect(environment.device(having: .label("TEST LABEL")) == "hd0")
    let file = try environment.locate(
      MenuFile(device: "hd0", path: "/BOOT/vmlinuz-6.1.0-13-amd64"))
    #expect(file.byteCount == 100_001)
    #expect(file.name == "xvda1: fat16: /BOOT/vmlinuz-6.1.0-13-amd64")
    #expect(
      message { () throws(BootError) in
        try environment.locate(MenuFile(device: "hd0", path: "/boot/missing"))
      } == "xvda1: fat16: /boot/missing: not found")
  }

  @Test func aNameInABootSectorDoesNotMakeAFATAnExFAT() throws {
    var bytes = try TestImage("fat", "small12").bytes()
    bytes.replaceSubrange(3..<11, with: Array("EXFAT   ".utf8))
    var disk = GuestDisk(MemoryDevice(name: "xvda1", bytes: bytes), isOptical: false)
    #expect(disk.volumes[0].fileSystem?.formatName == "fat12")
    bytes.replaceSubrange(3..<11, with: Array("NTFS    ".utf8))
    disk = GuestDisk(MemoryDevice(name: "xvda1", bytes: bytes), isOptical: false)
    #expect(disk.volumes[0].failure?.message == "xvda1: fat: NTFS is not supported")
  }

  @Test func kernelsAreReadFromExFAT() throws {
    let bytes = try TestImage("exfat", "small").bytes()
    let environment = environment(
      GuestDisk(MemoryDevice(name: "xvda1", bytes: bytes), isOptical: false))
    #expect(environment.device(having: .fileSystemUUID("1234-abcd")) == "hd0")
    #expect(environment.device(having: .label("A label")) == "hd0")
    let file = try environment.locate(MenuFile(device: "hd0", path: "/ROW/more-numbers"))
    #expect(file.name == "xvda1: exfat: /ROW/more-numbers")
  }
}
