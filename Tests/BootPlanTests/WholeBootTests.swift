// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Testing

/// From disks to the place of the kernel on them.
struct WholeBootTests {
  @Test(arguments: [
    (GuestImage.Layout.bare, ByteString("xvda"), ByteString("xvda")),
    (.bare, "xvda1", "xvda1"), (.msdos, "xvda", "xvda1"), (.gpt, "xvda", "xvda1"),
  ])
  func locatesWhatTheDefaultEntryNames(
    layout: GuestImage.Layout, disk: ByteString, volume: ByteString
  ) throws {
    let image = try GuestImage(layout)
    let environment = environment(image.disk(disk))
    let target = try #require(try environment.defaultTarget())
    #expect(target.commandLine == "root=/dev/xvda1 ro")
    let kernel = try environment.locate(target.kernel)
    #expect(kernel.name == "\(volume): ext4: /boot/vmlinuz")
    #expect(kernel.byteCount == 11)
    let initrd = try environment.locate(try #require(target.initrds.first))
    #expect(initrd.name == "\(volume): ext4: /boot/initrd.img")
    #expect(initrd.byteCount == 6)
    guard case .run(let offset, let count)? = kernel.extents.first else {
      Issue.record("no extent")
      return
    }
    #expect(
      try #require(kernel.volume).read(at: offset, count: Int(count)) == Array("the kernel!".utf8))
  }

  @Test func namesDiskFileSystemFileAndReasonOfAMissingKernel() throws {
    let menu = "menuentry x { linux /boot/vmlinuz }"
    let environment = environment(try GuestImage(.msdos, ["/boot/grub/grub.cfg", menu]).disk())
    let target = try #require(try environment.defaultTarget())
    #expect(throws: BootError(.wrongRequest, "xvda1: ext4: /boot/vmlinuz: not found")) {
      try environment.locate(target.kernel)
    }
  }

  @Test(arguments: [("kernel", "", "/i"), ("", "initrd", "/k")])
  func refusesAnEmptyFile(_ kernel: String, _ initrd: String, _ empty: String) throws {
    let menu = "menuentry x { linux /k\ninitrd /i }"
    let files = ["/boot/grub/grub.cfg", menu, "/k", kernel, "/i", initrd]
    let environment = environment(try GuestImage(.bare, files).disk())
    let target = try #require(try environment.defaultTarget())
    let found = message { () throws(BootError) in try environment.locate(target) }
    #expect(found.text == "xvda: ext4: \(empty): the file is empty")
  }

  @Test func addsInitrdsUpFromPageToPageWithinTheGuestsMemory() throws {
    let menu = "menuentry x { linux /k\ninitrd /k /k }"
    let files = ["/boot/grub/grub.cfg", menu, "/k", "kernel"]
    let environment = environment(try GuestImage(.bare, files).disk())
    let target = try #require(try environment.defaultTarget())
    let located = try environment.locate(target)
    #expect(try located.moduleByteCount(memoryByteCount: 4102) == 4102)
    #expect(
      message { () throws(BootError) in try located.moduleByteCount(memoryByteCount: 4101) }
        == "xvda: ext4: /k: 0 MiB do not fit into the guest's memory of 0 MiB")
  }

  @Test func namesWhatIsNotAFile() throws {
    let environment = environment(try GuestImage(.bare).disk())
    let file = MenuFile(device: "hd0", path: "/boot")
    #expect(throws: BootError(.wrongRequest, "xvda: ext4: /boot: not a file")) {
      try environment.locate(file)
    }
    #expect(
      environment.names(inDirectory: MenuFile(device: "hd0", path: "boot/grub"))?.names == [
        "grub.cfg"
      ])
    #expect(environment.names(inDirectory: MenuFile(device: "hd0", path: "/nothing")) == nil)
    #expect(environment.kind(of: file) == .directory)
  }

  @Test func bootsALegacyMenuOfAnImageWithoutPartitions() throws {
    let menu = "default 0\ntimeout 1\ntitle ec2\nroot (hd0,0)\nkernel /k console=hvc0\n"
    let files = ["/boot/grub/menu.lst", menu, "/k", "kernel"]
    let environment = environment(try GuestImage(.bare, files).disk("xvda1"))
    let target = try #require(try environment.defaultTarget())
    #expect(try environment.locate(target.kernel).name == "xvda1: ext4: /k")
  }

  @Test func namesTheFieldOfADamagedSuperblock() throws {
    let damaged = try GuestImage(.msdos).editing(0x18, 7)
    let environment = environment(damaged.disk())
    let expected: ByteString = "xvda1: ext4: superblock: log_block_size is 7"
    let found = message { () throws(BootError) in try environment.fileSystem("hd0,msdos1") }
    #expect(found == expected)
    #expect(
      MenuSearch(environment).inventory() == [
        "xvda: 2 MiB", "  \(expected)", "  xvda2: no file system that is known here",
      ])
  }

  @Test func aFormatIsNamedOnceInAnError() throws {
    // The root directory's inode is out of use: its mode is in the first inode table block.
    var image = try GuestImage(.bare)
    let table = 1024 * Int(image.bytes[2048 + 8])
    let inodeByteCount = Int(image.bytes[1024 + 0x58]) + Int(image.bytes[1024 + 0x59]) << 8
    for index in 0..<inodeByteCount { image.bytes[table + inodeByteCount + index] = 0 }
    let environment = environment(image.disk())
    let found = message { () throws(BootError) in
      try environment.locate(MenuFile(device: "hd0", path: "/boot/vmlinuz"))
    }
    #expect(found == "xvda: ext4: /boot/vmlinuz: inode 2 is not in use")
  }

  @Test func anUnreadableDiskIsNotCalledExt4() throws {
    let device = FaultyDisk()
    let disk = GuestDisk(device, isOptical: false)
    #expect(disk.failure?.message == "xvda: partition table: the disk backend has gone")
    #expect(disk.volumes[0].failure?.message == "xvda: the disk backend has gone")
  }
}

/// A disk whose backend has gone.
private final class FaultyDisk: BlockDevice {
  let name: ByteString = "xvda"
  let byteCount: UInt64 = 1 << 20
  let sectorByteCount = 512
  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    throw .disconnected
  }
}
