// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import DomainBuilder
import FakeDom0
import FakeMachine
import StubMachine
import TestSupport
import Testing

@testable import BootEngine

/// A whole boot, from the search for a menu to the kernel's first instruction: the real readers,
/// decoders, planners and frontends, on a machine of ordinary memory with a fake dom0 behind it.
struct WholeBootTests {
  static let kernels: [BootLab.Kernel] =
    [.elf] + ["gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd"].map { .bzImage($0) }
    + ["gzip", "lz4", "zstd"].map { .sparse($0) }

  /// What the file of the kernel says must be at physical addresses.
  static func kernelSegments(_ elf: ELFBuilder) -> [(address: UInt64, bytes: [UInt8])] {
    let file = elf.bytes
    return elf.segments.filter { $0.type == 1 }.map { segment in
      let start = Int(segment.fileOffset)
      let part = file[start..<start + Int(segment.fileByteCount)]
      let bss = Int(segment.memoryByteCount - segment.fileByteCount)
      return (segment.physicalAddress, Array(part) + [UInt8](repeating: 0, count: bss))
    }
  }

  @Test(arguments: kernels)
  func aPVGuestIsEnteredAsItsNotesSay(kernel: BootLab.Kernel) throws {
    let lab = try BootLab(.pv, kernel)
    try lab.run()
    try Self.expectPVGuest(lab)
    #expect(lab.failureLines == [])
  }

  @Test(arguments: kernels)
  func aPVHGuestIsEnteredAsItsNoteSays(kernel: BootLab.Kernel) throws {
    let lab = try BootLab(.pvh, kernel)
    try lab.run()
    try Self.expectPVHGuest(lab)
    #expect(lab.failureLines == [])
  }

  @Test(arguments: [DomainMode.pv, .pvh])
  func aModuleOfTheHostFollowsTheGuestsOwnRamdisk(mode: DomainMode) throws {
    // The magic of a cpio archive.
    let module = Array("070701".utf8) + ELFBuilder.pattern(9000, seed: 77)
    let lab = try BootLab(mode, module: module)
    try lab.run()
    let start = (BootLab.initrd.count + 4095) / 4096 * 4096
    let address = try #require(lab.jumpAddress)
    let found: [UInt8]
    if mode == .pv {
      let guest = try RebuiltPV(lab.machine, jumpAddress: address)
      let info = try guest.startInfo()
      found = guest.bytes(frame: info.moduleStart, count: start + module.count)
    } else {
      let guest = try RebuiltPVH(lab.machine, jumpAddress: address)
      let list = guest.number(at: guest.argument + 16)
      found = guest.bytes(at: guest.number(at: list), count: start + module.count)
    }
    #expect(Array(found[..<BootLab.initrd.count]) == BootLab.initrd)
    #expect(Array(found[start...]) == module)
  }

  /// An initrd of initramfs-tools 0.151: modules in an archive that is not packed, zeros up to a
  /// sector's end, and a packed archive.
  @Test(arguments: [DomainMode.pv, .pvh])
  func anInitrdOfSeveralPartsArrivesByteForByte(mode: DomainMode) throws {
    let archive = Array("070701".utf8) + ELFBuilder.pattern(70_001, seed: 4)
    let zeros = [UInt8](repeating: 0, count: 512 - archive.count % 512 + 5 * 4096)
    let initrd =
      archive + zeros + (try Packer.pack(ELFBuilder.pattern(50_000, seed: 5), .zstd)) + [0, 0, 0]
    let disk = try BootLab.disk(
      "linux /boot/vmlinuz root=/dev/xvda1 quiet\ninitrd /boot/initrd.img",
      [("/boot/vmlinuz", BootLab.elf.bytes), ("/boot/initrd.img", initrd)])
    let lab = try BootLab(mode, disks: [disk], ramdisk: initrd)
    try lab.run()
    try FaultTests.expectGuest(lab, mode)
  }

