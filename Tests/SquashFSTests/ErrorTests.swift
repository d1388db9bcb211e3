// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import SquashFS

/// One test for each error.
struct ErrorTests {
  let good = EditedImage.plain

  @Test func whatIsNoSquashFSIsNone() throws {
    var image = try good.get()
    image.bytes[0] ^= 1
    #expect(image.openingError == .notSquashFS)
    #expect(try SquashFSFileSystem.probe(image.volume) == nil)
    let short = Volume(whole: MemoryDevice(name: "xvda", bytes: Array("hsqs".utf8)))
    #expect(try SquashFSFileSystem.probe(short) == nil)
  }

  @Test func otherVersionsAndByteOrdersAreNamed() throws {
    var image = try good.get()
    image.put(UInt16(3), at: 28)
    image.put(UInt16(1), at: 30)
    #expect(image.openingError == .unsupportedVersion(major: 3, minor: 1))
    #expect(image.openingError?.message == "SquashFS 3.1 is not supported, only 4.0")
    image.bytes.replaceSubrange(0..<4, with: Array("sqsh".utf8))
    #expect(image.openingError == .unsupportedByteOrder)
  }

  @Test(arguments: [0, 7, 0xffff] as [UInt16])
  func unknownCompressorsAreTold(id: UInt16) throws {
    var image = try good.get()
    image.put(id, at: 20)
    #expect(image.openingError == .unsupportedCompressor(id))
    #expect(image.openingError?.family == .unsupported)
  }

