// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import TestSupport
import Testing

@testable import BootPlan

/// `btrfs-mount-subvol` of SUSE's GRUB.
struct SubvolumeMountTests {
  private func world(_ files: [String]) throws -> Environment {
    let image = try TestImage("btrfs-files", arguments: files)
    return environment(
      GuestDisk(MemoryDevice(name: "xvda", bytes: try image.bytes()), isOptical: false))
  }

  private static let files = [
    "/boot/grub2/grub.cfg",
    """
    set btrfs_relative_path="y"
    export btrfs_relative_path
    btrfs-mount-subvol ($root) /boot/grub2/x86_64-efi/ /@/boot/grub2/x86_64-efi
    if [ -f /boot/grub2/x86_64-efi/command.lst ]; then source /boot/grub2/x86_64-efi/inner.cfg; fi
    menuentry other { linux /boot/vmlinuz; }
    """, "/boot/grub2/x86_64-efi/hidden", "x", "/boot/grub2/x86_64-efi2/own", "y",
    "/@/boot/grub2/x86_64-efi/command.lst", "commands",
    "/@/boot/grub2/x86_64-efi/inner.cfg", "menuentry inner { linux /boot/vmlinuz inner; }\n",
    "/@/boot/grub2/x86_64-efi/deep/file", "z", "/boot/vmlinuz", "k",
  ]

  @Test func theDirectoryLeadsToTheSubvolume() throws {
    let world = try world(Self.files)
    #expect(try world.defaultTarget()?.commandLine == "inner")
    let directory = MenuFile(device: "hd0", path: "/boot/grub2/x86_64-efi")
    #expect(
      world.names(inDirectory: directory)?.names.map { $0.text }.sorted()
        == ["command.lst", "deep", "inner.cfg"])
    func kind(_ path: ByteString) -> MenuFileKind? {
      world.kind(of: MenuFile(device: "hd0", path: path))
    }
    #expect(kind("/boot/grub2/x86_64-efi/deep/file") == .file(byteCount: 1))
    #expect(kind("/boot/grub2/x86_64-efi/hidden") == nil)
    #expect(kind("/boot/grub2/x86_64-efi2/own") == .file(byteCount: 1))
    #expect(kind("/boot/grub2/x86_64-efi") == .directory)
    #expect(
      try world.locate(MenuFile(device: "hd0", path: "/boot/grub2/x86_64-efi/command.lst")).name
        == "xvda: btrfs: /@/boot/grub2/x86_64-efi/command.lst")
  }

  @Test func theInnermostDirectoryCounts() throws {
    let world = try world(["/a/b/x", "1", "/s/b/y", "2", "/s2/z", "3"])
    let file = { (path: ByteString) in MenuFile(device: "hd0", path: path) }
    #expect(world.mountSubvolume("/s2", on: file("/a/b")) == nil)
    #expect(world.mountSubvolume("s", on: file("/a")) == nil)
    #expect(world.kind(of: file("/a/b/z")) == .file(byteCount: 1))
    #expect(world.kind(of: file("/a/b/y")) == nil)
    #expect(world.mountSubvolume("/", on: file("/a/b")) == nil)
    #expect(world.kind(of: file("/a/b/s2/z")) == .file(byteCount: 1))
    #expect(world.kind(of: file("/a/b")) == .directory)
  }

  @Test func whatIsNotPossibleIsNamed() throws {
    let world = try world(["/a/x", "1"])
    func failure(_ subvolume: ByteString, _ path: ByteString) -> ByteString? {
      world.mountSubvolume(subvolume, on: MenuFile(device: "hd0", path: path))
    }
    #expect(failure("/none", "/a") == "xvda: btrfs: /none: not found")
    #expect(failure("/a/x", "/a") == "xvda: btrfs: /a/x: not a directory")
    let other = environment(try GuestImage(.msdos).disk())
    #expect(
      other.mountSubvolume("/", on: MenuFile(device: "hd0,msdos1", path: "/boot"))
        == "xvda1: ext4: no btrfs")
    let script = "btrfs-mount-subvol a b\nmenuentry x { true; }"
    let menu = try MenuInterpreter(environment: world).menu(
      ByteString(Array(script.utf8)), file: MenuFile(device: "hd0", path: "/x.cfg"),
      format: .grub2)
    #expect(
      menu.warnings.first?.message.hasSuffix("device, directory and subvolume expected") == true)
  }
}
