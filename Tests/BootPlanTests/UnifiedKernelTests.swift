// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Foundation
import TestSupport
import Testing

/// Unified kernel images on a guest's disk.
struct UnifiedKernelTests {
  private let sections: [PortableExecutable.Section] = [
    .init(".text", "code"), .init(".linux", String(repeating: "the kernel ", count: 900)),
    .init(".osrel", "ID=debian\nNAME=Debian\n"), .init(".uname", "6.1.0\n"),
    .init(".cmdline", "ro\nquiet\0more"), .init(".initrd", String(repeating: "disk", count: 999)),
    .init(".ucode", "microcode"), .init(".profile", "ID=main\nTITLE=Main\n"),
    .init(".profile", "ID=rescue\n"), .init(".cmdline", "ro rescue\n"), .init(".initrd", ""),
  ]

  private func environment(_ file: [UInt8]) throws -> Environment {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-" + UUID().uuidString).path
    try Data(file).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let files = ["/EFI/Linux/a.efi", "=" + path, "/own", "the entry's own"]
    return Environment(GuestDisks([try GuestImage(.msdos, files).disk()]))
  }

  private func target(_ options: ByteString, initrds: [ByteString] = []) -> BootTarget {
    var target = BootTarget(
      kind: .linux, kernel: MenuFile(device: "hd0,msdos1", path: "/EFI/Linux/a.efi"),
      commandLine: options)
    target.initrds = initrds.map { MenuFile(device: "hd0,msdos1", path: $0) }
    return target
  }

  private func contents(_ file: LocatedFile<MemoryDevice>) throws -> String {
    var bytes: [UInt8] = []
    for extent in file.extents {
      switch extent {
      case .run(let offset, let count):
        bytes += try #require(file.volume).read(at: offset, count: Int(count))
      case .zeros(let count): bytes += [UInt8](repeating: 0, count: Int(count))
      case .inline(let inline): bytes += inline
      case .encoded: Issue.record("a packed piece")
      }
    }
    #expect(UInt64(bytes.count) == file.byteCount)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func standsForKernelRamdisksAndCommandLine() throws {
    let environment = try environment(PortableExecutable(sections).bytes)
    let files = try environment.locate(target("", initrds: ["/own"]))
    #expect(files.kernel.name == "xvda1: ext4: /EFI/Linux/a.efi (.linux)")
    #expect(try contents(files.kernel) == String(repeating: "the kernel ", count: 900))
    #expect(files.commandLine == "ro quiet")
    #expect(files.initrds.count == 3)
    #expect(try contents(files.initrds[0]) == "microcode")
    #expect(try contents(files.initrds[1]) == String(repeating: "disk", count: 999))
    #expect(try contents(files.initrds[2]) == "the entry's own")
  }

  @Test func theEntrysOptionsGoBeforeTheImages() throws {
    let environment = try environment(PortableExecutable(sections).bytes)
    #expect(try environment.locate(target("console=hvc0")).commandLine == "console=hvc0")
  }

  @Test func aNumberInFrontOfTheOptionsIsAProfile() throws {
    let environment = try environment(PortableExecutable(sections).bytes)
    let rescue = try environment.locate(target("@1"))
    #expect(rescue.commandLine == "ro rescue")
    #expect(rescue.initrds.map { $0.name } == ["xvda1: ext4: /EFI/Linux/a.efi (.ucode)"])
    #expect(try environment.locate(target(" @1 debug")).commandLine == "debug")
    #expect(
      message { () throws(BootError) in try environment.locate(target("@2")) }
        == "xvda1: ext4: /EFI/Linux/a.efi: no profile 2")
    #expect(try environment.locate(target("@12x")).commandLine == "@12x")
    #expect(try environment.locate(target("@1234 x")).commandLine == "@1234 x")
  }

  @Test func tellsWhatTheImageSaysOfItself() throws {
    let environment = try environment(PortableExecutable(sections).bytes)
    let file = try environment.locate(MenuFile(device: "hd0,msdos1", path: "/EFI/Linux/a.efi"))
    let unified = try #require(try UnifiedKernelFile(file))
    #expect(unified.profileCount == 2)
    #expect(try unified.osRelease() == "ID=debian\nNAME=Debian\n")
    #expect(try unified.kernelRelease() == "6.1.0")
    #expect(try unified.profileText() == "ID=main\nTITLE=Main\n")
    #expect(try unified.profileText(profile: 1) == "ID=rescue\n")
    #expect(try unified.commandLine(profile: 1) == "ro rescue")
  }

  @Test func aPEFileWithoutAKernelIsLeftToTheLoader() throws {
    let file = PortableExecutable([.init(".text", "code")]).bytes
    let files = try environment(file).locate(target(""))
    #expect(files.kernel.name == "xvda1: ext4: /EFI/Linux/a.efi")
    #expect(files.kernel.byteCount == UInt64(file.count))
  }

  @Test func namesTheFileOfABrokenImage() throws {
    var builder = PortableExecutable(sections)
    builder.machine = 0x1c0
    let environment = try environment(builder.bytes)
    #expect(
      message { () throws(BootError) in try environment.locate(target("")) }
        == "xvda1: ext4: /EFI/Linux/a.efi: the PE file is for another machine (0x1c0)")
  }

  @Test func refusesATextSectionThatIsTooLong() throws {
    var builder = PortableExecutable(sections)
    builder.sections[4].bytes = [UInt8](repeating: 0x61, count: 16385)
    let environment = try environment(builder.bytes)
    #expect(
      message { () throws(BootError) in try environment.locate(target("")) }
        == "xvda1: ext4: /EFI/Linux/a.efi: a text section of 16385 bytes")
    #expect(try environment.locate(target("own")).commandLine == "own")
  }
}
