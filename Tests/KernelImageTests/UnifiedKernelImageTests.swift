// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Foundation
import KernelImage
import TestSupport
import Testing

struct UnifiedKernelImageTests {
  typealias Kind = UnifiedKernelImage.Kind

  private let plain = PortableExecutable([
    .init(".text", "code"), .init(".osrel", "ID=debian"), .init(".cmdline", "ro quiet"),
    .init(".uname", "6.1.0"), .init(".initrd", "ramdisk"), .init(".ucode", "microcode"),
    .init(".linux", "the kernel"),
  ])

  private func image(_ file: [UInt8]) throws -> UnifiedKernelImage? {
    let head = ByteView(Array(file.prefix(UnifiedKernelImage.headByteCount)))
    return try UnifiedKernelImage(head, fileByteCount: UInt64(file.count))
  }

  private func text(
    _ kind: Kind, _ file: [UInt8], _ image: UnifiedKernelImage, profile: Int = 0
  ) -> String? {
    guard let section = image.section(kind, profile: profile) else { return nil }
    let start = Int(section.byteOffset)
    return String(decoding: file[start..<start + Int(section.byteCount)], as: UTF8.self)
  }

  @Test func findsTheSections() throws {
    let file = plain.bytes
    let image = try #require(try image(file))
    #expect(image.sections.count == 6)
    #expect(image.profileCount == 0)
    #expect(text(.linux, file, image) == "the kernel")
    #expect(text(.initrd, file, image) == "ramdisk")
    #expect(text(.microcode, file, image) == "microcode")
    #expect(text(.commandLine, file, image) == "ro quiet")
    #expect(text(.osRelease, file, image) == "ID=debian")
    #expect(text(.kernelRelease, file, image) == "6.1.0")
    #expect(image.section(.profile) == nil)
    #expect(image.section(.linux, profile: 1) == nil)
  }

  @Test func aProfilesOwnSectionsGoBeforeTheCommonOnes() throws {
    let file = PortableExecutable([
      .init(".linux", "the kernel"), .init(".cmdline", "common"), .init(".profile", "ID=first"),
      .init(".profile", "ID=second"), .init(".cmdline", "second's"), .init(".initrd", "second's"),
    ]).bytes
    let image = try #require(try image(file))
    #expect(image.profileCount == 2)
    #expect(text(.commandLine, file, image) == "common")
    #expect(text(.initrd, file, image) == nil)
    #expect(text(.profile, file, image) == "ID=first")
    #expect(text(.commandLine, file, image, profile: 1) == "second's")
    #expect(text(.initrd, file, image, profile: 1) == "second's")
    #expect(text(.linux, file, image, profile: 1) == "the kernel")
    #expect(text(.profile, file, image, profile: 1) == "ID=second")
    #expect(image.section(.linux, profile: 2) == nil)
  }

  @Test func ofTwoSectionsTheFirstCounts() throws {
    let file = PortableExecutable([
      .init(".linux", "one"), .init(".linux", "two"),
    ]).bytes
    let image = try #require(try image(file))
    #expect(text(.linux, file, image) == "one")
  }

  @Test func theSmallerOfTheTwoSizesCounts() throws {
    var builder = PortableExecutable([.init(".linux", [UInt8](repeating: 7, count: 600))])
    #expect(try image(builder.bytes)?.section(.linux)?.byteCount == 600)
    builder.sections[0].virtualSize = 5000
    #expect(try image(builder.bytes)?.section(.linux)?.byteCount == 1024)
  }

  @Test func otherFilesAreNone() throws {
    #expect(try image([]) == nil)
    #expect(try image(Array("MZ".utf8)) == nil)
    #expect(try image([0x4d, 0x5a] + [UInt8](repeating: 0, count: 2000)) == nil)
    #expect(try image(ELFBuilder.linux().bytes) == nil)
    #expect(try image(PortableExecutable([.init(".text", "code")]).bytes) == nil)
    var far = plain
    far.headerOffset = 4104
    #expect(try image(far.bytes) == nil)
  }

  @Test func namesAnotherMachine() {
    var builder = plain
    builder.machine = 0xaa64
    #expect(throws: UnifiedKernelImageError.machine(0xaa64)) { try image(builder.bytes) }
  }

  @Test func namesTooManySections() {
    var builder = plain
    builder.sectionCount = 257
    #expect(throws: UnifiedKernelImageError.sectionCount(257)) { try image(builder.bytes) }
  }

  @Test func namesATableThatIsNotAllThere() {
    let file = plain.bytes
    for count in [134, 600] {
      #expect(throws: UnifiedKernelImageError.truncated(byteCount: count)) {
        try UnifiedKernelImage(
          ByteView(Array(file.prefix(count))), fileByteCount: UInt64(file.count))
      }
    }
  }

  @Test func namesASectionThatLeavesTheFile() {
    var builder = plain
    builder.sections[4].fileOffset = 0xffff_fff0
    let size = UInt64(builder.bytes.count)
    #expect(
      throws: UnifiedKernelImageError.sectionOutsideFile(
        ".initrd", start: 0xffff_fff0, byteCount: 7, fileByteCount: size)
    ) { try image(builder.bytes) }
    let error = UnifiedKernelImageError.sectionOutsideFile(
      ".initrd", start: 9, byteCount: 7, fileByteCount: 10)
    #expect(error.message == "section .initrd (7 bytes at byte 9) leaves the file of 10 bytes")
  }

  @Test func damagedTablesNeitherTrapNorLeaveTheFile() {
    let good = plain.bytes
    var state: UInt64 = 2026
    for _ in 0..<3000 {
      var file = good
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        file[Int(state >> 33) % 900] = UInt8(truncatingIfNeeded: state >> 24)
      }
      guard let image = try? image(file) else { continue }
      for section in image.sections {
        #expect(section.byteOffset + section.byteCount <= UInt64(file.count))
      }
    }
  }

  /// What Debian's stub and objcopy make, which is what people make without ukify.
  @Test func readsWhatObjcopyMakes() throws {
    let stub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
    let texts = [
      (".osrel", "ID=debian\n", Kind.osRelease), (".cmdline", "root=/dev/xvda ro", .commandLine),
      (".uname", "6.1.0-0", .kernelRelease),
      (".linux", String(repeating: "kernel", count: 9999), .linux),
      (".initrd", String(repeating: "ramdisk", count: 777), .initrd),
    ]
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var command = ["objcopy"]
    for (index, text) in texts.enumerated() {
      let path = directory.appendingPathComponent("part\(index)")
      try Data(text.1.utf8).write(to: path)
      command += ["--add-section", "\(text.0)=\(path.path)"]
      command += ["--change-section-vma", "\(text.0)=0x\(index + 1)5000000"]
    }
    let output = directory.appendingPathComponent("uki.efi")
    _ = try HostTool.output(command + [stub, output.path])
    let file = [UInt8](try Data(contentsOf: output))
    let image = try #require(try image(file))
    for part in texts { #expect(text(part.2, file, image) == part.1) }
  }
}
