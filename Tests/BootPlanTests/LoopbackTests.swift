// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BootPlan

/// Files that menus make disks.
struct LoopbackTests {
  /// A file system with `image` in it, and a menu that boots from there.
  private func environment(
    _ image: [UInt8], menu: String = "", more: [String] = []
  ) throws -> Environment {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-loop-\(UUID().uuidString)")
    try Data(image).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let bytes = try TestImage(
      "guest-disk",
      arguments: ["bare", "/images/live.iso", "=\(file.path)", "/boot/grub/grub.cfg", menu] + more
    ).bytes()
    return BootPlanTests.environment(
      GuestDisk(MemoryDevice(name: "xvda", bytes: bytes), isOptical: false))
  }

  private static let isoMenu = """
    search --no-floppy --label --set=root guest
    menuentry 'live' {
      loopback loop /images/live.iso
      set root=(loop)
      linux /boot/vmlinuz findiso=/images/live.iso
    }
    """

  @Test func aGuestBootsFromAnOpticalImageOnItsDisk() throws {
    let image = try TestImage("iso9660", "rr").bytes()
    let environment = try environment(image, menu: Self.isoMenu)
    let target = try #require(try environment.defaultTarget())
    #expect(target.commandLine == "findiso=/images/live.iso")
    let kernel = try environment.locate(target.kernel)
    #expect(kernel.name == "loop: iso9660: /boot/vmlinuz")
    // Straight from the disk: the image's bytes are where the outer file system has them.
    #expect(try #require(kernel.volume).devices.map { $0.name } == ["xvda"])
    let bytes = try kernel.contents(at: 0, countMax: 1 << 20)
    let alone = BootPlanTests.environment(
      GuestDisk(MemoryDevice(name: "xvdc", bytes: image), isOptical: true))
    #expect(bytes == (try alone.locate(target.kernelOn("cd0")).contents(at: 0, countMax: 1 << 20)))
    #expect(environment.property(.driver, of: "loop") == "loopback")
  }

  @Test func anImageOfADiskHasPartitions() throws {
    let inner = try GuestImage(.gpt).bytes
    let environment = try environment(inner)
    #expect(environment.addLoopDevice(name: "loop0", file: file))
    #expect(environment.deviceNames() == ["hd0", "loop0", "loop0,gpt1", "loop0,gpt2"])
    #expect(
      environment.contents(
        of: MenuFile(device: "loop0,gpt1", path: "/boot/vmlinuz"), byteCountMax: 99)
        == "the kernel!")
    #expect(
      environment.device(having: .partitionUUID("AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"))
        == "loop0,gpt1")
    #expect(environment.removeLoopDevice(name: "loop0"))
    #expect(!environment.removeLoopDevice(name: "loop0"))
    #expect(environment.deviceNames() == ["hd0"])
  }

  private let file = MenuFile(device: "hd0", path: "/images/live.iso")

  @Test func anImageInsideAnImageIsADisk() throws {
    let inner = try GuestImage(.bare).bytes
    let outer = try #require(
      try environment(inner).disks.disks.first.map { disk in
        try disk.whole.read(at: 0, count: Int(disk.whole.byteCount))
      })
    let environment = try environment(outer)
    #expect(environment.addLoopDevice(name: "a", file: file))
    #expect(
      environment.addLoopDevice(
        name: "b", file: MenuFile(device: "a", path: "/images/live.iso")))
    #expect(
      environment.contents(of: MenuFile(device: "b", path: "/boot/vmlinuz"), byteCountMax: 99)
        == "the kernel!")
  }

  @Test func aHoleInAnImageReadsAsZeros() throws {
    let environment = try environment([1, 2, 3] + [UInt8](repeating: 0, count: 100_000) + [4])
    #expect(environment.addLoopDevice(name: "loop", file: file))
    let whole = try #require(environment.disks.disks.last).whole
    #expect(whole.byteCount == 100_004)
    #expect(try whole.read(at: 99_999, count: 5) == [0, 0, 0, 0, 4])
    #expect(whole.sectorByteCount == 512)
  }

  @Test func aNameIsTakenByTheLastOneAndNotFromADisk() throws {
    let environment = try environment(
      try GuestImage(.bare).bytes, more: ["/small", String(repeating: "x", count: 2000)])
    #expect(environment.addLoopDevice(name: "loop", file: file))
    #expect(
      environment.addLoopDevice(name: "loop", file: MenuFile(device: "hd0", path: "/small")))
    #expect(environment.deviceNames() == ["hd0", "loop"])
    #expect(environment.disks.disks.last?.whole.byteCount == 2000)
    #expect(!environment.addLoopDevice(name: "hd0", file: file))
    #expect(environment.deviceNames() == ["hd0", "loop"])
    // The menu that is looked for is not one of a loopback file.
    #expect(MenuSearch(environment).find().menu == nil)
  }

  @Test func thereIsALimitOfFilesThatAreDisks() throws {
    let environment = try environment([0])
    for number in 0..<VolumeStackLimits.loopbackCountMax {
      #expect(environment.addLoopDevice(name: "loop\(number)", file: file))
    }
    #expect(!environment.addLoopDevice(name: "more", file: file))
    #expect(
      message { () throws(BootError) in try environment.fileSystem("more") }
        == "(more): the name is taken, or there are too many")
    #expect(environment.addLoopDevice(name: "loop3", file: file))
  }

  @Test func whyAFileIsNoDiskIsTold() throws {
    let environment = try environment([0])
    #expect(
      !environment.addLoopDevice(name: "loop", file: MenuFile(device: "hd0", path: "/none")))
    let told = message { () throws(BootError) in try environment.fileSystem("loop,msdos1") }
    #expect(told == "xvda: ext4: /none: not found")
    let packed = LocatedFile(
      name: "xvda: squashfs: /live.iso", volume: environment.disks.disks[0].whole,
      extents: [
        .encoded(
          try #require(
            EncodedExtent(
              .zlib, stored: [.inline([1])], decodedByteCount: 9, byteCount: 9)))
      ], byteCount: 9)
    #expect(
      message { () throws(BootError) in try LoopbackFile.volume("loop", packed) }
        == "xvda: squashfs: /live.iso: a packed file can't be a disk")
    let outside = LocatedFile(
      name: "xvda: fat: /live.iso", volume: environment.disks.disks[0].whole,
      extents: [.run(byteOffset: .max, byteCount: 1)], byteCount: 1)
    #expect(
      message { () throws(BootError) in try LoopbackFile.volume("loop", outside) }
        == "xvda: fat: /live.iso: a piece of it is outside its file system")
  }
}

extension BootTarget {
  /// The kernel's path on another device.
  fileprivate func kernelOn(_ device: ByteString) -> MenuFile {
    MenuFile(device: device, path: kernel.path)
  }
}