  @Test func fieldsOfTheSuperblockAreChecked() throws {
    let size = UInt64(try good.get().bytes.count)
    func error(_ edit: (inout EditedImage) -> Void) throws -> SquashFSError? {
      var image = try good.get()
      edit(&image)
      return image.openingError
    }
    func bad(_ field: ByteString, _ value: UInt64) -> SquashFSError {
      .badSuperblock(field: field, value: value)
    }
    for shift in [11, 21, 64] as [UInt16] {
      #expect(
        try error { $0.put(shift, at: 22) } == bad("the block size's exponent", UInt64(shift)))
    }
    #expect(try error { $0.put(UInt32(8192), at: 12) } == bad("the block size", 8192))
    #expect(try error { $0.put(size + 1, at: 40) } == bad("the size in bytes", size + 1))
    #expect(try error { $0.put(UInt64(95), at: 40) } == bad("the size in bytes", 95))
    let used = try good.get().u64(40)
    #expect(try error { $0.put(used, at: 64) } == bad("the place of the inodes", used))
    #expect(
      try error { $0.put(UInt64.max, at: 72) } == bad("the place of the directories", .max))
    #expect(try error { $0.put(used, at: 80) } == bad("the place of the fragments", used))
  }

  @Test func metadataThatEndTooEarlyAreTold() throws {
    var image = try good.get()
    // An empty block.
    image.put(UInt16(0x8000), at: Int(image.rootBlock))
    #expect(image.error(at: "/") == .metadataTooShort(.metadata(byteOffset: image.rootBlock)))
    // A root after the end of its block.
    image = try good.get()
    let block = image.u64(64)
    image.put(UInt64(9000), at: 32)
    #expect(image.error(at: "/") == .metadataTooShort(.inode(block: block, offset: 9000)))
    // One in no block.
    image.put(UInt64(1) << 60, at: 32)
    let far = block + 1 << 44
    #expect(
      image.error(at: "/") == .outOfRange(.inode(block: far, offset: 0), byteOffset: far))
  }

  @Test func blocksOfMetadataStayInTheFileSystem() throws {
    var image = try good.get()
    let block = image.rootBlock
    image.put(UInt16(0xffff), at: Int(block))
    #expect(
      image.error(at: "/")
        == .outOfRange(.metadata(byteOffset: block), byteOffset: block + 2 + 0x7fff))
  }

  @Test func metadataThatDoNotUnpackAreToldWithTheirPlace() throws {
    var image = try EditedImage.packed.get()
    let block = image.rootBlock
    image.put(UInt16(0), at: Int(block) + 2)
    #expect(
      image.error(at: "/")
        == .device(
          .notUnpacked(.corrupt, "packed data at byte \(block + 2): corrupt zlib data")))
  }

  @Test func unknownInodesAreTold() throws {
    for type in [0, 15, 0xffff] as [UInt16] {
      var image = try good.get()
      let (offset, place) = try image.inode("/fragment")
      image.put(type, at: offset)
      #expect(image.error(at: "/fragment") == .badInodeType(place, type: type))
    }
  }

  @Test func sizesOfFilesAreLimited() throws {
    var image = try good.get()
    let (offset, place) = try image.inode("/two-blocks")
    image.put(UInt32.max, at: offset + 28)
    #expect(image.error(at: "/two-blocks") == .tooManyBlocks(place, count: 1 << 20))
  }

  @Test func storedSizesOfBlocksAreChecked() throws {
    let (offset, place) = try good.get().inode("/two-blocks")
    for word in [0x1001, 0xff_ffff, 0x200_0001] as [UInt32] {
      var image = try good.get()
      image.put(word, at: offset + 36)
      #expect(
        image.error(at: "/two-blocks")
          == .badBlockSize(place, block: 1, byteCount: UInt64(word & 0xff_ffff)))
    }
    // Stored as it is, but not all of it.
    var image = try good.get()
    image.put(UInt32(0x100_0800), at: offset + 32)
    #expect(image.error(at: "/two-blocks") == .badBlockSize(place, block: 0, byteCount: 0x800))
  }

  @Test func blocksStayInTheFileSystem() throws {
    var image = try good.get()
    let (offset, place) = try image.inode("/two-blocks")
    image.put(UInt32(image.u64(40) + 1), at: offset + 16)
    #expect(
      image.error(at: "/two-blocks") == .outOfRange(place, byteOffset: image.u64(40) + 1))
  }

  @Test func aBlockThatUnpacksToLessIsTold() throws {
    var image = try good.get()
    let offset = try image.inode("/two-blocks").offset
    let start = Int(image.u32(offset + 16))
    image.bytes[start] ^= 0x20
    let system = try image.open()
    #expect(
      throws: FileError<SquashFSError>.device(
        .notUnpacked(.corrupt, "packed data at byte \(start): corrupt zlib data"))
    ) {
      try FileContents.readAll("/two-blocks", in: system, on: system.volume, limit: 1 << 20)
    }
  }

  @Test func fragmentsAreChecked() throws {
    var image = try good.get()
    let (offset, place) = try image.inode("/fragment")
    image.put(UInt32(77), at: offset + 20)
    #expect(image.error(at: "/fragment") == .noFragment(place, fragment: 77))
    image = try good.get()
    image.put(UInt32(4090), at: offset + 24)
    #expect(
      image.error(at: "/fragment")
        == .outsideOfFragment(place, fragment: 0, offset: 4098))
    image.put(UInt32.max, at: offset + 24)
    #expect(
      image.error(at: "/fragment")
        == .outsideOfFragment(place, fragment: 0, offset: 0xffff_ffff + 8))
    // The table, after a list of pointers.
    image = try good.get()
    let pointer = Int(image.u64(80))
    let entry = Int(image.u64(pointer)) + 2
    let index = image.u32(offset + 20)
    image.put(UInt32(0x5000), at: entry + 16 * Int(index) + 8)
    #expect(
      image.error(at: "/fragment") == .badBlockSize(.fragment(index), block: 0, byteCount: 0x5000))
    image = try good.get()
    image.put(UInt64.max, at: entry + 16 * Int(index))
    #expect(
      image.error(at: "/fragment") == .outOfRange(.fragment(index), byteOffset: .max))
    image = try good.get()
    image.put(image.u64(40) - 1, at: 80)
    #expect(
      image.error(at: "/fragment")
        == .outOfRange(.fragment(index), byteOffset: image.u64(40) - 1))
  }

  @Test func directoriesAreLimitedAndFilled() throws {
    var image = try good.get()
    var (offset, _) = try image.inode("/many")
    #expect(image.u16(offset) == 8)
    image.put(UInt32(65 << 20), at: offset + 20)
    #expect(
      image.error(at: "/many")
        == .directoryTooLarge(try good.get().names("/many"), byteCount: 65 << 20))
    image = try good.get()
    offset = try image.inode("/boot").offset
    image.put(image.u16(offset + 24) - 1, at: offset + 24)
    #expect(image.error(at: "/boot") == .badDirectory(try good.get().names("/boot")))
    // A header of more names than there may be.
    image = try good.get()
    image.put(UInt32(256), at: try image.listing("/boot"))
    #expect(image.error(at: "/boot") == .badDirectory(try good.get().names("/boot")))
  }

  @Test func namesThatAreNoNamesAreRefused() throws {
    let start = try good.get().listing("/boot")
    for (offset, bytes) in [
      (20, Array("/rub".utf8)), (20, Array("g\0ub".utf8)), (18, [0, 1]), (18, [0, 0, 0x2e]),
      (18, [1, 0, 0x2e, 0x2e]),
    ] {
      var image = try good.get()
      image.bytes.replaceSubrange(start + offset..<start + offset + bytes.count, with: bytes)
      #expect(image.error(at: "/boot") == .badName(try good.get().names("/boot")), "\(bytes)")
    }
  }

  @Test func theIndexOfADirectoryIsChecked() throws {
    func error(_ edit: (inout EditedImage, Int) -> Void) throws -> SquashFSError? {
      var image = try good.get()
      let offset = try image.inode("/many").offset
      #expect(image.u16(offset + 32) > 0)
      edit(&image, offset + 40)
      return image.error { try PathWalk.resolve("/many/zzz", in: $0) }
    }
    let place = try good.get().names("/many")
    #expect(try error { $0.put(UInt32(256), at: $1 + 8) } == .badName(place))
    #expect(try error { $0.put(UInt32.max, at: $1) } == .badDirectory(place))
    let end = try good.get().u64(72) + 0xffff_ffff
    #expect(
      try error { $0.put(UInt32.max, at: $1 + 4) } == .outOfRange(place, byteOffset: end))
  }

  @Test func linksThatMakeNoSenseAreRefused() throws {
    for count in [0, 4097, .max] as [UInt32] {
      var image = try good.get()
      let (offset, place) = try image.inode("/link")
      image.put(count, at: offset + 20)
      #expect(image.error(at: "/link") == .badLink(place))
    }
    var image = try good.get()
    let (offset, place) = try image.inode("/link")
    image.bytes[offset + 24 + 3] = 0
    #expect(image.error(at: "/link") == .badLink(place))
  }

  @Test func nodesAreOfTheKindThatIsAsked() throws {
    let system = try good.get().open()
    let file = try PathWalk.resolve("/fragment", in: system).node
    let directory = try PathWalk.resolve("/boot", in: system).node
    #expect(throws: SquashFSError.notADirectory(system.place(of: file))) {
      try system.entries(of: file)
    }
    #expect(throws: SquashFSError.notADirectory(system.place(of: file))) {
      try system.lookUp("x", in: file)
    }
    #expect(throws: SquashFSError.notALink(system.place(of: file))) {
      try system.linkTarget(of: file)
    }
    #expect(throws: SquashFSError.notAFile(system.place(of: directory))) {
      try system.extents(of: directory)
    }
  }

  @Test func aTableThatIsSaidNotToBeThereHasNoFragments() throws {
    var image = try good.get()
    image.put(UInt64.max, at: 80)
    #expect(image.openingError == .badSuperblock(field: "the place of the fragments", value: .max))
    image.put(UInt32(0), at: 16)
    #expect(image.openingError == nil)
    let (_, place) = try good.get().inode("/fragment")
    #expect(image.error(at: "/fragment") == .noFragment(place, fragment: 0))
  }
}
