// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import TestSupport
import Testing

/// Disks with XFS.
struct XFSDiskTests {
  static let bytes = Result {
    try TestImage(
      "xfs", "small", "16M", "-m", "crc=0,uuid=01234567-89ab-cdef-0123-456789abcdef"
    ).bytes()
  }

  func disk(_ edit: (inout [UInt8]) -> Void = { _ in }) throws -> GuestDisk<MemoryDevice> {
    var bytes = try Self.bytes.get()
    edit(&bytes)
    return GuestDisk(MemoryDevice(name: "xvda1", bytes: bytes), isOptical: false)
  }

  @Test func kernelsAreReadFromXFS() throws {
    let environment = environment(try disk())
    let uuid: ByteString = "01234567-89ab-cdef-0123-456789abcdef"
    #expect(environment.device(having: .fileSystemUUID(uuid)) == "hd0")
    #expect(environment.device(having: .label("test-label")) == "hd0")
    let file = try environment.locate(MenuFile(device: "hd0", path: "/vmlinuz"))
    #expect(file.byteCount == 300_001)
    #expect(file.name == "xvda1: xfs: /vmlinuz")
    #expect(
      message { () throws(BootError) in
        try environment.locate(MenuFile(device: "hd0", path: "/boot/missing"))
      } == "xvda1: xfs: /boot/missing: not found")
    #expect(MenuSearch(environment).find().remarks.isEmpty)
  }

  @Test func theMenuSearchTellsOfALogThatWasNotReplayed() throws {
    let clean = try disk()
    let system = try #require(clean.volumes[0].fileSystem)
    #expect(!system.needsRecovery)
    #expect(system.facts.count == 3)
    // mkfs.xfs ends the log with an unmount in its second block of 512 bytes, flag 0x20 at byte 9.
    let dirty = try disk { bytes in
      let log = bytes[48..<56].reduce(0) { $0 << 8 | Int($1) } * 4096
      bytes[log + 512 + 9] = 0
    }
    #expect(
      MenuSearch(environment(dirty)).find().remarks.contains(
        "xvda1: xfs: was not unmounted and its log was not replayed: the newest changes may be "
          + "missing"))
  }

  @Test func featuresThatAreNotThereAreNamed() throws {
    let disk = try disk { $0[101] = 0xa3 }
    #expect(disk.volumes[0].failure?.message == "xvda1: xfs: feature version 3 is not supported")
  }
}
