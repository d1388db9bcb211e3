// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import FAT

struct NameTests {
  private func short(_ text: [UInt8], _ flags: UInt8 = 0) -> ByteString {
    ShortName.decode(ByteView(text), at: 0, caseFlags: flags)
  }

  @Test func shortNamesAreDecoded() {
    #expect(short(Array("VMLINUZ    ".utf8)) == "VMLINUZ")
    #expect(short(Array("MENU    LST".utf8)) == "MENU.LST")
    #expect(short(Array("MENU    LST".utf8), 8) == "menu.LST")
    #expect(short(Array("MENU    LST".utf8), 24) == "menu.lst")
    #expect(short([0x05] + Array("BC        ".utf8)) == "σBC")
    #expect(short([0x81] + Array("BC        ".utf8)) == "üBC")
    #expect(short(Array("TOO SHORT".utf8)) == "")
  }

  @Test func labelsThatStandForNoneAreNone() {
    func label(_ text: String) -> ByteString { ShortName.label(ByteView(Array(text.utf8)), at: 0) }
    // In a root directory it is a name like any other.
    #expect(label("NO NAME    ") == "NO NAME")
    #expect(label("MY LABEL   ") == "MY LABEL")
    #expect(label("           ") == "")
    // 0xe5, which marks what was deleted, is stored as 5. GRUB and blkid give the bytes.
    let bytes = ByteView([5, 0xe5, 0x81] + Array("       ".utf8) + [0x20])
    #expect(ShortName.label(bytes, at: 0) == "σσü")
    #expect(ShortName.storedLabel(bytes, at: 0).bytes == [0xe5, 0xe5, 0x81])
  }

  @Test func namesAreFolded() {
    #expect(CaseFolding.fold("ABCxyz[") == "abcxyz[")
    #expect(CaseFolding.fold("ÄÖÜÉ×ß") == "äöüé×ß")
    #expect(CaseFolding.fold("ΑΩБЯЁ漢") == "αωбяё漢")
    #expect(CaseFolding.fold(ByteString([0xc3])) == ByteString([0xc3]))
  }

  /// The entry in front of `A_LONG~1` in `/a`, which has a name of two parts.
  private func longEntry(_ image: EditedImage) throws -> Int {
    try image.entry("A-LONG~1   ") - 32
  }

  private func names(_ image: EditedImage) throws -> [ByteString] {
    let system = try image.open()
    return try system.entries(of: PathWalk.resolve("/a", in: system).node).map { $0.name }
  }

  @Test func longNamesThatDoNotFitGiveWayToShortOnes() throws {
    let good = try EditedImage.fat16.get()
    #expect(try names(good).contains("a-long-name-of-a-file"))
    let entry = try longEntry(good)
    // The checksum of another name; an order without its beginning; a deleted part; a part of a
    // name that goes on too long; and a slash in it.
    for (offset, value) in [(13, 0xff), (0, 2), (0, 0xe5), (-32, 0x55), (1, 0x2f)] {
      var image = good
      image.bytes[entry + offset] = UInt8(value)
      let names = try names(image)
      #expect(names.contains("A-LONG~1"), "\(offset) \(value)")
      #expect(!names.contains("a-long-name-of-a-file"))
    }
  }

  @Test func anEntryOfZerosEndsTheDirectory() throws {
    var image = try EditedImage.fat16.get()
    image.bytes[try longEntry(image) - 32] = 0
    #expect(try !names(image).contains("A-LONG~1"))
  }

  @Test func theLabelIsTheRootDirectorysAlone() throws {
    var image = try EditedImage.fat16.get()
    #expect(try image.open().label == "TEST LABEL")
    let root = Int(try image.open().bootSector.rootByteOffset)
    let entry = try #require(
      stride(from: root, to: root + 2048, by: 32).first { image.bytes[$0 + 11] == 8 })
    image.bytes[entry] = 0x42
    #expect(try image.open().label == "BEST LABEL")
    image.bytes[entry] = 0x81
    #expect(try image.open().label == "üEST LABEL")
    #expect(try image.open().otherLabels == [ByteString([0x81] + Array("EST LABEL".utf8))])
    image.bytes[entry] = 0xe5
    #expect(try image.open().label == "")
    image.bytes[38] = 0
    #expect(try image.open().uuid == "")
    image.bytes[38] = 0x28
    #expect(try image.open().uuid == "1234-ABCD")
  }
}
