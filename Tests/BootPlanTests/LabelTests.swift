// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import TestSupport
import Testing

/// Labels by which GRUB finds a file system, and those by which Linux does.
struct LabelTests {
  private nonisolated(unsafe) static let image = Result { try TestImage("ext4-ext2-1k") }

  @Test(arguments: [
    ("trail  ", ["trail  ", "trail"], ["trail ", "  ", ""]),
    ("sixteen-letters!", ["sixteen-letters!"], ["sixteen-letters"]),
    ("  lead", ["  lead"], ["lead"]), (" ", [" "], [""]), ("tab\t", ["tab\t", "tab"], []),
  ])
  func blanksAtTheEndMayBeLeftOut(label: String, found: [String], others: [String]) throws {
    var bytes = try Self.image.get().bytes()
    let stored = Array(label.utf8) + [UInt8](repeating: 0, count: 16 - label.utf8.count)
    bytes.replaceSubrange(1024 + 0x78..<1024 + 0x88, with: stored)
    let environment = environment(
      GuestDisk(MemoryDevice(name: "xvda", bytes: bytes), isOptical: false))
    for name in found {
      #expect(environment.device(having: .label(ByteString(name))) == "hd0", "\(name)")
    }
    for name in others {
      #expect(environment.device(having: .label(ByteString(name))) == nil, "\(name)")
    }
  }
}
