// SPDX-License-Identifier: GPL-2.0-or-later
import StubMachine
import Testing

@testable import BootEngine

/// Kernels that packages bring in /usr/lib/modules. /boot has a symbolic link, or a hard link or
/// copy (Debian from 7.x on, /usr/share/kernel/postinst.d/00-legacy-boot), which are plain files.
struct LinkedKernelTests {
  private static let target = "../usr/lib/modules/7.2/vmlinuz"
  private static let commands = "linux /boot/vmlinuz root=/dev/xvda1 quiet\ninitrd /boot/initrd.img"

  @Test func aLinkOnTheSameFileSystemIsFollowed() throws {
    let disk = try BootLab.disk(
      Self.commands,
      [
        ("/usr/lib/modules/7.2/vmlinuz", BootLab.elf.bytes), ("/boot/initrd-7.2", BootLab.initrd),
      ],
      links: [
        ("/boot/vmlinuz-7.2", Self.target), ("/boot/vmlinuz", "vmlinuz-7.2"),
        ("/boot/initrd.img", "initrd-7.2"),
      ])
    let lab = try BootLab(.pv, disks: [disk], ramdisk: BootLab.initrd)
    try lab.run()
    #expect(lab.failureLines == [])
    try WholeBootTests.expectPVGuest(lab)
  }

  /// The same files where /boot is a file system of its own: paths are without /boot.
  @Test func aLinkOutOfTheFileSystemIsNamed() throws {
    let disk = try BootLab.disk(
      "linux /vmlinuz-7.2 root=/dev/xvda2\ninitrd /initrd-7.2",
      [("/initrd-7.2", BootLab.initrd)], links: [("/vmlinuz-7.2", Self.target)])
    let lab = try BootLab(.pv, disks: [disk], ramdisk: BootLab.initrd)
    lab.machine.xen.after(400_000_000_000) { [unowned lab] in lab.machine.console.type([0x0d]) }
    try lab.run()
    #expect(lab.jumpAddress == nil && !lab.failureLines.isEmpty)
    #expect(
      lab.failureLines.allSatisfy {
        $0.contains("/vmlinuz-7.2: a link to \(Self.target), but /usr is not on this file system")
      }, "\(lab.failureLines)")
  }
}
