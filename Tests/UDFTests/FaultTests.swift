// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import UDF

/// Images with one thing wrong, and what is said of it.
struct FaultTests {
  private func image(_ words: String = "block=2048") throws -> UDFImage {
    try UDFImage.make("made \(words)")
  }

  /// The error of an image whose descriptor at `offset` was changed.
  private func failure(
    _ image: UDFImage, at offset: Int, sealed: Bool = true, _ change: (inout UDFImage) -> Void
  ) -> UDFError? {
    var image = image
    change(&image)
    if sealed { image.seal(offset) }
    return image.failure()
  }

  @Test func whatIsNoUDFIsNone() throws {
    var image = try image()
    #expect(image.failure() == nil)
    for sector in 16..<20 { image.put(UInt64(0), at: sector * 2048) }
    #expect(image.failure() == .notUDF)
    #expect(
      try UDFFileSystem.probe(Volume(whole: MemoryDevice(name: "x", bytes: [1, 2, 3]))) == nil)
  }

  @Test func withoutAnchorNothingIsRead() throws {
    var image = try image()
    for sector in [256, image.bytes.count / 2048 - 1] { image.put(UInt64(0), at: sector * 2048) }
    #expect(image.failure() == .noAnchor)
  }

  @Test func descriptorsThatAreMissingAreNamed() throws {
    for (sector, name) in [(0, "primary volume"), (1, "logical volume"), (2, "partition")] {
      var image = try image()
      for first in [96, 128] {
        // Another descriptor that counts for nothing takes its place.
        image.put(UInt16(7), at: (first + sector) * 2048)
        image.seal((first + sector) * 2048)
        image.put(UInt16(7), at: (first + 3) * 2048)
        image.seal((first + 3) * 2048)
      }
      #expect(image.failure() == .missingDescriptor(ByteString(name)))
    }
  }

  @Test func aBlockOfAnotherSizeThanTheSectorIsRefused() throws {
    var image = try image()
    for first in [97, 129] {
      image.put(UInt32(4096), at: first * 2048 + 212)
      image.seal(first * 2048)
    }
    #expect(
      image.failure() == .badField(.sector(97), field: "size of a block", value: 4096))
  }

  @Test func aFileEntrysTagIsChecked() throws {
    let image = try image()
    let entry = try image.entry("/boot/vmlinuz")
    let number = try number(image, "/boot/vmlinuz")
    let place = UDFStructure.block(number, partition: 0)
    #expect(
      failure(image, at: entry, sealed: false) { $0.bytes[entry + 5] ^= 1 }
        == .badTagChecksum(place))
    #expect(
      failure(image, at: entry) { $0.put(number + 1, at: entry + 12) }
        == .wrongPlace(place, place: number + 1))
    #expect(
      failure(image, at: entry) { $0.put(UInt16(262), at: entry) }
        == .badTag(place, expected: 261, found: 262))
    var damaged = image
    damaged.bytes[entry + 60] ^= 1
    guard case .badChecksum(place, _, _)? = damaged.failure() else {
      Issue.record("\(String(describing: damaged.failure()))")
      return
    }
    #expect(
      failure(image, at: entry, sealed: false) {
        $0.put(UInt16(0xffff), at: entry + 10)
        $0.bytes[entry + 4] = 0
        $0.bytes[entry + 4] = $0.bytes[entry..<entry + 16].reduce(0, &+)
      } == .badField(place, field: "length of the checksum", value: 0xffff))
  }

  private func number(_ image: UDFImage, _ path: ByteString) throws -> UInt32 {
    try PathWalk.resolve(path, in: try image.open(), followingLastLink: false).node.address.block
  }

  @Test func fieldsOfAFileEntryThatCanNotBeAreNamed() throws {
    let image = try image()
    let entry = try image.entry("/boot/vmlinuz")
    let place = UDFStructure.block(try number(image, "/boot/vmlinuz"), partition: 0)
    #expect(
      failure(image, at: entry) { $0.put(UInt16(5), at: entry + 20) }
        == .badField(place, field: "strategy", value: 5))
    #expect(
      failure(image, at: entry) { $0.put(UInt16(2), at: entry + 34) }
        == .badField(place, field: "kind of allocation descriptors", value: 2))
    #expect(
      failure(image, at: entry) { $0.bytes[entry + 27] = 200 }
        == .badField(place, field: "type of the file", value: 200))
    #expect(
      failure(image, at: entry) { $0.put(UInt32(9999), at: entry + 172) }
        == .badField(place, field: "length of the file entry", value: 2048))
    #expect(
      failure(image, at: entry) { $0.put(UInt64(1 << 40), at: entry + 56) }
        == .missingParts(place, byteCount: 1 << 40 - 228_894))
    #expect(
      failure(image, at: entry) { $0.put(UInt32(99_999_999), at: entry + 180) }
        == .outOfRange(placeOf(99_999_999), block: 99_999_999 + 112))
  }

  private func placeOf(_ block: UInt32) -> UDFStructure { .block(block, partition: 0) }

  @Test func partitionsThatAreNotThereAreNamed() throws {
    let image = try image("allocation=long")
    let entry = try image.entry("/boot/vmlinuz")
    let block = ByteView(image.bytes).u32(at: entry + 180) ?? 0
    #expect(
      failure(image, at: entry) { $0.put(UInt16(7), at: entry + 184) }
        == .noPartition(.block(block, partition: 7), number: 7))
    var other = image
    for first in [97, 129] {
      other.put(UInt16(3), at: first * 2048 + 444)
      other.seal(first * 2048)
    }
    #expect(other.failure() == .noPartition(.sector(0), number: 3))
  }

  @Test func kindsOfPartitionsThatAreNotKnownAreNamed() throws {
    var image = try image("kind=sparable")
    for first in [97, 129] {
      image.bytes.replaceSubrange(first * 2048 + 445..<first * 2048 + 449, with: "*ABC".utf8)
      image.seal(first * 2048)
    }
    #expect(
      image.failure() == .unsupported("a partition of the kind '*ABC Sparable Partition'"))
    for first in [97, 129] {
      image.bytes[first * 2048 + 440] = 3
      image.seal(first * 2048)
    }
    #expect(image.failure() == .unsupported("a partition map of type 3"))
    for first in [97, 129] {
      image.put(UInt32(17), at: first * 2048 + 268)
      image.seal(first * 2048)
    }
    #expect(image.failure() == .tooMany(.sector(97), "partition maps"))
  }

  @Test func tablesThatAreLostAreNamed() throws {
    var sparable = try image("kind=sparable")
    for sector in [272, 280] { sparable.put(UInt64.max, at: sector * 2048) }
    #expect(sparable.failure() == .noTable("sparing table"))
    var virtual = try image("kind=virtual")
    virtual.bytes.replaceSubrange(
      (virtual.bytes.count - 2048)..., with: [UInt8](repeating: 0, count: 2048))
    #expect(virtual.failure() == .noTable("virtual allocation table"))
  }

  @Test func aDamagedCopyOfTheMovesIsNotUsed() throws {
    var image = try image("kind=sparable moved=0,2 piece=7")
    #expect(image.failure() == nil)
    // The other copy is older, and leads to what was there before the packets moved.
    image.put(UInt64.max, at: 280 * 2048)
    #expect(image.failure() != nil)
  }

  @Test func namesOfADirectoryAreChecked() throws {
    let image = try image()
    let system = try image.open()
    let node = try PathWalk.resolve("/boot", in: system).node
    let entry = try system.partitions.fileEntry(at: node.address)
    guard case .run(let start, _)? = try system.partitions.extents(of: entry).first else {
      Issue.record("no run")
      return
    }
    let first = Int(start)
    let block = node.address.block
    let place = UDFStructure.identifier(byteOffset: 0, block: block)
    #expect(
      failure(image, at: first, sealed: false) { $0.bytes[first + 5] ^= 1 }
        == .badTagChecksum(place))
    #expect(
      failure(image, at: first) { $0.put(UInt16(258), at: first) }
        == .badTag(place, expected: 257, found: 258))
    #expect(
      failure(image, at: first) { $0.put(UInt16.max, at: first + 36) }
        == .badField(place, field: "length", value: UInt64(entry.byteCount)))
    let large = try image.entry("/boot")
    #expect(
      failure(image, at: large) { $0.put(UInt64(1 << 40), at: large + 56) }
        == .directoryTooLarge(.block(block, partition: 0), byteCount: 1 << 40))
  }

  @Test func linksThatLeadNowhereAreNamed() throws {
    let image = try image("allocation=inline entry=extended")
    let entry = try image.entry("/vmlinuz")
    let place = UDFStructure.block(try number(image, "/vmlinuz"), partition: 0)
    for (offset, value) in [(0, UInt8(9)), (1, 200), (4, 7)] {
      #expect(
        failure(image, at: entry) { $0.bytes[entry + 216 + offset] = value } == .badLink(place))
    }
    #expect(
      failure(image, at: entry) { $0.put(UInt64(0), at: entry + 56) } == .badLink(place))
  }

  @Test func chainsOfDescriptorsAreBounded() throws {
    let image = try image("allocation=chained piece=3")
    let entry = try image.entry("/boot/vmlinuz")
    let view = ByteView(image.bytes)
    // The second descriptor leads to an extent with more of them, whose last leads there again.
    let next = Int(view.u32(at: entry + 176 + 16 + 4) ?? 0)
    let address = BlockAddress(block: UInt32(next), partition: 0)
    let offset = try image.byteOffset(of: address, in: try image.open())
    let found = failure(image, at: offset) {
      $0.put(UInt32(8), at: offset + 20)
      $0.put(UInt32(2048 | 3 << 30), at: offset + 24)
      $0.put(UInt32(next), at: offset + 28)
    }
    #expect(found != nil)
    #expect(
      failure(image, at: offset) { $0.put(UInt16(257), at: offset) }
        == .badTag(address.place, expected: 258, found: 257))
    #expect(
      failure(image, at: offset) { $0.put(UInt32(5000), at: offset + 20) }
        == .badField(address.place, field: "length of the descriptors", value: 5000))
  }

  @Test func wrongKindsOfFilesAreRefused() throws {
    let system = try image().open()
    let file = try PathWalk.resolve("/boot/vmlinuz", in: system).node
    let directory = try PathWalk.resolve("/boot", in: system).node
    #expect(throws: UDFError.notADirectory(file.address.place)) { try system.entries(of: file) }
    #expect(throws: UDFError.notALink(file.address.place)) { try system.linkTarget(of: file) }
    #expect(throws: UDFError.notAFile(directory.address.place)) {
      try system.extents(of: directory)
    }
    #expect(try system.lookUp(".", in: directory)?.address == directory.address)
    let root = try system.root().address
    #expect(try system.lookUp("..", in: directory)?.address == root)
    #expect(try system.lookUp("BOOT", in: try system.root()) == nil)
  }

  /// Whichever read fails, that is what is said.
  @Test(arguments: ["block=2048", "kind=metadata revision=0x250 entry=extended", "kind=virtual"])
  func aReadThatFailsIsTold(words: String) throws {
    let bytes = try image(words).bytes
    var read = 1
    while true {
      let device = FaultyDevice(MemoryDevice(name: "xvda", bytes: bytes))
      device.failingRead = read
      do throws(UDFError) {
        let system = try UDFFileSystem.open(Volume(whole: device))
        _ = try system.entries(of: try system.root())
        if device.readCount < read { break }
        // The mirror of a metadata file takes the place of what can't be read.
        #expect(words.hasPrefix("kind=metadata"))
      } catch {
        #expect(error.family == .device, "read \(read): \(error.message.text)")
      }
      read += 1
    }
    #expect(read > 8)
  }

  @Test func everyErrorHasALine() {
    let place = UDFStructure.sector(1)
    let errors: [UDFError] = [
      .device(.readOnly), .notUDF, .noAnchor, .missingDescriptor("x"),
      .badTag(place, expected: 1, found: 2), .badTagChecksum(place),
      .wrongPlace(place, place: 2), .badChecksum(place, stored: 1, computed: 2),
      .badField(place, field: "x", value: 1), .outOfRange(place, block: 1),
      .noPartition(place, number: 1), .unsupported("x"), .noTable("x"), .tooMany(place, "x"),
      .missingParts(place, byteCount: 1), .directoryTooLarge(place, byteCount: 1),
      .badLink(place), .notADirectory(place), .notALink(place), .notAFile(place),
    ]
    for error in errors { #expect(!error.message.isEmpty) }
  }
}
