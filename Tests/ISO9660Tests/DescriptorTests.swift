// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ISO9660

struct DescriptorTests {
  let good = EditedImage.rockRidge

  @Test func aBlankVolumeIsNotISO9660() throws {
    let blank = MemoryDevice(name: "xvda", bytes: [UInt8](repeating: 0, count: 1 << 17))
    #expect(try ISO9660FileSystem.probe(Volume(whole: blank)) == nil)
    #expect(throws: ISO9660Error.notISO9660) { try ISO9660FileSystem.open(Volume(whole: blank)) }
    let short = MemoryDevice(name: "xvda", bytes: [1, 2, 3])
    #expect(try ISO9660FileSystem.probe(Volume(whole: short)) == nil)
  }

  @Test func rockRidgeIsTakenBeforeJolietBeforePlainNames() throws {
    #expect(try good.get().open().nameKind == .rockRidge)
    #expect(try EditedImage.joliet.get().open().nameKind == .joliet)
    #expect(try EditedImage.plain.get().open().nameKind == .plain)
    // Without SP in the root's record of itself there is no Rock Ridge.
    var image = try good.get()
    let root = Int(image.u32(EditedImage.primary + 158)) * 2048
    image.bytes[root + 34] = 0x58
    #expect(try image.open().nameKind == .joliet)
    // Nor is the tree with the better names read if its escape sequence is an unknown one.
    for sector in 17..<20 where image.bytes[sector * 2048] == 2 {
      image.bytes[sector * 2048 + 90] = 0x41
    }
    #expect(try image.open().nameKind == .plain)
  }

  @Test func descriptorsWithoutAPrimaryOneAreRefused() throws {
    var image = try good.get()
    image.bytes[EditedImage.primary] = 3
    #expect(image.error { $0 } == .noPrimaryDescriptor)
  }