  @Test func theHostMayStartABzImageAsItIs() throws {
    let lab = try BootLab(.pvh, .bzImage("lz4"), extra: "pvh=bzimage")
    try lab.run()
    let guest = try RebuiltPVH(lab.machine, jumpAddress: try #require(lab.jumpAddress))
    #expect(guest.is64Bit)
    // boot_params: setup_header.ramdisk_image and ramdisk_size (Linux's zero-page.rst).
    let ramdisk = UInt64(guest.number32(at: guest.argument + 0x218))
    #expect(guest.number32(at: guest.argument + 0x21c) == UInt32(BootLab.initrd.count))
    #expect(guest.bytes(at: ramdisk, count: BootLab.initrd.count) == BootLab.initrd)
  }

  @Test func theToolstackMayEndTheDomainWhileFilesAreRead() throws {
    let lab = try BootLab(.pv)
    lab.disk.onRequest = { [unowned lab] count in
      if count == 9 { lab.machine.store.set(FakeStore.home + "/control/shutdown", "poweroff") }
    }
    try lab.run()
    guard case .end(.powerOff)? = lab.outcome else {
      Issue.record("the domain went on: \(lab.text)")
      return
    }
    #expect(lab.machine.xen.usedGrantCount == 0)
    #expect(lab.machine.complaints == [])
  }

  @Test func aGuestThatIsTooSmallIsToldHowMuchItNeeds() throws {
    // 20 MiB: the kernel's last page is at 18 MiB.
    let lab = try BootLab(.pv, extra: "onfail=poweroff:30", frameCount: 5120)
    lab.isAttended = false
    try lab.run()
    #expect(lab.failureLines.allSatisfy { $0.contains("MiB") })
    #expect(!lab.failureLines.isEmpty)
    guard case .end(.powerOff)? = lab.outcome else {
      Issue.record("the domain went on: \(lab.text)")
      return
    }
  }

  // MARK: What a guest must find

  static func expectPVGuest(_ lab: BootLab) throws {
    // By itself: a failed expectation would print all of the machine's memory.
    let jumpAddress = lab.jumpAddress
    let address = try #require(jumpAddress, "no boot: \(lab.text)")
    let guest = try RebuiltPV(lab.machine, jumpAddress: address)
    #expect(guest.entry == ELFBuilder.linuxBase + 0x100_0100)
    #expect(lab.machine.pinned.contains(guest.rootMachineFrame))
    #expect(guest.oldRootMachineFrame == FakeMachine.machineFrame(lab.machine.tableFrames[0]))
    for (address, bytes) in kernelSegments(lab.elf) {
      #expect(guest.bytes(at: ELFBuilder.linuxBase + address, count: bytes.count) == bytes)
    }
    let info = try guest.startInfo()
    #expect(info.commandLine == BootLab.commandLine)
    #expect(info.pageCount == lab.machine.entry.frameCount)
    #expect(info.moduleByteCount == UInt64(lab.ramdisk.count))
    #expect(info.flags & StartInfo.flagModuleStartPFN != 0)
    #expect(
      guest.bytes(frame: info.moduleStart, count: lab.ramdisk.count) == lab.ramdisk)
    #expect(info.storeFrame == FakeMachine.machineFrame(lab.machine.entry.store.frame))
    let list = try #require(
      guest.bytes(at: info.p2mAddress, count: lab.machine.p2m.count * 8))
    let numbers = list.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) }
    #expect(numbers == lab.machine.p2m)
    #expect(Set(numbers).count == numbers.count, "a machine frame has two numbers")
    #expect(guest.translate(guest.stackPointer - 1)?.entry ?? 0 & 2 != 0)
    #expect(guest.fpuState == FakeMachine.fpuState)
    expectClean(lab)
  }

  static func expectPVHGuest(_ lab: BootLab) throws {
    // By itself: a failed expectation would print all of the machine's memory.
    let jumpAddress = lab.jumpAddress
    let address = try #require(jumpAddress, "no boot: \(lab.text)")
    let guest = try RebuiltPVH(lab.machine, jumpAddress: address)
    #expect(guest.entry == 0x100_0320)
    #expect(!guest.is64Bit)
    #expect(guest.fpuState == FakeMachine.fpuState)
    for (address, bytes) in kernelSegments(lab.elf) {
      #expect(guest.bytes(at: address, count: bytes.count) == bytes)
    }
    // struct hvm_start_info: magic, version, flags, nr_modules, modlist, cmdline, rsdp, memmap.
    let info = guest.argument
    #expect(guest.number32(at: info) == 0x336e_c578)
    #expect(guest.number32(at: info + 12) == 1)
    let list = guest.number(at: info + 16)
    #expect(guest.number(at: list + 8) == UInt64(lab.ramdisk.count))
    #expect(
      guest.bytes(at: guest.number(at: list), count: lab.ramdisk.count) == lab.ramdisk)
    #expect(guest.text(at: guest.number(at: info + 24)) == BootLab.commandLine)
    #expect(guest.number(at: info + 32) == lab.machine.entry.rsdpAddress)
    expectClean(lab)
  }

  /// Nothing of the loader is left in dom0, and it did nothing that no domain may do.
  static func expectClean(_ lab: BootLab) {
    #expect(lab.machine.isStopped)
    #expect(lab.machine.complaints == [])
    #expect(lab.machine.xen.complaints == [])
    #expect(lab.machine.xen.usedGrantCount == 0)
    #expect(lab.machine.store.watches.isEmpty)
    #expect(lab.disk.state == "2", "the next kernel finds the disk's backend waiting")
  }
}
