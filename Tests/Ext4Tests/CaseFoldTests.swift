// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

struct CaseFoldTests {
  /// Unicode's own mapping, as Swift has it, is the judge; capitals that become two letters, and
  /// those that are folded into something else than their small letter, are left out.
  @Test func foldsAsUnicodeDoes() {
    let others: Set<UInt32> = [0x130, 0x17f, 0x3c2, 0x370, 0x372, 0x376, 0x37f, 0x3cf]
    for value in Array(UInt32(0)..<0x180) + Array(0x386..<0x3d0) + Array(0x400..<0x460) {
      guard let scalar = Unicode.Scalar(value), !others.contains(value) else { continue }
      let small = scalar.properties.lowercaseMapping.unicodeScalars.map { $0.value }
      #expect([CaseFold.fold(value)] == small, "U+\(String(value, radix: 16))")
    }
  }

  @Test func comparesWithoutRegardToCase() {
    #expect(CaseFold.isSame("Vmlinuz-6.1", "vMLINUZ-6.1"))
    #expect(!CaseFold.isSame("Vmlinuz", "vmlinux"))
    #expect(!CaseFold.isSame("a", "aa"))
    #expect(CaseFold.isSame("ΑΣ", "ας"))
    // What is not UTF-8 is compared by bytes.
    #expect(CaseFold.isSame(ByteString([0xff, 0x41]), ByteString([0xff, 0x41])))
    #expect(!CaseFold.isSame(ByteString([0xff, 0x41]), ByteString([0xff, 0x61])))
  }

  @Test func foldsInDirectoriesWithTheFlagAlone() throws {
    let image = try TestImage("ext4-casefold")
    let system = try Ext4FileSystem.open(Volume(whole: try image.device()))
    func inode(_ path: ByteString) -> UInt32? {
      try? PathWalk.resolve(path, in: system).node.inode
    }
    #expect(inode("/exact/Vmlinuz") != nil)
    #expect(inode("/exact/vmlinuz") == nil)
    #expect(inode("/EXACT/Vmlinuz") == nil)
    #expect(inode("/folding/Vmlinuz") != nil)
    #expect(inode("/folding/vmLINUZ") == inode("/folding/Vmlinuz"))
    #expect(inode("/folding/ας") == inode("/folding/ΑΣ"))
    #expect(inode("/folding/GRÖßE") == inode("/folding/größe"))
    #expect(inode("/folding/vmlinux") == nil)
  }

  @Test func theSameNameGoesFirst() throws {
    var image = try TestImage("ext4-casefold").bytes()
    // Two names that Linux would not let be side by side: `A-too` becomes `A`, after `a`.
    let start = try #require(image.firstRange(of: Array("A-too".utf8))).lowerBound
    image[start - 2] = 1
    let system = try Ext4FileSystem.withoutReplay(
      of: Volume(whole: MemoryDevice(name: "xvda", bytes: image)))
    let folding = try #require(try system.lookUp("folding", in: system.root()))
    let small = try system.lookUp("a", in: folding)
    let capital = try system.lookUp("A", in: folding)
    #expect(small != nil && capital != nil && small != capital)
  }
}
