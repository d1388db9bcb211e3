// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation
import TestSupport
import Testing

/// What `chainloader` leads to on a guest's disk.
struct ChainloaderTests {
  private let image: [PortableExecutable.Section] = [
    .init(".linux", "the kernel"), .init(".cmdline", "its own"), .init(".initrd", "disk"),
    .init(".osrel", "ID=ubuntu-core\n"),
  ]

  private func environment(_ program: [UInt8], _ menu: String) throws -> Environment {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-" + UUID().uuidString).path
    try Data(program).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return BootPlanTests.environment(
      try GuestImage(
        .gpt,
        [
          "/EFI/ubuntu/grub.cfg", menu, "/EFI/ubuntu/kernel.efi", "=" + path,
          "/EFI/ubuntu/initrd.img", "more",
        ]
      ).disk())
  }

  /// The menu of an Ubuntu Core that runs, as far as it matters here.
  private let ubuntuCore = """
    set default=0
    set kernel=kernel.efi
    set cmdline_args="console=hvc0 panic=-1"
    if [ -e $prefix/$kernel ]; then
    menuentry "Run Ubuntu Core" {
        chainloader $prefix/$kernel snapd_recovery_mode=run $cmdline_args
    }
    fi
    """

  @Test func aUnifiedKernelImageStartsWithTheMenusOptionsAsItsCommandLine() throws {
    let environment = try environment(PortableExecutable(image).bytes, ubuntuCore)
    let files = try environment.locate(try #require(try environment.defaultTarget()))
    #expect(files.commandLine == "snapd_recovery_mode=run console=hvc0 panic=-1")
    #expect(files.kernel.name == "xvda1: ext4: /EFI/ubuntu/kernel.efi (.linux)")
    #expect(files.initrds.map { $0.byteCount } == [4])
  }

  @Test func withoutOptionsItHasItsOwn() throws {
    let environment = try environment(
      PortableExecutable(image).bytes, "menuentry x { chainloader /EFI/ubuntu/kernel.efi; boot; }")
    let files = try environment.locate(try #require(try environment.defaultTarget()))
    #expect(files.commandLine == "its own")
  }

  @Test func itIsTheSameAsLinuxOnTheSameFile() throws {
    let program = PortableExecutable(image).bytes
    let chained = try environment(
      program, "menuentry x { chainloader /EFI/ubuntu/kernel.efi a b; }")
    let linux = try environment(program, "menuentry x { linux /EFI/ubuntu/kernel.efi a b; }")
    #expect(try chained.defaultTarget() == linux.defaultTarget())
  }

  @Test func aKernelOfItsOwnTakesItsRamdiskFromItsCommandLine() throws {
    var kernel = [UInt8](repeating: 0, count: 2048)
    kernel.replaceSubrange(0..<2, with: [0x4d, 0x5a])
    kernel.replaceSubrange(0x1fe..<0x206, with: [0x55, 0xaa, 0xeb, 0x66] + Array("HdrS".utf8))
    let options = #"initrd=\\EFI\\ubuntu\\initrd.img root=/dev/xvda2"#
    let environment = try environment(
      kernel, "menuentry x { chainloader /EFI/ubuntu/kernel.efi \(options); }")
    let target = try #require(try environment.defaultTarget())
    #expect(target.kernel.path == "/EFI/ubuntu/kernel.efi")
    #expect(target.initrds.map { $0.path } == ["/EFI/ubuntu/initrd.img"])
    #expect(target.commandLine == #"initrd=\EFI\ubuntu\initrd.img root=/dev/xvda2"#)
  }

  private func failure(_ environment: Environment) throws -> MenuError? {
    let file = MenuFile(device: "hd0,gpt1", path: "/EFI/ubuntu/grub.cfg")
    let interpreter = MenuInterpreter(environment: environment)
    let menu = try interpreter.load(file)
    do throws(MenuError) {
      _ = try interpreter.run(0, of: menu)
      return nil
    } catch { return error }
  }

  @Test func anyOtherProgramForUEFIIsNamed() throws {
    let other = PortableExecutable([.init(".text", "code")]).bytes
    let environment = try environment(
      other, "menuentry 'Shell' { chainloader /EFI/ubuntu/kernel.efi; }")
    let error = try #require(try failure(environment))
    #expect(
      error.message.text
        == "entry 'Shell' chainloads (hd0,gpt1)/EFI/ubuntu/kernel.efi, a program for "
        + "UEFI with no kernel in it, which a guest can't run")
    #expect(error.family == .unsupported)
  }

  @Test func whatIsNoProgramIsABootSector() throws {
    let environment = try environment(
      Array("text".utf8), "menuentry 'BIOS' { chainloader +1; }")
    #expect(
      try failure(environment)?.message
        == "entry 'BIOS' chainloads (hd0,gpt1)+1, which a PV guest can't run")
  }

  @Test func theLastOfLinuxAndChainloaderCounts() throws {
    let other = PortableExecutable([.init(".text", "code")]).bytes
    let environment = try environment(
      other, "menuentry x { linux /EFI/ubuntu/initrd.img; chainloader /EFI/ubuntu/kernel.efi; }")
    #expect(try failure(environment)?.family == .unsupported)
  }
}
