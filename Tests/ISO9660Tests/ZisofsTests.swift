// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import ISO9660

/// Compressed files whose entry, header or pointers lie.
struct ZisofsTests {
  /// The file `/packed` of an image: where its record, its entry and its data are.
  private struct Packed {
    var image: EditedImage
    let place: ISO9660Structure
    let entry: Int
    let data: Int

    init(_ image: EditedImage, _ letters: ByteString) throws {
      self.image = image
      let record = try image.record("/packed")
      place = .record(byteOffset: UInt64(record))
      entry = try image.entry(letters, of: record)
      data = Int(image.u32(record + 2)) * 2048
    }

    var error: ISO9660Error? { image.error(at: "/packed") }
  }

  private func first() throws -> Packed { try Packed(EditedImage.zisofs.get(), "ZF") }
  private func second() throws -> Packed { try Packed(EditedImage.zisofs2.get(), "Z2") }

  private func bad(_ file: Packed, _ field: ByteString, _ value: UInt64) -> ISO9660Error {
    .badZisofs(file.place, field: field, value: value)
  }

  @Test func unknownFormsAreNamed() throws {
    var file = try first()
    #expect(file.error == nil)
    file.image.bytes[file.entry + 4] = 0x78
    #expect(
      file.error == .unsupportedFile(file.place, feature: "zisofs with the algorithm xz"))
    file = try second()
    #expect(file.error == nil)
    file.image.bytes.replaceSubrange(file.entry + 4..<file.entry + 6, with: Array("ZD".utf8))
    #expect(
      file.error == .unsupportedFile(file.place, feature: "zisofs with the algorithm ZD"))
    file.image.bytes[file.entry + 3] = 3
    #expect(file.error == .unsupportedFile(file.place, feature: "zisofs of version 3"))
  }

  @Test func sizesOfTheEntryAreChecked() throws {
    for shift in [0, 14, 21, 255] as [UInt8] {
      var file = try first()
      file.image.bytes[file.entry + 7] = shift
      #expect(file.error == bad(file, "the block size's exponent", UInt64(shift)))
    }
    var file = try first()
    file.image.bytes[file.entry + 6] = 6
    #expect(file.error == bad(file, "the header's size", 24))
  }

  @Test func theHeaderMustSayWhatTheEntrySays() throws {
    for offset in [0, 7, 8, 11, 12, 13] {
      var file = try first()
      file.image.bytes[file.data + offset] ^= 1
      #expect(file.error == .badZisofsHeader(file.place), "byte \(offset)")
    }
    for offset in [0, 9, 10, 11, 12, 19] {
      var file = try second()
      file.image.bytes[file.data + offset] ^= 1
      #expect(file.error == .badZisofsHeader(file.place), "byte \(offset)")
    }
  }

  /// In the entry and in the header, so that only the number of blocks is wrong.
  @Test func aSizeBeyondAllPointersIsRefusedBeforeAnyIsRead() throws {
    var file = try second()
    for offset in [file.entry + 8, file.data + 12] {
      file.image.bytes.replaceSubrange(offset..<offset + 8, with: [UInt8](repeating: 255, count: 8))
    }
    #expect(file.error == bad(file, "the number of blocks", 1 << 47))
    let size: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0]
    for offset in [file.entry + 8, file.data + 12] {
      file.image.bytes.replaceSubrange(offset..<offset + 8, with: size)
    }
    let stored = UInt64(file.image.u32(try file.image.record("/packed") + 10))
    #expect(file.error == bad(file, "the size that is stored", stored))
  }

  @Test func pointersGoForwardAndStayInTheFile() throws {
    var file = try first()
    let stored = file.image.u32(try file.image.record("/packed") + 10)
    file.image.bytes[file.data + 16 + 4] = 0
    file.image.bytes[file.data + 16 + 5] = 0
    #expect(file.error == bad(file, "the pointer to a block's end", 0))
    file = try first()
    file.image.bytes[file.data + 16 + 7] = 0x80
    let end = UInt64(file.image.u32(file.data + 20))
    #expect(end > UInt64(stored))
    #expect(file.error == bad(file, "the pointer to a block's end", end))
  }

  @Test func aBlockIsPackedInLittleMoreThanItsSize() throws {
    var file = try first()
    let record = try file.image.record("/packed")
    file.image.bytes += [UInt8](repeating: 0, count: 2 << 20)
    file.image.putBoth(2 << 20, at: record + 10)
    for (index, byte) in [0, 0, 0x1f, 0].enumerated() {
      for pointer in 1...8 { file.image.bytes[file.data + 16 + 4 * pointer + index] = UInt8(byte) }
    }
    let start = UInt64(file.image.u32(file.data + 16))
    #expect(file.error == bad(file, "the packed size of a block", 0x1f_0000 - start))
  }

  @Test func aBlockThatDoesNotUnpackIsToldWithItsPlace() throws {
    var file = try first()
    let start = file.data + Int(file.image.u32(file.data + 16))
    file.image.bytes[start] = 0xff
    let system = try file.image.open()
    #expect(
      throws: FileError<ISO9660Error>.device(
        .notUnpacked(.corrupt, "packed data at byte \(start): corrupt zlib data"))
    ) { try FileContents.readAll("/packed", in: system, on: system.volume, limit: 1 << 20) }
  }

  @Test func extentsThatLieApartAreNamed() throws {
    var file = try first()
    // The record becomes two of one file, the second of which is a copy: it lies apart.
    let record = try file.image.record("/packed")
    let length = Int(file.image.bytes[record])
    let copy = Array(file.image.bytes[record..<record + length])
    file.image.bytes.replaceSubrange(record + length..<record + 2 * length, with: copy)
    file.image.bytes[record + 25] |= 0x80
    #expect(
      file.error
        == .unsupportedFile(file.place, feature: "zisofs in extents that lie apart"))
  }
}
