// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import FileSystem
import Partitions

/// A disk of the guest, or a volume that stands for one: itself, and the partitions on it.
public struct GuestDisk<Device: BlockDevice> {
  /// What it is.
  public enum Kind: Equatable, Sendable {
    /// A disk.
    case hardDisk
    /// A drive with an optical disk.
    case opticalDisk
    /// An array or a logical volume, by its names; the first is the one to be shown.
    case assembled(names: [ByteString])
    /// A file that a menu made a disk.
    case loopback(name: ByteString)
  }

  /// All of its bytes.
  public let whole: Volume<Device>
  /// What it is.
  public let kind: Kind
  /// The whole disk first, then its partitions by number.
  public private(set) var volumes: [GuestVolume<Device>]
  /// What is wrong with its partition table, if anything is.
  public let failure: BootError?

  /// Reads the partition table of `device` and looks at every volume.
  public init(_ device: Device, isOptical: Bool) {
    self.init(Volume(whole: device), isOptical ? .opticalDisk : .hardDisk)
  }

  /// The same for any volume.
  init(_ whole: Volume<Device>, _ kind: Kind) {
    self.whole = whole
    self.kind = kind
    var partitions: [Partition] = []
    var problem: PartitionError?
    do throws(PartitionError) {
      partitions = try PartitionTable.read(whole) { problem = $0 }
    } catch { problem = error }
    failure = problem.map { BootError($0).at(whole.name) }
    var volumes = [GuestVolume(whole, partition: nil, hasPartitions: !partitions.isEmpty)]
    // Optical disks are not repartitioned, and their tables may count in other sectors.
    if kind != .opticalDisk, let optical = volumes[0].fileSystem?.opticalImage,
      Self.isLeftOver(optical, beside: partitions)
    {
      volumes[0] = GuestVolume(
        whole,
        passedOver: BootError(
          .unsupported,
          "\(whole.name): an ISO 9660 file system from before it was partitioned is passed over"))
    }
    for partition in partitions {
      if let volume = partition.volume(on: whole) {
        let found = GuestVolume(volume, partition: partition)
        switch Self.owner(of: found, on: volumes[0]) {
        case .partition:
          volumes[0] = GuestVolume(whole, partition: nil, isNoPart: true, hasPartitions: true)
        case .wholeDisk:
          volumes.append(GuestVolume(volume, partition: partition, isNoPart: true))
          continue
        case nil: break
        }
        volumes.append(found)
      }
    }
    if Self.isFATLeftOver(volumes) {
      volumes[0] = GuestVolume(
        whole,
        passedOver: BootError(
          .unsupported,
          "\(whole.name): a FAT file system from before it was partitioned is passed over"))
    }
    self.volumes = volumes
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

  /// Mounts a file system of which a volume is a part.
  mutating func mount(_ system: MountedFileSystem<Device>, on volume: Int) {
    volumes[volume].mount(system)
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

  /// The name that an administrator knows.
  public var name: ByteString { whole.name }

  /// Whether it is an optical one.
  public var isOptical: Bool { kind == .opticalDisk }

  /// Whether a menu made it; it lasts until the menu removes it.
  var isLoopback: Bool {
    if case .loopback = kind { true } else { false }
  }

  /// The names of its own that it has beside its place among the disks.
  var ownNames: [ByteString] {
    switch kind {
    case .hardDisk, .opticalDisk: []
    case .assembled(let names): names
    case .loopback(let name): [name]
    }
  }

  /// Whether the disk has partitions.
  public var isPartitioned: Bool { volumes.count > 1 }
}
