// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import FakeMachine
import StubMachine
import TestSupport
import Testing

@testable import BootEngine

/// PVH guests of 64 MiB with something that is no memory from 16 to 17 MiB, where Linux wants to
/// be. libxl makes no such map; Xen's builder of a PVH dom0 meets them, and moves its kernel.
struct MovedKernelTests {
  private static let hole: FrameRange = 0x1000..<0x1100

  /// The note PHYS32_RELOC.
  private static func note(_ words: UInt32...) -> [UInt8] {
    Notes.make(
      19, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
  }

  private static func elf(_ notes: [UInt8]) -> ELFBuilder {
    .linux(textByteCount: 200_000, notes: Notes.linux + notes)
  }

  private static func lab(_ kernel: [UInt8]) throws -> BootLab {
    let disk = try BootLab.disk(
      "linux /boot/vmlinuz root=/dev/xvda1 quiet\ninitrd /boot/initrd.img",
      [("/boot/vmlinuz", kernel), ("/boot/initrd.img", BootLab.initrd)])
    return try BootLab(.pvh, disks: [disk], ramdisk: BootLab.initrd, hole: hole)
  }

  /// The guest finds the kernel at `start` in place of 16 MiB, and is entered there.
  private static func expectGuest(_ lab: BootLab, _ elf: ELFBuilder, at start: UInt64) throws {
    let jumpAddress = lab.jumpAddress
    let address = try #require(jumpAddress, "no boot: \(lab.text)")
    let guest = try RebuiltPVH(lab.machine, jumpAddress: address)
    #expect(guest.entry == start + 0x320)
    for segment in elf.segments where segment.type == 1 {
      let bytes = Array(
        elf.bytes[Int(segment.fileOffset)..<Int(segment.fileOffset + segment.fileByteCount)])
      let place = start + (segment.physicalAddress - 0x100_0000)
      #expect(guest.bytes(at: place, count: bytes.count) == bytes)
      let rest = Int(segment.memoryByteCount - segment.fileByteCount)
      #expect(
        guest.bytes(at: place + segment.fileByteCount, count: rest).allSatisfy { $0 == 0 })
    }
    let module = guest.number(at: guest.number(at: guest.argument + 16))
    #expect(guest.bytes(at: module, count: lab.ramdisk.count) == lab.ramdisk)
    #expect(lab.machine.complaints == [])
    #expect(
      lab.text.contains("the kernel is moved from 0x1000000 to 0x\(String(start, radix: 16))"))
  }

  @Test(arguments: [PayloadFormat.uncompressed, .gzip, .xz, .zstd])
  func aKernelGoesWhereItsNoteAllows(format: PayloadFormat) throws {
    let elf = Self.elf(Self.note(0x20_0000, 0x100_0000, 0x3fff_ffff))
    let file =
      format == .uncompressed
      ? elf.bytes : ELFBuilder.bzImage(try Packer.payload(elf.bytes, format))
    let lab = try Self.lab(file)
    try lab.run()
    #expect(lab.failureLines == [])
    try Self.expectGuest(lab, elf, at: 0x120_0000)
  }

  /// 18 MiB was presumed, and is not what the note allows; then the kernel is read once more.
  @Test func aKernelWithAnotherAlignmentIsReadTwice() throws {
    let elf = Self.elf(Self.note(0x100_0000, 0, 0x3fff_ffff))
    let lab = try Self.lab(elf.bytes)
    try lab.run()
    #expect(lab.failureLines == [])
    try Self.expectGuest(lab, elf, at: 0x200_0000)
  }

  /// No note; a highest address below what it takes; only addresses that are no memory; part of a
  /// page; an alignment that is none.
  @Test(arguments: [
    [], note(0x20_0000, 0x100_0000, 0x110_0000), note(0x20_0000, 0x1000_0000, 0x3fff_ffff),
    note(2048, 0, 0x10_ffff), note(0x30_0000, 0, 0x3fff_ffff),
  ])
  func aKernelThatCanBeNowhereIsNamedWithItsAddress(note: [UInt8]) throws {
    let lab = try Self.lab(Self.elf(note).bytes)
    lab.machine.xen.after(400_000_000_000) { [unowned lab] in lab.machine.console.type([0x0d]) }
    try lab.run()
    let reason = "which is no memory of this guest"
    #expect(lab.failureLines.count >= 1)
    #expect(
      lab.failureLines.allSatisfy {
        $0.contains("/boot/vmlinuz: ") && $0.contains("0x1000000, \(reason)")
      }, "\(lab.failureLines)")
    #expect(lab.accountedAfterFailure == lab.accountedAtStart, "no frame is lost")
  }
}
