// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The further devices that the superblock lists (erofs_fs.h, `erofs_deviceslot`), each with the
/// block at which it begins when all are one after the other.
///
/// Linux reads them so when it is told of no other devices ("flatdev" of fs/erofs/super.c): all on
/// the one that is mounted. Which disks they are otherwise is said by mount options alone, so what
/// is not on the volume can't be found.
struct Devices {
  struct Slot {
    let firstBlock: UInt64
    let blockCount: UInt64
    /// What its maker called it; empty if nothing, or nothing to print.
    let tag: ByteString
  }

  private static var slotByteCount: Int { 128 }

  let slots: [Slot]

  init<Device: BlockDevice>(
    _ superblock: Superblock, on volume: Volume<Device>
  ) throws(EROFSError) {
    let count = superblock.deviceCount
    guard count > 0 else {
      slots = []
      return
    }
    guard count <= EROFSLimits.deviceCount else {
      throw .unsupportedFeature("\(count) further devices")
    }
    let start = superblock.deviceTableByteOffset
    let size = UInt64(count * Self.slotByteCount)
    guard start <= volume.byteCount, size <= volume.byteCount - start else {
      throw .badSuperblock(field: "the place of the table of devices", value: start)
    }
    let view: ByteView
    do { view = ByteView(try volume.read(at: start, count: Int(size))) } catch {
      throw .device(error)
    }
    var slots: [Slot] = []
    for index in 0..<count {
      let place = index * Self.slotByteCount
      guard let tag = view.terminatedString(at: place, count: 64),
        let blocks = view.u32(at: place + 64), let first = view.u32(at: place + 68),
        let blocksHigh = view.u16(at: place + 72), let firstHigh = view.u16(at: place + 74)
      else { throw .badSuperblock(field: "the place of the table of devices", value: start) }
      let isWide = superblock.features.hasWideNumbers
      slots.append(
        Slot(
          firstBlock: UInt64(first) | (isWide ? UInt64(firstHigh) << 32 : 0),
          blockCount: UInt64(blocks) | (isWide ? UInt64(blocksHigh) << 32 : 0),
          tag: tag.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f } ? tag : ""))
    }
    self.slots = slots
  }

  /// The bits of a device's number that count: those that the number of devices needs.
  var numberMask: UInt16 {
    var mask: UInt16 = 0
    while Int(mask) < slots.count { mask = mask << 1 | 1 }
    return mask
  }

  /// The device that has a block of the row, by its number; nil if that is the first one.
  func number(ofBlock block: UInt64) -> Int? {
    slots.firstIndex {
      $0.firstBlock > 0 && block >= $0.firstBlock
        && block - $0.firstBlock < $0.blockCount
    }.map { $0 + 1 }
  }
}
