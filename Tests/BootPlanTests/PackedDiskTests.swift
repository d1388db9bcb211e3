// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import TestSupport
import Testing

/// Disks with SquashFS and EROFS.
struct PackedDiskTests {
  private func mounted(
    _ recipe: String, _ options: String...
  ) throws -> MountedFileSystem<MemoryDevice>? {
    let bytes = try TestImage(recipe, arguments: ["small"] + options).bytes()
    return try MountedFileSystem.probe(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)))
  }

  @Test func filesOfSquashFSAreFound() throws {
    let system = try #require(try mounted("squashfs", "-comp", "xz"))
    #expect(system.place == "xvda: squashfs")
    #expect(system.label.isEmpty && system.uuid.isEmpty)
    #expect(system.remark == nil && !system.needsRecovery)
    try check(system, large: "/two-blocks", byteCount: 23893)
    #expect(try system.kind("/null") == .other)
  }

  @Test func filesOfEROFSAreFound() throws {
    let system = try #require(try mounted("erofs", "-zlz4"))
    #expect(system.place == "xvda: erofs")
    #expect(system.uuid == "01234567-89ab-4cde-8f01-23456789abcd")
    #expect(system.remark == nil && !system.needsRecovery)
    try check(system, large: "/numbers", byteCount: 108_894)
  }

  /// A directory of many small files is often packed into one piece.
  @Test func filesThatArePackedTogetherAreUnpackedOnce() throws {
    let system = try #require(try mounted("squashfs", "-comp", "gzip"))
    let work = system.volume.work
    var names: [ByteString] = []
    work.renew(limit: .max)
    try system.visitFiles(
      in: "/", limit: 1 << 20, wants: { _ in true },
      visit: { name, text in
        if text != nil { names.append(name) }
        return true
      })
    let together = work.count(of: .unpackedBytes)
    work.renew(limit: .max)
    for name in names { _ = try system.contents("/\(name)", limit: 1 << 20) }
    let alone = work.count(of: .unpackedBytes)
    #expect(names.count > 2)
    #expect(together < alone, "\(together) \(alone)")
  }

  /// Both recipes have these.
  private func check(
    _ system: MountedFileSystem<MemoryDevice>, large: ByteString, byteCount: UInt64
  ) throws {
    #expect(
      try system.contents("/link", limit: 100) == Array("timeout=3\n".utf8))
    #expect(try system.allNames("/boot/grub") == ["grub.cfg"])
    #expect(try system.kind(large) == .file(byteCount: byteCount))
    let file = try system.locate(large)
    #expect(file.extents.reduce(0) { $0 + $1.byteCount } == byteCount)
    #expect(file.extents.contains { if case .encoded = $0 { true } else { false } })
    #expect(throws: BootError(.wrongRequest, "\(system.place): /nothing: not found")) {
      try system.locate("/nothing")
    }
  }

  @Test func whatCanNotBeReadIsToldWithItsName() throws {
    var bytes = try TestImage("squashfs", "small", "-comp", "gzip").bytes()
    bytes[28] = 3
    let old = Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))
    #expect(
      throws: BootError(
        .unsupported, "xvda: squashfs: SquashFS 3.0 is not supported, only 4.0")
    ) { try MountedFileSystem.probe(old) }
    bytes = try TestImage("erofs", "small").bytes()
    bytes[1024 + 81] = 4
    let new = Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))
    #expect(
      throws: BootError(
        .unsupported, "xvda: erofs: features 0x400 are not supported")
    ) { try MountedFileSystem.probe(new) }
  }
}