  @Test func aDescriptorSetWithoutEndIsReadAsFarAsItGoes() throws {
    var image = try good.get()
    for sector in 16..<24 where image.bytes[sector * 2048] == 255 {
      image.bytes[sector * 2048] = 3
    }
    #expect(try image.open().label == "Test Label")
    // Nothing but descriptors, to the end of the disk: the walk ends.
    let descriptor = Array(image.bytes[EditedImage.primary..<EditedImage.primary + 2048])
    image.bytes += [UInt8](repeating: 0, count: 64 * 2048)
    for sector in 17..<image.bytes.count / 2048 - 1 {
      image.bytes.replaceSubrange(sector * 2048..<sector * 2048 + 2048, with: descriptor)
    }
    let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: image.bytes))
    _ = try? ISO9660FileSystem.probe(Volume(whole: device))
    #expect(device.readCount < 100)
  }

  @Test func highSierraAndPureUDFAreNamed() throws {
    var image = try good.get()
    image.bytes.replaceSubrange(
      EditedImage.primary..<EditedImage.primary + 16,
      with: [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 0x43, 0x44, 0x52, 0x4f, 0x4d, 1, 0,
      ])
    #expect(
      image.error { $0 } == .unsupportedFormat("High Sierra, the format before ISO 9660,"))
    for (index, name) in ["BEA01", "NSR02", "TEA01"].enumerated() {
      let start = EditedImage.primary + 2048 * index
      image.bytes.replaceSubrange(start..<start + 16, with: [UInt8](repeating: 0, count: 16))
      image.bytes.replaceSubrange(start..<start + 6, with: [0] + Array(name.utf8))
    }
    #expect(image.error { $0 } == .unsupportedFormat("UDF without ISO 9660"))
    #expect(!(try good.get().open().hasUDF))
  }

  @Test func aBridgeToUDFIsReadAsISO9660() throws {
    let image = try TestImage("iso9660", "udf")
    #expect(try ISO9660FileSystem.open(Volume(whole: image.device())).hasUDF)
  }

  @Test func fieldsOfTheDescriptorAreChecked() throws {
    let place = ISO9660Structure.descriptor(sector: 16)
    var image = try good.get()
    image.bytes[EditedImage.primary + 129] = 9
    #expect(image.error { $0 } == .disagreement(place, offset: 128))
    image.bytes[EditedImage.primary + 130] = 9
    #expect(
      image.error { $0 } == .badDescriptor(place, field: "logical block size", value: 0x900))
    image = try good.get()
    image.bytes[EditedImage.primary + 156] = 33
    #expect(
      image.error { $0 }
        == .badDescriptor(place, field: "length of the root record", value: 33))
    image = try good.get()
    image.putBoth(0, at: EditedImage.primary + 158)
    #expect(image.error { $0 } == .badDescriptor(place, field: "root directory", value: 0))
  }

  @Test func aRootBeyondTheVolumeOrWithoutItselfIsRefused() throws {
    let place = ISO9660Structure.descriptor(sector: 18)
    let primary = ISO9660Structure.descriptor(sector: 16)
    var image = try EditedImage.plain.get()
    image.putBoth(100_000, at: EditedImage.primary + 158)
    #expect(image.error { $0 } == .blockOutOfRange(primary, block: 100_000))
    image.putBoth(16, at: EditedImage.primary + 158)
    #expect(image.error { $0 } == .badRecord(.record(byteOffset: 16 * 2048)))
    image.putBoth(0xffff_ffff, at: EditedImage.primary + 166)
    #expect(
      image.error { $0 } == .directoryTooLarge(primary, byteCount: 0xffff_ffff))
    // With a Joliet tree that is sound, the plain one may be anything.
    image = try good.get()
    image.putBoth(100_000, at: EditedImage.primary + 158)
    #expect(try image.open().nameKind == .joliet)
    #expect(place.text == "volume descriptor in sector 18")
  }

  /// blkid's label is Joliet's, but for one that the primary descriptor only completes; GRUB's is
  /// one or the other.
  @Test(arguments: [
    ("longlabelwithmor", "longlabelwithmorethan16", "longlabelwithmorethan16"),
    ("My disc", "MY_DISC", "My disc"), ("Same", "Same", "Same"), ("", "PRIMARY", "PRIMARY"),
    ("Joliet", "", "Joliet"), (" with blanks ", " WITH BLANKS IN FRONT ", " with blanks IN FRONT"),
    ("a longer name th", "A_LONGER_NAME_THAN_16", "a longer name thAN_16"),
    ("under_score", "UNDER-SCORES", "under-scoreS"),
    ("Not the same", "Not this one", "Not the same"),
    ("ends with 16 cha", "ends with 16 chars", "ends with 16 chars"),
  ])
  func labelsAreThoseOfBothDescriptors(_ joliet: String, _ primary: String, _ label: String) throws
  {
    var image = try EditedImage.joliet.get()
    let second = try #require(
      (17..<32).first { image.bytes[$0 * 2048] == 2 }.map { $0 * 2048 })
    let padded = Array(primary.utf8) + [UInt8](repeating: 0x20, count: 32 - primary.utf8.count)
    let wide = Array(joliet.utf8) + [UInt8](repeating: 0x20, count: 16 - joliet.utf8.count)
    for index in 0..<32 {
      image.bytes[EditedImage.primary + 40 + index] = padded[index]
      image.bytes[second + 40 + index] = index % 2 == 0 ? 0 : wide[index / 2]
    }
    let system = try image.open()
    #expect(system.label.text == label)
    func trimmed(_ text: String) -> String { text.hasSuffix(" ") ? String(text.dropLast()) : text }
    #expect(system.otherLabels.map { $0.text } == [trimmed(primary), trimmed(joliet)])
  }

  @Test func identifiersAreEmptyIfNothingIsStored() throws {
    var image = try EditedImage.plain.get()
    for offset in 0..<32 { image.bytes[EditedImage.primary + 40 + offset] = 0x20 }
    for offset in 813..<830 { image.bytes[EditedImage.primary + offset] = 0x30 }
    for offset in 830..<847 { image.bytes[EditedImage.primary + offset] = 0x30 }
    #expect(try image.open().label == "")
    #expect(try image.open().uuid == "")
    image.bytes.replaceSubrange(
      EditedImage.primary + 813..<EditedImage.primary + 829, with: Array("2024022912345607".utf8))
    #expect(try image.open().uuid == "2024-02-29-12-34-56-07")
  }

  @Test func datesBecomeSeconds() {
    func short(_ bytes: [UInt8]) -> Int64 { TimeStamp.seconds(short: ByteView(bytes), at: 0) }
    #expect(short([70, 1, 1, 0, 0, 0, 0]) == 0)
    #expect(short([124, 2, 29, 12, 0, 1, 0]) == 1_709_208_001)
    #expect(short([124, 2, 29, 12, 0, 1, 4]) == 1_709_208_001 - 3600)
    #expect(short([124, 0, 29, 12, 0, 1, 4]) == 0)
    let long = ByteView(Array("2024022912000100".utf8) + [0xfc])
    #expect(TimeStamp.seconds(long: long, at: 0) == 1_709_208_001 + 3600)
    #expect(TimeStamp.seconds(long: ByteView(Array("x".utf8)), at: 0) == 0)
  }

  @Test func theBootCatalogueIsFound() throws {
    let image = try TestImage("iso9660", "eltorito")
    let images = try ISO9660FileSystem.open(Volume(whole: image.device())).bootImages()
    #expect(images.map { $0.platform } == [0, 0xef])
    #expect(images.allSatisfy { $0.isBootable && $0.emulation == 0 })
    #expect(images.first?.sectorCount == 4)
    let system = try ISO9660FileSystem.open(Volume(whole: image.device()))
    let file = try PathWalk.resolve("/isolinux/isolinux.bin", in: system)
    let run = try system.extents(of: file.node).first
    #expect(run == .run(byteOffset: images.first?.byteOffset ?? 0, byteCount: 2048))
    #expect(images.last?.text.hasPrefix("El Torito: UEFI image at byte ") == true)
    #expect(try EditedImage.plain.get().open().bootImages() == [])
  }

  @Test func aBadBootCatalogueIsRefused() throws {
    var image = try good.get()
    let sector = Int(image.u32(17 * 2048 + 0x47))
    let place = ISO9660Structure.bootCatalogue(sector: UInt64(sector))
    #expect(try image.open().bootImages().count == 1)
    image.bytes[sector * 2048 + 4] ^= 1
    #expect(image.error { try $0.bootImages() } == .badBootCatalogue(place))
    image.bytes[17 * 2048 + 0x49] = 0xff
    let far = UInt64(image.u32(17 * 2048 + 0x47))
    #expect(
      image.error { try $0.bootImages() }
        == .blockOutOfRange(.bootCatalogue(sector: far), block: far))
  }
}
