// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import FakeDom0
import FakeMachine
import Foundation
import StubMachine
import TestSupport
import Testing

@testable import BootEngine

/// Boots from file systems that no device can read straight into frames: files are packed, or lie
/// at odd bytes of a sector.
struct PackedDiskTests {
  static let modes = [DomainMode.pv, .pvh]

  /// A SquashFS on the whole disk.
  private static func disk(_ options: [String]) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let menu = folder.appendingPathComponent("root/boot/grub")
    try FileManager.default.createDirectory(at: menu, withIntermediateDirectories: true)
    let boot = folder.appendingPathComponent("root/boot")
    let text = """
      set timeout=0
      menuentry 'Debian' {
        linux /boot/vmlinuz \(BootLab.commandLine.text)
        initrd /boot/initrd.img
      }
      """
    try Data(text.utf8).write(to: menu.appendingPathComponent("grub.cfg"))
    try Data(BootLab.elf.bytes).write(to: boot.appendingPathComponent("vmlinuz"))
    try Data(BootLab.initrd).write(to: boot.appendingPathComponent("initrd.img"))
    let image = folder.appendingPathComponent("disk").path
    _ = try HostTool.output(
      ["mksquashfs", folder.path + "/root", image, "-quiet", "-no-progress"] + options)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: image)))
    return bytes + [UInt8](repeating: 0, count: (4096 - bytes.count % 4096) % 4096)
  }

  /// Blocks of 128 KiB, packed.
  static let packed = Result { try disk(["-comp", "zstd"]) }
  /// Blocks as they are, one after the other from byte 96 on.
  static let plain = Result { try disk(["-noD", "-noF"]) }

  static func lab(_ mode: DomainMode, _ disk: Result<[UInt8], any Error>) throws -> BootLab {
    try BootLab(mode, disks: [try disk.get()], ramdisk: BootLab.initrd)
  }

  @Test(arguments: modes)
  func packedFilesBecomeKernelAndRamdisk(mode: DomainMode) throws {
    let lab = try Self.lab(mode, Self.packed)
    try lab.run()
    #expect(lab.failureLines == [])
    try FaultTests.expectGuest(lab, mode)
  }

  @Test(arguments: modes)
  func filesAtOddBytesBecomeKernelAndRamdisk(mode: DomainMode) throws {
    let lab = try Self.lab(mode, Self.plain)
    try lab.run()
    #expect(lab.failureLines == [])
    try FaultTests.expectGuest(lab, mode)
  }

  /// One in 41: there is a call for each page that is filled.
  @Test(arguments: modes)
  func refusedCallsLeadBackToTheMenu(mode: DomainMode) throws {
    let quiet = try Self.lab(mode, Self.packed)
    try quiet.run()
    let failed = try FaultTests.sweep(
      "refused call, packed", stride(from: 1, through: quiet.machine.callCount, by: 41), mode,
      make: { try Self.lab(mode, Self.packed) },
      inject: { lab, number in lab.machine.refusedCall = number })
    #expect(failed > 3)
  }

  /// One in four: there is a request for each 64 KiB.
  @Test(arguments: modes)
  func badSectorsLeadBackToTheMenu(mode: DomainMode) throws {
    let quiet = try Self.lab(mode, Self.plain)
    try quiet.run()
    let failed = try FaultTests.sweep(
      "request, odd bytes", stride(from: 1, through: quiet.disk.requestCount, by: 4), mode,
      make: { try Self.lab(mode, Self.plain) },
      inject: { lab, number in lab.disk.lies.breakingRequest = number },
      repair: { lab in
        lab.disk.lies.badSectors = 0..<0
        lab.disk.lies.breakingRequest = 0
      })
    #expect(failed > 0)
  }
}
