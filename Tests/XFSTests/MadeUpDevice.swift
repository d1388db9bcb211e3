// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

@testable import XFS

/// The small image of version 4, some blocks of which are made up when they are read: a hostile
/// disk need not have what it gives.
final class MadeUpDevice: BlockDevice {
  let name: ByteString = "xvda"
  let sectorByteCount = 512
  /// The number of blocks that were made up.
  private(set) var madeUpCount = 0
  private let image: MemoryDevice
  private let blocks: Range<UInt64>
  private let makeUp: (UInt64) -> [UInt8]

  /// Makes up reads of one of `blocks`.
  init(_ image: EditedImage, blocks: Range<UInt64>, _ makeUp: @escaping (UInt64) -> [UInt8]) {
    self.image = image.volume.device
    self.blocks = blocks
    self.makeUp = makeUp
  }

  var byteCount: UInt64 { image.byteCount }

  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    let block = byteOffset / 4096
    guard count == 4096, blocks.contains(block) else {
      return try image.read(at: byteOffset, count: count)
    }
    madeUpCount += 1
    let bytes = makeUp(block)
    return bytes + [UInt8](repeating: 0, count: 4096 - bytes.count)
  }

  /// Numbers as the disk has them.
  static func bytes<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
  }

  /// A disk whose `/boot/vmlinuz` has a map of five levels that goes on for ever: the extents of a
  /// leaf follow those of the one before. Block 3000 is every leaf, 3000 + n every node of level n.
  static func endlessMap() throws -> (device: MadeUpDevice, inode: UInt64) {
    var image = try EditedImage.plain.get()
    let inode = try image.inode("/boot/vmlinuz")
    let offset = try image.offset("/boot/vmlinuz")
    let fork = try image.fork("/boot/vmlinuz")
    image.bytes[offset + 5] = 3
    image.put(UInt32.max, at: offset + 76)
    image.put(UInt64.max >> 1, at: offset + 56)
    image.put(UInt16(4), at: fork)
    image.put(UInt16(1), at: fork + 2)
    image.put(UInt64(0), at: fork + 4)
    image.put(UInt64(3003), at: fork + 4 + 8 * ((412 - 4) / 16))
    var nextFileBlock: UInt64 = 0
    let device = MadeUpDevice(image, blocks: 3000..<3004) { block in
      // A leaf is nearly empty, or it would take its time.
      let count: UInt64 = block == 3000 ? 10 : 254
      var bytes = Self.bytes([UInt32(0x424d_4150)])
      bytes += Self.bytes([UInt16(block - 3000), UInt16(count)])
      bytes += Self.bytes([UInt64.max, UInt64.max])
      if block > 3000 {
        bytes += Self.bytes(Array(0..<count) + [UInt64](repeating: block - 1, count: 254))
        return bytes
      }
      for index in 0..<count {
        bytes += EditedImage.record(Run(fileBlock: nextFileBlock, block: 100 + index, count: 1))
        nextFileBlock += 1
      }
      return bytes
    }
    return (device, inode)
  }

  /// A disk whose `/many` has 50,000 blocks of entries, all of them empty.
  static func longDirectory() throws -> (device: MadeUpDevice, inode: UInt64) {
    var image = try EditedImage.plain.get()
    let inode = try image.inode("/many")
    let offset = try image.offset("/many")
    let fork = try image.fork("/many")
    for slot in 0..<25 {
      let run = Run(fileBlock: UInt64(slot) * 2000, block: 2000, count: 2000)
      image.bytes.replaceSubrange(
        fork + 16 * slot..<fork + 16 * slot + 16, with: EditedImage.record(run))
    }
    image.putCount(25, at: offset)
    let device = MadeUpDevice(image, blocks: 2000..<4000) { _ in
      Self.bytes([UInt32(0x5844_3244), 0, 0, 0, 0xffff_0ff0])
    }
    return (device, inode)
  }
}
