// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import Foundation
import TestSupport

@testable import Ext4

/// An image with a journal, to be damaged or rearranged.
struct EditedJournal {
  var bytes: [UInt8]
  let blockByteCount: Int
  /// Where each block of the journal is in the image.
  let offsets: [Int]

  /// A small journal with this version of checksums.
  static func made(_ checksums: String, _ features: String? = nil) throws -> EditedJournal {
    let features =
      features ?? "\(checksums == "2" || checksums == "3" ? "" : "^")metadata_csum,64bit"
    return try EditedJournal(try TestImage("ext4-journal", "1024", features, checksums).bytes())
  }

  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    let volume = Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))
    let system = try Ext4FileSystem.withoutReplay(of: volume)
    let file = try JournalFile(of: system)
    blockByteCount = system.superblock.blockByteCount
    offsets = try (0..<UInt32(file.blockCount)).map { Int(try file.byteOffset(of: $0)) }
  }

  /// The number of blocks of the log, which begins with block 1.
  var logBlockCount: Int { offsets.count - 1 }

  var system: Ext4FileSystem<MemoryDevice> {
    get throws { try Ext4FileSystem.open(Volume(whole: MemoryDevice(name: "xvda", bytes: bytes))) }
  }

  subscript(block: Int) -> [UInt8] {
    get { Array(bytes[offsets[block]..<offsets[block] + blockByteCount]) }
    set { bytes.replaceSubrange(offsets[block]..<offsets[block] + blockByteCount, with: newValue) }
  }

  func u32(_ block: Int, _ offset: Int) -> UInt32 {
    ByteView(bytes).u32BigEndian(at: offsets[block] + offset) ?? 0
  }

  /// The kind of a block; nil if it is data, or nothing.
  func kind(_ block: Int) -> JournalHeader.Kind? { JournalHeader(ByteView(self[block]))?.kind }

  /// The blocks of the log that are of one kind, in order.
  func blocks(_ kind: JournalHeader.Kind) -> [Int] {
    offsets.indices.filter { $0 > 0 && self.kind($0) == kind }
  }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, _ block: Int, _ offset: Int) {
    withUnsafeBytes(of: value.bigEndian) {
      let start = offsets[block] + offset
      bytes.replaceSubrange(start..<start + $0.count, with: $0)
    }
  }

  /// Makes the checksum of the journal's superblock right, if it has one.
  mutating func sealSuperblock() {
    guard u32(0, 0x28) & 0x18 != 0 else { return }
    put(UInt32(0), 0, 0xfc)
    put(Checksum.crc32c(~0, ByteView(Array(self[0].prefix(1024)))), 0, 0xfc)
  }

  /// Makes the checksum of a block right: that at `offset`, or in its last four bytes.
  mutating func seal(_ block: Int, at offset: Int? = nil) {
    let offset = offset ?? blockByteCount - 4
    put(UInt32(0), block, offset)
    put(Checksum.crc32c(seed, ByteView(self[block])), block, offset)
  }

  private var seed: UInt32 { CRC32.castagnoli.update(~0, Array(self[0][0x30..<0x40])) }

  /// Moves each block of the log on, the last ones to the log's beginning.
  mutating func rotate(by distance: Int) throws {
    let log = (1..<offsets.count).map { self[$0] }
    func moved(_ index: Int) -> Int { (index + distance) % logBlockCount }
    for (index, block) in log.enumerated() { self[1 + moved(index)] = block }
    put(UInt32(1 + moved(Int(u32(0, 0x1c)) - 1)), 0, 0x1c)
    sealSuperblock()
  }

  /// Gives the transactions other sequence numbers. For journals without checksums.
  mutating func renumber(from first: UInt32) throws {
    let old = u32(0, 0x18)
    for block in offsets.indices where block > 0 && kind(block) != nil {
      put(u32(block, 8) &- old &+ first, block, 8)
    }
    put(first, 0, 0x18)
  }
}

extension Ext4FileSystem {
  /// The file system as it is on the volume, with its journal left alone.
  static func withoutReplay(of volume: Volume<Device>) throws -> Ext4FileSystem {
    guard let system = try storedSystem(volume) else { throw Ext4Error.notExt4 }
    return system
  }
}

/// An image in a file, for programs that judge it.
final class WrittenImage {
  let path: String

  init(_ bytes: [UInt8]) throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("pvgrub-swift-\(UUID().uuidString).img").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
