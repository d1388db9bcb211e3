// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import Foundation
import TestSupport
import Testing

@testable import pvgrub_tool

/// What `pvgrub-tool plan` says of images.
struct DiskPlanTests {
  static let uuid = "01234567-89ab-cdef-0123-456789abcdef"

  /// The plan of a disk made by `testimages/guest-disk.sh`, read from its file.
  func plan(
    _ layout: String, _ files: [String], extra: ByteString = ""
  ) throws -> DiskPlan<CachedDevice<ImageFile>> {
    let image = try TestImage("guest-disk", arguments: [layout] + files)
    let disk = CachedDevice(try DiskArgument(image.path, index: 0).open())
    return DiskPlan([GuestDisk(disk, isOptical: false)], options: HostOptions(extra))
  }

  /// An ELF file, as far as its first bytes tell.
  static let kernel = "\u{7f}ELF" + String(repeating: "k", count: 20)

  @Test func saysWhatBootsAndFromWhere() throws {
    let menu = """
      set timeout=3
      menuentry 'Debian' { linux /k root=/dev/xvda1
      initrd /i }
      """
    let plan = try plan(
      "msdos", ["/boot/grub/grub.cfg", menu, "/k", Self.kernel, "/i", "initrd"], extra: "what")
    #expect(plan.failure == nil)
    #expect(
      plan.lines.map { $0.text }.joined(separator: "\n") == """
        unknown word in extra=: what
        xvda: 2 MiB
          xvda1: ext4 'guest' \(Self.uuid)
          xvda2: no file system that is known here
        menu (hd0,msdos1)/boot/grub/grub.cfg, the default boots after 3 s
        *  Debian
             kernel /k root=/dev/xvda1
             initrd /i
        Loading xvda1: ext4: /k (24 bytes)
        Loading xvda1: ext4: /i (6 bytes)
        Starting: root=/dev/xvda1
        """)
  }

  @Test func namesTheMissingKernelOfTheDefault() throws {
    let plan = try plan("gpt", ["/boot/grub/menu.lst", "title t\nroot (hd0,0)\nkernel /none\n"])
    #expect(plan.failure == BootError(.wrongRequest, "t: xvda1: ext4: /none: not found"))
    #expect(plan.failure?.family.exitStatus == 1)
  }

  @Test func aFallbackBootsInPlaceOfTheDefault() throws {
    let menu = "default 0\nfallback 1\ntitle a\nkernel /none\ntitle b\nkernel /k x\n"
    let plan = try plan("bare", ["/boot/grub/menu.lst", menu, "/k", Self.kernel])
    #expect(plan.failure == nil)
    #expect(plan.files?.commandLine == "x")
    #expect(plan.lines.contains("a: xvda: ext4: /none: not found"))
  }

  @Test func whatIsNoKernelDoesNotBoot() throws {
    let menu = "title a\nkernel /k x y\n"
    for (text, message) in [
      ("neither this nor that", "not a kernel: neither a bzImage nor an ELF file"),
      ("MZ and then nothing at all", "a PE file"), ("text", "too short for a kernel: 4 bytes"),
    ] {
      let plan = try plan("bare", ["/boot/grub/menu.lst", menu, "/k", text])
      #expect(plan.files == nil)
      #expect(plan.failure?.message.text.contains(message) == true, "\(text)")
      #expect(plan.lines.contains("Starting: x y") == (text.count > 9))
    }
  }

  @Test func aFallbackBootsInPlaceOfWhatIsNoKernel() throws {
    let menu = "default 0\nfallback 1\ntitle a\nkernel /z\ntitle b\nkernel /k x\n"
    let plan = try plan(
      "bare",
      ["/boot/grub/menu.lst", menu, "/k", Self.kernel, "/z", String(repeating: "z", count: 99)])
    #expect(plan.failure == nil)
    #expect(plan.files?.commandLine == "x")
    #expect(
      plan.lines.contains("a: xvda: ext4: /z: not a kernel: neither a bzImage nor an ELF file"))
  }

  @Test func tellsTheDefaultsErrorAndThoseOfItsFallbacks() throws {
    let menu = "fallback 1\ntitle a\nkernel /none\ntitle b\nkernel /nil\n"
    let plan = try plan("bare", ["/boot/grub/menu.lst", menu])
    #expect(plan.failure?.message == "a: xvda: ext4: /none: not found")
    #expect(plan.lines.last == "b: xvda: ext4: /nil: not found")
  }

  @Test func aDiskWithoutAMenuIsAnError() throws {
    let plan = try plan("bare", ["/k", Self.kernel], extra: "(hd0,0)/m.lst")
    let message: ByteString = "no boot menu found (GRUB, syslinux, Boot Loader Specification)"
    #expect(plan.failure?.message == message)
    #expect(plan.lines.last == "xvda: ext4: /m.lst: not found")
  }

  @Test func aSubmenusEntryIsTheDefault() throws {
    let menu = "set default='1>0'\nmenuentry a { linux /a }\nsubmenu s { menuentry b { linux /k } }"
    let plan = try plan("bare", ["/boot/grub/grub.cfg", menu, "/k", Self.kernel])
    #expect(plan.files?.kernel.name == "xvda: ext4: /k")
  }

  @Test func familiesHaveTheirOwnExitStatus() {
    let families: [FailureFamily] = [.wrongRequest, .unsupported, .corrupt, .device]
    #expect(families.map { $0.exitStatus } == [1, 3, 4, 5])
  }
}

struct DiskArgumentTests {
  func argument(_ text: String, _ index: Int = 0) -> [String] {
    let disk = DiskArgument(text, index: index)
    return [disk.name.text, disk.path, disk.isOptical ? "optical" : "hard"]
  }

  @Test func namesDisksInTheirOrder() {
    #expect(argument("a.img") == ["xvda", "a.img", "hard"])
    #expect(argument("b.img", 1) == ["xvdb", "b.img", "hard"])
  }

  @Test func takesTheNameOfTheGuestConfig() {
    #expect(argument("xvda2=b.img") == ["xvda2", "b.img", "hard"])
    #expect(argument("hdc:cdrom=c=d.iso") == ["hdc", "c=d.iso", "optical"])
  }
}

struct ImageFileTests {
  @Test func readsInsideTheFileOnly() throws {
    let image = try TestImage("guest-disk", arguments: ["bare"])
    let file = try #require(ImageFile(path: image.path, name: "xvda"))
    #expect(file.byteCount == 1 << 20)
    #expect(try file.read(at: 1024 + 0x38, count: 2) == [0x53, 0xef])
    #expect(
      throws: BlockError.outOfRange(byteOffset: 1 << 20, byteCount: 1, deviceByteCount: 1 << 20)
    ) { try file.read(at: 1 << 20, count: 1) }
    #expect(ImageFile(path: image.path + ".none", name: "xvda") == nil)
  }

  @Test func aFileThatShrinksIsAReadError() throws {
    let image = try TestImage("guest-disk", arguments: ["bare"])
    let file = try #require(ImageFile(path: image.path, name: "xvda"))
    let handle = try #require(FileHandle(forWritingAtPath: image.path))
    try handle.truncate(atOffset: 4096)
    #expect(throws: BlockError.readFailed(sector: 8)) { try file.read(at: 4096, count: 512) }
  }
}
