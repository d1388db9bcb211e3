// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes
import Partitions

/// A part of a disk that can hold a file system, and the one that it holds.
public struct GuestVolume<Device: BlockDevice> {
  /// Where it is.
  public let volume: Volume<Device>
  /// The partition's number; nil for a whole disk.
  public let partitionNumber: Int?
  /// `msdos` or `gpt`; empty for a whole disk.
  public let schemeName: ByteString
  /// The partition's identifier as `search --part-uuid` writes it; empty for a whole disk.
  public let partitionIdentifier: ByteString
  /// The name of a GPT partition; empty if it has none.
  public let partitionLabel: ByteString
  /// The file system, if a reader knows it.
  public let fileSystem: MountedFileSystem<Device>?
  /// Why there is none, if there seemed to be one.
  public let failure: BootError?

  /// The whole of a disk with nothing on it but a reason.
  fileprivate init(_ volume: Volume<Device>, passedOver reason: BootError) {
    self.volume = volume
    partitionNumber = nil
    schemeName = ""
    partitionIdentifier = ""
    partitionLabel = ""
    fileSystem = nil
    failure = reason
  }

  init(_ volume: Volume<Device>, partition: Partition?) {
    self.volume = volume
    partitionNumber = partition?.number
    schemeName = partition?.scheme.name ?? ""
    partitionIdentifier = partition?.identifier ?? ""
    partitionLabel = partition?.label ?? ""
    do throws(BootError) {
      fileSystem = try MountedFileSystem.probe(volume)
      failure = nil
    } catch {
      fileSystem = nil
      failure = error
    }
  }
}

/// A disk of the guest: itself, and the partitions on it.
public struct GuestDisk<Device: BlockDevice> {
  /// The disk.
  public let device: Device
  /// Whether it is an optical one.
  public let isOptical: Bool
  /// The whole disk first, then its partitions by number.
  public let volumes: [GuestVolume<Device>]
  /// What is wrong with its partition table, if anything is.
  public let failure: BootError?

  /// Reads the partition table of `device` and looks at every volume.
  public init(_ device: Device, isOptical: Bool) {
    self.device = device
    self.isOptical = isOptical
    var partitions: [Partition] = []
    do throws(PartitionError) {
      partitions = try PartitionTable.read(device)
      failure = nil
    } catch {
      failure = BootError(error).at(device.name)
    }
    var volumes = [GuestVolume(Volume(whole: device), partition: nil)]
    // Nobody partitions an optical disk anew, and its table may count in other sectors.
    if !isOptical, let optical = volumes[0].fileSystem?.opticalExtent,
      Self.isLeftOver(optical.byteCount, optical.descriptorByteOffset, beside: partitions)
    {
      volumes[0] = GuestVolume(
        Volume(whole: device),
        passedOver: BootError(
          .unsupported,
          "\(device.name): an ISO 9660 file system from before it was partitioned is passed over"))
    }
    for partition in partitions {
      if let volume = partition.volume(on: device) {
        volumes.append(GuestVolume(volume, partition: partition))
      }
    }
    self.volumes = volumes
  }

  /// Whether an ISO 9660 file system of the whole disk is what an earlier use of the disk has left.
  ///
  /// Images that are optical disk and hard disk in one have partitions too, but one of these holds
  /// the file system's descriptors, or all are inside it (decision 0033).
  private static func isLeftOver(
    _ byteCount: UInt64, _ descriptorByteOffset: UInt64, beside partitions: [Partition]
  ) -> Bool {
    let holdsDescriptors = partitions.contains {
      $0.byteOffset <= descriptorByteOffset
        && descriptorByteOffset - $0.byteOffset < $0.byteCount
    }
    let areInside = partitions.allSatisfy {
      $0.byteOffset <= byteCount && $0.byteCount <= byteCount - $0.byteOffset
    }
    return !holdsDescriptors && !areInside
  }

  /// Whether the disk has partitions.
  public var isPartitioned: Bool { volumes.count > 1 }
}
