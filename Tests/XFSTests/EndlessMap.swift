// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

@testable import XFS

/// A disk whose `/boot/vmlinuz` has a map that goes on for ever: each block of it is made up when
/// it is read, with extents that follow those of the block before.
final class EndlessMap: BlockDevice {
  let inode: UInt64
  private(set) var mapReadCount = 0
  private let image: MemoryDevice
  private var nextFileBlock: UInt64 = 0

  let name: ByteString = "xvda"
  var byteCount: UInt64 { image.byteCount }
  let sectorByteCount = 512

  init(_ image: EditedImage) throws {
    var image = image
    inode = try image.inode("/boot/vmlinuz")
    let offset = try image.offset("/boot/vmlinuz")
    let fork = try image.fork("/boot/vmlinuz")
    image.bytes[offset + 5] = 3
    image.put(UInt32.max, at: offset + 76)
    image.put(UInt64.max >> 1, at: offset + 56)
    image.put(UInt16(4), at: fork)
    image.put(UInt16(1), at: fork + 2)
    image.put(UInt64(0), at: fork + 4)
    image.put(UInt64(3003), at: fork + 4 + 8 * ((412 - 4) / 16))
    self.image = MemoryDevice(name: "xvda", bytes: image.bytes)
  }

  func read(at byteOffset: UInt64, count: Int) throws(BlockError) -> [UInt8] {
    // Block 3000 is every leaf, and a node of the level n is 3000 + n.
    let block = byteOffset / 4096
    guard count == 4096, (3000...3003).contains(block) else {
      return try image.read(at: byteOffset, count: count)
    }
    mapReadCount += 1
    var bytes: [UInt8] = []
    func add<Number: FixedWidthInteger>(_ value: Number) {
      withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }
    add(UInt32(0x424d_4150))
    add(UInt16(block - 3000))
    // A leaf is nearly empty, or it would take its time.
    let count: UInt64 = block == 3000 ? 10 : 254
    add(UInt16(count))
    add(UInt64.max)
    add(UInt64.max)
    for index in 0..<count {
      if block == 3000 {
        bytes += EditedImage.record(Run(fileBlock: nextFileBlock, block: 100 + index, count: 1))
        nextFileBlock += 1
      } else {
        add(index)
      }
    }
    if block > 3000 { for _ in 0..<254 { add(block - 1) } }
    bytes += [UInt8](repeating: 0, count: 4096 - bytes.count)
    return bytes
  }
}
