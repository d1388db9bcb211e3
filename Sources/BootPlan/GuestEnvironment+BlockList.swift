// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes

/// Files that a menu names by their sectors.
extension GuestEnvironment {
  /// The part of btrfs that belongs to nobody, in bytes from its device's start: from the end of
  /// the first superblock to where the first chunk may begin (Linux,
  /// include/uapi/linux/btrfs_tree.h, `BTRFS_DEVICE_RANGE_RESERVED`).
  private static var btrfsReservedRange: Range<UInt64> { (68 << 10)..<(1 << 20) }

  /// The sectors of `list` as a file. Throws if the device does not have them all.
  func locate(
    _ list: BlockList, on device: ByteString
  ) throws(BootError) -> LocatedFile<Device> {
    let volume = try blockVolume(device).volume
    guard let ranges = list.ranges(onDeviceOf: volume.byteCount) else {
      throw BootError(
        .wrongRequest, "\(volume.name): a list of blocks leads beyond the device's end")
    }
    var extents: [Extent] = []
    var byteCount: UInt64 = 0
    for range in ranges {
      guard let sum = Checked.sum(byteCount, range.byteCount) else {
        throw BootError(.wrongRequest, "\(volume.name): a list of blocks has over 64 bits of bytes")
      }
      byteCount = sum
      extents.append(.run(byteOffset: range.byteOffset, byteCount: range.byteCount))
    }
    return LocatedFile(
      name: "\(volume.name): blocks \(ranges[0].byteOffset / BlockList.sectorByteCount)+"
        + "\(ranges[0].byteCount / BlockList.sectorByteCount)\(ranges.count > 1 ? ",..." : "")",
      volume: volume, extents: extents, byteCount: byteCount)
  }

  /// Why the sectors may not be written; nil if they may: they are in the part of btrfs that
  /// belongs to nobody, where GRUB 2.14 has its environment block.
  func writeObstacle(
    of list: BlockList, on device: ByteString
  ) throws(BootError) -> ByteString? {
    let found = try blockVolume(device)
    let volume = found.volume
    if volume.isAssembled { return "arrays, logical volumes and loopback files are never written" }
    guard volume.isWritable else { return "the disk may not be written" }
    if volume.isRaidMember { return "the volume is a part of a RAID" }
    guard found.fileSystem?.formatName == "btrfs",
      let ranges = list.ranges(onDeviceOf: volume.byteCount),
      ranges.allSatisfy({
        Self.btrfsReservedRange.contains($0.byteOffset)
          && $0.byteCount <= Self.btrfsReservedRange.upperBound - $0.byteOffset
      })
    else { return "blocks are written in the reserved part of a btrfs only" }
    return nil
  }

  private func blockVolume(
    _ device: ByteString
  ) throws(BootError) -> GuestVolume<Device> {
    let position = device.isEmpty ? disks.mounted.first : disks.blockPosition(named: device)
    guard let position else { throw noDevice(device) }
    return disks[position]
  }
}
