// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Partitions

/// What is on a disk of the guest: it is looked at when that is asked for first.
final class DiskContents<Device: BlockDevice> {
  /// What was found.
  struct Found {
    /// The whole disk first, then its partitions by number.
    let volumes: [GuestVolume<Device>]
    /// What is wrong with the partition table, if anything is.
    let failure: BootError?
  }

  /// The partitions of whose metadata a cache still has the first when it comes to the last: each
  /// takes a few lines of it.
  static var cachedPartitionCountMax: Int { 16 }

  private let whole: Volume<Device>
  private let isOptical: Bool
  private var known: Found?

  init(_ whole: Volume<Device>, isOptical: Bool) {
    self.whole = whole
    self.isOptical = isOptical
  }

  /// Whether it was looked at.
  var isLookedAt: Bool { known != nil }

  /// What is on it.
  var found: Found {
    if let known { return known }
    let found = look()
    known = found
    return found
  }

  /// Reads the partition table and looks at every volume.
  private func look() -> Found {
    let scope = whole.work.begin(WorkShare(whole.name))
    defer { whole.work.end(scope) }
    var partitions: [Partition] = []
    var problem: PartitionError?
    do throws(PartitionError) {
      partitions = try PartitionTable.read(whole) { problem = $0 }
    } catch { problem = error }
    var volumes = [GuestVolume(whole, partition: nil, hasPartitions: !partitions.isEmpty)]
    // Optical disks are not repartitioned, and their tables may count in other sectors.
    if !isOptical, let system = volumes[0].fileSystem, let optical = system.opticalImage,
      Self.isLeftOver(optical, beside: partitions)
    {
      let name: ByteString = system.formatName == "udf" ? "a UDF" : "an ISO 9660"
      volumes[0] = GuestVolume(
        whole,
        passedOver: BootError(
          .unsupported,
          "\(whole.name): \(name) file system from before it was partitioned is passed over"))
    }
    for partition in partitions {
      guard let volume = partition.volume(on: whole) else { continue }
      let found = GuestVolume(volume, partition: partition)
      switch Self.owner(of: found, on: volumes[0]) {
      case .partition:
        volumes[0] = GuestVolume(whole, partition: nil, isNoPart: true, hasPartitions: true)
      case .wholeDisk:
        volumes.append(GuestVolume(volume, partition: partition, isNoPart: true))
        continue
      case nil: break
      }
      if partitions.count > Self.cachedPartitionCountMax { found.surveyAhead() }
      volumes.append(found)
    }
    if Self.isFATLeftOver(volumes) {
      volumes[0] = GuestVolume(
        whole,
        passedOver: BootError(
          .unsupported,
          "\(whole.name): a FAT file system from before it was partitioned is passed over"))
    }
    return Found(volumes: volumes, failure: problem.map { BootError($0).at(whole.name) })
  }

  /// Whether the whole disk's first sector is a FAT's beside its partition table, and a partition
  /// holds something: makers of tables leave the front of the sector as it was. What begins where
  /// the disk does is the same file system (`mkfs.fat --mbr`).
  private static func isFATLeftOver(_ volumes: [GuestVolume<Device>]) -> Bool {
    guard let name = volumes[0].fileSystem?.formatName, name.hasPrefix("fat") else { return false }
    return volumes.dropFirst().contains {
      $0.partitionByteOffset > 0 && ($0.fileSystem != nil || $0.part != nil)
    }
  }

  private enum Owner { case wholeDisk, partition }

  /// Who owns an md superblock that is at the end of a partition and of its disk at once, as with
  /// metadata 0.90: the partition, if the array's size fits there. Nil if there is none.
  private static func owner(
    of partition: GuestVolume<Device>, on whole: GuestVolume<Device>
  ) -> Owner? {
    guard case .array(let inner)? = partition.part, case .array(let outer)? = whole.part,
      inner.format == .old, outer.format == .old,
      // The data ends where the superblock is.
      partition.partitionByteOffset &+ inner.dataByteCount == outer.dataByteCount
    else { return nil }
    return inner.usedByteCount <= inner.dataByteCount ? .partition : .wholeDisk
  }

  /// Whether an ISO 9660 file system on the whole disk is left over from an earlier use of it.
  ///
  /// Images that are optical disk and hard disk in one have partitions too, but one of these holds
  /// the file system's descriptors, or all are inside it (decision 0033).
  private static func isLeftOver(
    _ image: OpticalImage, beside partitions: [Partition]
  ) -> Bool {
    let holdsDescriptors = partitions.contains {
      $0.byteOffset <= image.descriptorByteOffset
        && image.descriptorByteOffset - $0.byteOffset < $0.byteCount
    }
    let areInside = partitions.allSatisfy {
      $0.byteOffset <= image.byteCount && $0.byteCount <= image.byteCount - $0.byteOffset
    }
    return !holdsDescriptors && !areInside
  }
}
