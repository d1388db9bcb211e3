// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import UDF

/// What a reader does is paid for.
struct WorkTests {
  @Test(arguments: ["block=512", "kind=virtual", "kind=metadata revision=0x250 entry=extended"])
  func namesArePaidFor(words: String) throws {
    let image = try UDFImage.make("made \(words)")
    let volume = image.volume
    let system = try UDFFileSystem.open(volume)
    let root = try system.root()
    #expect(
      try LittleWork.isPaid(on: volume, UDFError.device) { try system.entries(of: root) })
    volume.work.renew(limit: .max)
    #expect(UInt64(try system.entries(of: root).count) <= volume.work.count(of: .names))
    #expect(
      try LittleWork.isPaid(on: volume, UDFError.device) { try system.lookUp("none", in: root) })
  }

  /// A directory whose pieces are all the same one.
  @Test func aPieceThatIsInADirectoryAgainIsPaidForAgain() throws {
    let count = 20
    var image = try UDFImage.make("made revision=0x102 set=short block=512")
    let system = try image.open()
    let root = try system.root()
    let names = try system.entries(of: root).count
    let entry = try system.partitions.fileEntry(at: root.address)
    #expect(entry.form == .short)
    let offset = try image.byteOffset(of: root.address, in: system)
    let start = offset + 176 + Int(ByteView(image.bytes).u32(at: offset + 168) ?? 0)
    let block = ByteView(image.bytes).u32(at: start + 4) ?? 0
    for index in 0..<count {
      image.put(UInt32(entry.byteCount), at: start + 8 * index)
      image.put(block, at: start + 8 * index + 4)
    }
    image.put(UInt32(8 * count), at: offset + 172)
    image.put(UInt64(count) * entry.byteCount, at: offset + 56)
    image.put(UInt16(512 - 16), at: offset + 10)
    image.seal(offset)
    let volume = image.volume
    let again = try UDFFileSystem.open(volume)
    #expect(try again.entries(of: root).count == count * names)
    #expect(try LittleWork.isPaid(on: volume, UDFError.device) { try again.entries(of: root) })
    volume.work.renew(limit: .max)
    _ = try again.entries(of: root)
    #expect(volume.work.count(of: .names) >= UInt64(count * names))
  }
}
